"""QEMU's command line for a lab host, as a pure function.

The CPU flags are what keeps Xen stable under software emulation: with AVX or XSAVE guests
corrupt Dom0's memory, MONITOR makes Xen panic, SMAP and SMEP fault PV kernels on QEMU < 9.1, and
RDTSCP kills PVH and HVM guests.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .image import HYPERVISOR, INITRD, KERNEL
from .shape import Shape

CPU = (
    "EPYC,-smap,-smep,-monitor,-avx,-avx2,-xsave,-xsaveopt,-xgetbv1,-f16c,-fma,-vaes,-vpclmulqdq"
    ",-rdtscp"
)
CPU_WITH_SMT = "Nehalem"
"""The AMD models do not show SMT siblings to Xen under TCG; this one runs PV guests only."""

IOMMU = "intel-iommu,intremap=on"
"""Xen takes it beside an AMD processor too; QEMU cannot save the state of its AMD one."""
XEN_WITH_IOMMU = "iommu=no-sharept"
"""Such a pair cannot share its page tables, and Xen believes that it can."""

DOM0_COMMAND_LINE = "root=/dev/vda console=hvc0 net.ifnames=0 quiet"
SPARE_DRIVER = "e1000e"
"""Of the NIC behind the IOMMU. Loaded at boot it would race the others' for the name eth0."""
SPARE_SLOT = 0x10
SPARE_FUNCTION = f"0000:00:{SPARE_SLOT:02x}.0"
DOM0_ADDRESS = "10.0.2.15"
DHCP_FROM = "10.0.2.64"
"""QEMU's own start is Dom0's address: the first guest that asks would take it away from Dom0."""
SCRATCH_SERIAL = "xenvm-scratch"
"""Dom0 sees the disk that tests may overwrite as /dev/disk/by-id/virtio-xenvm-scratch."""
VOLUME_GROUP_SERIAL = "xenvm-lab-vg"


SHARED_SERIAL = "xenvm-shared"
"""Both Dom0s of a pair see the disk that they share as /dev/disk/by-id/virtio-xenvm-shared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wires:
    """What joins a lab host of a pair to the other: frames between two sockets, and a disk.

    Attributes:
        ours: The socket on which this host hears the other.
        theirs: The socket on which the other hears this host; it may come and go.
        disk: The raw file that both have as a disk.
    """

    ours: Path
    theirs: Path
    disk: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Disks:
    """The three disks of a lab host: its root, its volume group, and one to overwrite."""

    root: Path
    volume_group: Path
    scratch: Path


def qemu_argv(
    *,
    name: str,
    shape: Shape,
    disks: Disks,
    ssh_port: int,
    console: Path,
    wires: Wires | None = None,
) -> list[str]:
    """Return the command that starts a lab host, listening on loopback alone.

    It must be run in the image's directory: multiboot's syntax has no way to quote a path.
    """
    return [
        "qemu-system-x86_64",
        *("-name", f"xenvm-lab-{name}"),
        *("-machine", "q35", "-accel", "tcg,thread=multi,tb-size=512"),
        *("-cpu", CPU_WITH_SMT if shape.threads > 1 else CPU),
        *("-smp", _smp(shape)),
        *("-m", f"{shape.memory_mib}M"),
        *("-kernel", HYPERVISOR, "-append", _xen_command_line(shape)),
        *("-initrd", f"{KERNEL} {_dom0_command_line(shape)},{INITRD}"),
        *(("-device", IOMMU) if shape.iommu else ()),  # before all that is behind it
        *_disk_argv(disks),
        *_nic_argv(shape, ssh_port),
        *(_wires_argv(wires, shape) if wires else ()),
        *(_spare_argv(shape) if shape.iommu else ()),
        *("-serial", f"file:{_escaped(console)}"),
        *("-display", "none", "-vga", "none", "-nodefaults", "-no-user-config", "-no-reboot"),
        *("-rtc", "base=utc"),
        *("-object", "rng-random,id=rng,filename=/dev/urandom"),
        *("-device", "virtio-rng-pci,rng=rng"),
    ]


def _smp(shape: Shape) -> str:
    return f"{shape.vcpus},sockets={shape.sockets},cores={shape.cores},threads={shape.threads}"


def _xen_command_line(shape: Shape) -> str:
    dom0_mib = shape.dom0_memory_mib
    words = [
        "console=com1 com1=115200,8n1 loglvl=info cpuidle=0",
        f"dom0_mem={dom0_mib}M,max:{dom0_mib}M dom0_max_vcpus={min(shape.vcpus, 2)}",
        XEN_WITH_IOMMU if shape.iommu else "",
        shape.xen_args,
    ]
    return " ".join(word for word in words if word)


def _dom0_command_line(shape: Shape) -> str:
    spare = f" modprobe.blacklist={SPARE_DRIVER}" if shape.iommu else ""
    return DOM0_COMMAND_LINE + spare


def _escaped(path: Path) -> str:
    return str(path).replace(",", ",,")


def _disk_argv(disks: Disks) -> Iterator[str]:
    serials = {"root": "xenvm-lab-root", "vg": VOLUME_GROUP_SERIAL, "scratch": SCRATCH_SERIAL}
    paths = (disks.root, disks.volume_group, disks.scratch)
    for (name, serial), path in zip(serials.items(), paths, strict=True):
        yield "-drive"
        yield f"file={_escaped(path)},format=qcow2,if=none,id={name},cache=unsafe,discard=unmap"
        yield "-device"
        yield f"virtio-blk-pci,drive={name},serial={serial}"


def _nic_argv(shape: Shape, ssh_port: int) -> Iterator[str]:
    for number in range(shape.nics):
        forward = f",hostfwd=tcp:127.0.0.1:{ssh_port}-{DOM0_ADDRESS}:22" if number == 0 else ""
        yield "-netdev"
        yield f"user,id=net{number},restrict=on,dhcpstart={DHCP_FROM}{forward}"
        yield from ("-device", f"virtio-net-pci,netdev=net{number},mac={_mac(number)}")


def _mac(nic: int) -> str:
    return f"52:54:00:12:34:{nic + 1:02x}"


def _spare_argv(shape: Shape) -> Iterator[str]:
    yield from ("-netdev", "user,id=spare,restrict=on")
    mac = _mac(shape.nics + 1)  # the link of a pair has the one before
    yield from ("-device", f"{SPARE_DRIVER},netdev=spare,mac={mac},addr={SPARE_SLOT:#x}")


def _wires_argv(wires: Wires, shape: Shape) -> Iterator[str]:
    """Yield one more NIC, and one more disk.

    Datagram sockets know no connection: either host may start, end and start again. QEMU's lock
    on the disk's file is off, as two machines have it open; the page cache they share keeps what
    one writes true for the other.
    """
    yield "-netdev"
    yield (
        f"dgram,id=link,local.type=unix,local.path={_escaped(wires.ours)}"
        f",remote.type=unix,remote.path={_escaped(wires.theirs)}"
    )
    yield from ("-device", f"virtio-net-pci,netdev=link,mac={_mac(shape.nics)}")
    yield "-drive"
    yield (
        f"file={_escaped(wires.disk)},file.locking=off,format=raw,if=none,id=shared,cache=unsafe"
    )
    yield from ("-device", f"virtio-blk-pci,drive=shared,serial={SHARED_SERIAL}")


def saving_commands(state: Path) -> str:
    """Return what the monitor must read to save the machine's state to a file and quit.

    The bounds on bandwidth and downtime are lifted: nobody uses the machine meanwhile.
    """
    target = f"exec:cat > {shlex.quote(str(state))}"
    return (
        "migrate_set_parameter max-bandwidth 100G\n"
        "migrate_set_parameter downtime-limit 60000\n"
        f'migrate "{target}"\n'
        "info migrate\n"
        "quit\n"
    )


SAVED = "Migration status: completed"
"""What the monitor says when the state is in the file."""


def loading_argv(state: Path) -> list[str]:
    """Return the options that start from a saved state."""
    return ["-incoming", f"exec:cat {shlex.quote(str(state))}"]
