"""What a host's guests of one kind can have."""

from __future__ import annotations

from dataclasses import dataclass, field

from .cpu import CpuFeature
from .mapping import at
from .residue import Modelled


@dataclass(frozen=True, slots=True, kw_only=True)
class CapabilityEnum(Modelled):
    """The values that one attribute of a device may take.

    Attributes:
        name: The attribute, in libvirt's own word for it.
        values: What it may be; empty for nothing.
    """

    name: str = field(metadata=at("@name"))
    values: tuple[str, ...] = field(default=(), metadata=at("value"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Support(Modelled):
    """Whether a host has something for guests, and in which forms.

    Attributes:
        supported: Whether it has it; None when not said.
        enums: For each attribute, the values that it may take.
    """

    supported: bool | None = field(default=None, metadata=at("@supported"))
    enums: tuple[CapabilityEnum, ...] = field(default=(), metadata=at("enum"))

    def values_of(self, name: str) -> tuple[str, ...]:
        """Return the values that the attribute ``name`` may take; empty when nothing is said."""
        return next((each.values for each in self.enums if each.name == name), ())


@dataclass(frozen=True, slots=True, kw_only=True)
class LoaderSupport(Support):
    """Which firmware guests may boot with.

    Attributes:
        values: Paths of firmware in Dom0.
    """

    values: tuple[str, ...] = field(default=(), metadata=at("value"))


@dataclass(frozen=True, slots=True, kw_only=True)
class OsSupport(Support):
    """How guests may boot.

    Attributes:
        loader: Their firmware.
    """

    loader: LoaderSupport | None = field(default=None, metadata=at("loader"))


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuModelSupport(Modelled):
    """A CPU model that guests may be given.

    Attributes:
        name: libvirt's name for it.
        usable: ``yes``, ``no`` or ``unknown``: whether this host can run it.
        vendor: Its maker.
        canonical: What it stands for, when it is another's nickname.
        deprecated: Whether it should not be used any more; None when not said.
        fallback: ``allow`` or ``forbid``: whether one much like it would do.
    """

    name: str = field(metadata=at("."))
    fallback: str | None = field(default=None, metadata=at("@fallback"))
    usable: str | None = field(default=None, metadata=at("@usable"))
    deprecated: bool | None = field(default=None, metadata=at("@deprecated"))
    vendor: str | None = field(default=None, metadata=at("@vendor"))
    canonical: str | None = field(default=None, metadata=at("@canonical"))


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuModeSupport(Support):
    """A way in which guests get their CPU.

    Attributes:
        name: ``host-passthrough``, ``maximum``, ``host-model`` or ``custom``.
        models: The models that it may be.
        vendor: The maker of a ``host-model``.
        features: What a ``host-model`` has beyond its model, or lacks.
    """

    name: str = field(metadata=at("@name"))
    models: tuple[CpuModelSupport, ...] = field(default=(), metadata=at("model"))
    vendor: str | None = field(default=None, metadata=at("vendor"))
    features: tuple[CpuFeature, ...] = field(default=(), metadata=at("feature"))


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainCapabilities(Modelled):
    """What guests of one kind can have; a device of which nothing is said is None.

    Attributes:
        emulator: Their device model.
        hypervisor: What runs them, such as ``xen``; a domain's ``type``.
        machine: Their machine, such as ``xenpv`` or ``xenfv``.
        arch: Their instruction set.
        max_vcpus: The most vCPUs that they can have; None when not said.
        iothreads: Whether they can have I/O threads; None when not said.
        os: How they may boot.
        cpu_modes: How they may get their CPU.
        memory_backing: Where their memory may come from.
        disk: VBDs.
        graphics: VFBs.
        video: Graphics cards.
        hostdev: Devices of the host.
        rng: Sources of randomness.
        filesystem: Directories of the host.
        tpm: Trusted platform modules.
        redirdev: USB devices of who looks at the screen.
        channel: Ways to a program in the guest.
        crypto: Cryptographic devices.
        interface: VNIFs.
        panic: Ways to say that the guest crashed.
        gic: Arm's interrupt controllers.
        vmcoreinfo: Whether a crashed guest can say where its core is.
        genid: Whether a guest can learn that it was cloned.
        sev: AMD's encrypted memory.
        sgx: Intel's enclaves.
        hyperv: What Windows likes to find.
        launch_security: Ways to start a guest that the host cannot look into.

    Source:
        libvirt formatdomaincaps; ``virConnectGetDomainCapabilities``.
    """

    emulator: str | None = field(default=None, metadata=at("path"))
    hypervisor: str = field(metadata=at("domain"))
    machine: str | None = field(default=None, metadata=at("machine"))
    arch: str = field(metadata=at("arch"))
    max_vcpus: int | None = field(default=None, metadata=at("vcpu/@max"))
    iothreads: bool | None = field(default=None, metadata=at("iothreads/@supported"))
    os: OsSupport | None = field(default=None, metadata=at("os"))
    cpu_modes: tuple[CpuModeSupport, ...] = field(default=(), metadata=at("cpu/mode"))
    memory_backing: Support | None = field(default=None, metadata=at("memoryBacking"))
    disk: Support | None = field(default=None, metadata=at("devices/disk"))
    graphics: Support | None = field(default=None, metadata=at("devices/graphics"))
    video: Support | None = field(default=None, metadata=at("devices/video"))
    hostdev: Support | None = field(default=None, metadata=at("devices/hostdev"))
    rng: Support | None = field(default=None, metadata=at("devices/rng"))
    filesystem: Support | None = field(default=None, metadata=at("devices/filesystem"))
    tpm: Support | None = field(default=None, metadata=at("devices/tpm"))
    redirdev: Support | None = field(default=None, metadata=at("devices/redirdev"))
    channel: Support | None = field(default=None, metadata=at("devices/channel"))
    crypto: Support | None = field(default=None, metadata=at("devices/crypto"))
    interface: Support | None = field(default=None, metadata=at("devices/interface"))
    panic: Support | None = field(default=None, metadata=at("devices/panic"))
    gic: Support | None = field(default=None, metadata=at("features/gic"))
    vmcoreinfo: Support | None = field(default=None, metadata=at("features/vmcoreinfo"))
    genid: Support | None = field(default=None, metadata=at("features/genid"))
    sev: Support | None = field(default=None, metadata=at("features/sev"))
    sgx: Support | None = field(default=None, metadata=at("features/sgx"))
    hyperv: Support | None = field(default=None, metadata=at("features/hyperv"))
    launch_security: Support | None = field(default=None, metadata=at("features/launchSecurity"))
