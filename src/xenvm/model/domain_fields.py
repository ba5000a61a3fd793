"""The fields of a domain."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from .boot import AcpiTable, Loader
from .chardev import Chardev
from .clock import Timer
from .cpu import CpuFeature, NumaCell, VcpuPin
from .devices import Controller, Input, Sound, Tpm
from .graphics import Graphics, Video
from .hostdev import Hostdev
from .hyperv import Hyperv
from .kinds import BootDevice, ClockOffset, Firmware, GuestType, LifecycleAction
from .mapping import at
from .quantities import CpuSet
from .residue import Modelled
from .vbd import Vbd
from .vnif import Vnif


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainFields(Modelled):
    """What a domain is made of; programs make a :class:`~xenvm.model.domain.DomainConfig` of it.

    The rules on domains read these, so that the class can ask the rules: they stand between.

    Attributes:
        hypervisor: ``xen``; another word for a domain of another hypervisor.
        domid: Xen's number for it when it was read while it ran; None when it was shut off.
        name: Its name on the host.
        uuid: None lets libvirt draw one.
        title: A short text for people.
        description: A longer one.
        os_id: What libosinfo calls the guest's operating system, an URL.
        cap_percent: The most CPU time it may take, in percent of one pCPU; None or 0 for all there
            is. libvirt has no word for it: it is kept in our own metadata, and has to be set again
            after each start.
        max_memory_kib: The most memory it may have, in KiB; 0 when made means ``memory_kib``.
        memory_kib: Memory at the start, in KiB; 0 when made means ``max_memory_kib``.
        max_vcpus: The most vCPUs it may have; 0 when made means ``vcpus``.
        vcpus: vCPUs at the start; 0 when made means ``max_vcpus``, or 1.
        placement: ``static``, or ``auto`` where the host chooses pCPUs.
        cpus: The pCPUs on which its vCPUs may run; None for all.
        weight: Its share of CPU time against others', 1 to 65535; Xen's default is 256.
        pins: On which pCPUs single vCPUs may run.
        bootloader: Instead of ``kernel``: a program in Dom0 that finds one, such as ``pygrub``; for
            PV only.
        bootloader_args: What that program is told.
        guest_type: PV, PVH or HVM; another word for a guest of another hypervisor.
        arch: The guest's architecture; None for the host's.
        firmware: HVM: the kind of firmware, where the host chooses the file.
        loader: The firmware's file; PV: a boot loader that runs inside the guest, such as pvgrub.
        nvram: HVM: the file of UEFI's variables in Dom0.
        kernel: The kernel's path in Dom0.
        initrd: The initial ramdisk's path in Dom0.
        cmdline: The kernel's command line.
        boot: HVM: what it boots from, first things first.
        acpi_tables: HVM: ACPI tables beside its own.
        acpi: HVM: whether it has ACPI; without, it cannot be asked to shut down.
        apic: HVM: whether it has APICs.
        pae: HVM: whether it has physical address extension.
        viridian: HVM: whether it sees all that a Hyper-V guest sees, as an older libvirt says it.
        hap: HVM: whether hardware translates its addresses; None for Xen's default, yes.
        hyperv: HVM: which of Hyper-V's interfaces it sees.
        e820_host: PV: whether it sees the host's memory map, which PCI pass-through needs.
        passthrough: Whether PCI devices may be passed through; None when not said.
        passthrough_mode: How their memory is mapped: ``sync_pt`` or ``share_pt``.
        cpu_mode: Where its CPU model comes from, such as ``host-passthrough``.
        cpu_model: That model's name in libvirt.
        cpu_features: Features that differ from the model's.
        numa_cells: The NUMA cells that it sees.
        clock_offset: What its clock starts from.
        clock_adjustment: Seconds that a ``variable`` clock is ahead, or ``reset``.
        clock_basis: What a ``variable`` clock is ahead of: ``utc`` or ``localtime``.
        clock_timezone: Its time zone, such as ``Europe/Berlin``.
        timers: Its timers, where they differ from Xen's default.
        on_poweroff: What to do when it shuts down.
        on_reboot: What to do when it reboots.
        on_crash: What to do when it crashes.
        emulator: The device model's path in Dom0; None for Xen's own.
        vbds: Its block devices.
        controllers: What devices are plugged into; ``xenbus`` bounds grants and event channels.
        vnifs: Its network interfaces.
        serials: Its serial ports, HVM only.
        parallels: Its parallel ports, HVM only.
        consoles: Its consoles.
        channels: Its channels to Dom0.
        inputs: Its keyboards, mice and tablets.
        tpms: Its TPMs.
        graphics: Who may see its screen, and how.
        sounds: Its sound cards.
        videos: Its graphics cards.
        hostdevs: Devices of the host that it has.
        memballoon: The kind of its memory balloon: ``xen`` or ``none``.
        device_model_args: What the device model is told beyond what libvirt tells it.

    Source:
        libvirt formatdomain; xl.cfg(5). Memory is in KiB as in libvirt, not in MiB as in xl.
    """

    hypervisor: str = field(default="xen", metadata=at("@type"))
    domid: int | None = field(default=None, metadata=at("@id"))
    name: str = field(metadata=at("name", xl="name"))
    uuid: UUID | None = field(default=None, metadata=at("uuid", xl="uuid"))
    title: str | None = field(default=None, metadata=at("title"))
    description: str | None = field(default=None, metadata=at("description"))
    os_id: str | None = field(
        default=None, metadata=at("metadata/libosinfo:libosinfo/libosinfo:os/@id")
    )
    cap_percent: int | None = field(
        default=None, metadata=at("metadata/xenvm:domain/xenvm:cap", xl="cap")
    )

    max_memory_kib: int = field(default=0, metadata=at("memory", codec="kib", xl="maxmem"))
    memory_kib: int = field(default=0, metadata=at("currentMemory", codec="kib", xl="memory"))
    max_vcpus: int = field(default=0, metadata=at("vcpu", xl="maxvcpus"))
    vcpus: int = field(default=0, metadata=at("vcpu/@current", xl="vcpus"))
    placement: str = field(default="static", metadata=at("vcpu/@placement"))
    cpus: CpuSet | None = field(default=None, metadata=at("vcpu/@cpuset", xl="cpus"))
    weight: int | None = field(default=None, metadata=at("cputune/shares", xl="cpu_weight"))
    pins: tuple[VcpuPin, ...] = field(default=(), metadata=at("cputune/vcpupin", xl="cpus"))

    bootloader: str | None = field(default=None, metadata=at("bootloader", xl="bootloader"))
    bootloader_args: str | None = field(
        default=None, metadata=at("bootloader_args", xl="bootloader_args")
    )
    firmware: Firmware | str | None = field(
        default=None, metadata=at("os/@firmware", xl="firmware")
    )
    guest_type: GuestType | str = field(
        default=GuestType.PV, metadata=at("os/type", codec="guest-type", xl="type")
    )
    arch: str | None = field(default="x86_64", metadata=at("os/type/@arch", missing=None))
    loader: Loader | None = field(default=None, metadata=at("os/loader", xl="bios"))
    nvram: str | None = field(default=None, metadata=at("os/nvram"))
    kernel: str | None = field(default=None, metadata=at("os/kernel", xl="kernel"))
    initrd: str | None = field(default=None, metadata=at("os/initrd", xl="ramdisk"))
    cmdline: str | None = field(default=None, metadata=at("os/cmdline", xl="cmdline"))
    boot: tuple[BootDevice | str, ...] = field(default=(), metadata=at("os/boot/@dev", xl="boot"))
    acpi_tables: tuple[AcpiTable, ...] = field(
        default=(), metadata=at("os/acpi/table", xl="acpi_firmware")
    )

    acpi: bool = field(default=False, metadata=at("features/acpi", codec="present", xl="acpi"))
    apic: bool = field(default=False, metadata=at("features/apic", codec="present", xl="apic"))
    pae: bool = field(default=False, metadata=at("features/pae", codec="present", xl="pae"))
    hap: bool | None = field(default=None, metadata=at("features/hap", codec="state", xl="hap"))
    viridian: bool = field(
        default=False, metadata=at("features/viridian", codec="present", xl="viridian")
    )
    hyperv: Hyperv | None = field(default=None, metadata=at("features/hyperv", xl="viridian"))
    e820_host: bool | None = field(
        default=None, metadata=at("features/xen/e820_host", codec="state", xl="e820_host")
    )
    passthrough: bool | None = field(
        default=None, metadata=at("features/xen/passthrough", codec="state", xl="passthrough")
    )
    passthrough_mode: str | None = field(
        default=None, metadata=at("features/xen/passthrough/@mode", xl="passthrough")
    )

    cpu_mode: str | None = field(
        default=None,
        metadata=at("cpu/@mode", xl="nestedhvm", note="xl: or ``cpuid``, for ``host-passthrough``"),
    )
    cpu_model: str | None = field(default=None, metadata=at("cpu/model"))
    cpu_features: tuple[CpuFeature, ...] = field(
        default=(), metadata=at("cpu/feature", xl="cpuid", note="xl: vmx says nestedhvm")
    )
    numa_cells: tuple[NumaCell, ...] = field(default=(), metadata=at("cpu/numa/cell", xl="vnuma"))

    clock_offset: ClockOffset | str = field(
        default=ClockOffset.UTC, metadata=at("clock/@offset", xl="localtime")
    )
    clock_adjustment: str | None = field(
        default=None, metadata=at("clock/@adjustment", xl="rtc_timeoffset")
    )
    clock_basis: str | None = field(default=None, metadata=at("clock/@basis", xl="localtime"))
    clock_timezone: str | None = field(default=None, metadata=at("clock/@timezone"))
    timers: tuple[Timer, ...] = field(
        default=(), metadata=at("clock/timer", xl="tsc_mode", note="xl: and ``hpet``")
    )
    on_poweroff: LifecycleAction | str = field(
        default=LifecycleAction.DESTROY, metadata=at("on_poweroff", xl="on_poweroff")
    )
    on_reboot: LifecycleAction | str = field(
        default=LifecycleAction.RESTART, metadata=at("on_reboot", xl="on_reboot")
    )
    on_crash: LifecycleAction | str = field(
        default=LifecycleAction.DESTROY, metadata=at("on_crash", xl="on_crash")
    )

    emulator: str | None = field(
        default=None, metadata=at("devices/emulator", xl="device_model_override")
    )
    vbds: tuple[Vbd, ...] = field(default=(), metadata=at("devices/disk", xl="disk"))
    controllers: tuple[Controller, ...] = field(
        default=(), metadata=at("devices/controller", xl="usbctrl")
    )
    vnifs: tuple[Vnif, ...] = field(default=(), metadata=at("devices/interface", xl="vif"))
    serials: tuple[Chardev, ...] = field(default=(), metadata=at("devices/serial", xl="serial"))
    parallels: tuple[Chardev, ...] = field(
        default=(), metadata=at("devices/parallel", xl="parallel", note="xl passes over xm's key")
    )
    consoles: tuple[Chardev, ...] = field(default=(), metadata=at("devices/console"))
    channels: tuple[Chardev, ...] = field(default=(), metadata=at("devices/channel", xl="channel"))
    inputs: tuple[Input, ...] = field(default=(), metadata=at("devices/input", xl="usbdevice"))
    tpms: tuple[Tpm, ...] = field(default=(), metadata=at("devices/tpm"))
    graphics: tuple[Graphics, ...] = field(default=(), metadata=at("devices/graphics", xl="vfb"))
    sounds: tuple[Sound, ...] = field(default=(), metadata=at("devices/sound", xl="soundhw"))
    videos: tuple[Video, ...] = field(default=(), metadata=at("devices/video", xl="vga"))
    hostdevs: tuple[Hostdev, ...] = field(
        default=(), metadata=at("devices/hostdev", xl="pci", note="USB: usbdev")
    )
    memballoon: str | None = field(default=None, metadata=at("devices/memballoon/@model"))
    device_model_args: tuple[str, ...] = field(
        default=(), metadata=at("xen:commandline/xen:arg/@value", xl="device_model_args")
    )

    def __post_init__(self) -> None:
        Modelled.__post_init__(self)
        if not self.memory_kib:
            object.__setattr__(self, "memory_kib", self.max_memory_kib)
        if not self.vcpus:
            object.__setattr__(self, "vcpus", self.max_vcpus or 1)
        if not self.max_memory_kib:
            object.__setattr__(self, "max_memory_kib", self.memory_kib)
        if not self.max_vcpus:
            object.__setattr__(self, "max_vcpus", self.vcpus)
