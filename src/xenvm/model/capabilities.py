"""What a host says of itself, and of the guests that it can run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from .host_topology import CacheBank, CpuTopology, HostCell
from .kinds import GuestType
from .mapping import at
from .residue import Modelled

_GUEST_TYPES: Mapping[str, GuestType] = {
    "linux": GuestType.PV,
    "xen": GuestType.PV,
    "xenpvh": GuestType.PVH,
    "hvm": GuestType.HVM,
}
"""By libvirt's word for the kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuCounter(Modelled):
    """A counter of a CPU.

    Attributes:
        name: Such as ``tsc``.
        frequency_hz: How often it counts, in Hz.
        scaling: Whether guests can see another frequency; None when not said.
    """

    name: str = field(metadata=at("@name"))
    frequency_hz: int | None = field(default=None, metadata=at("@frequency"))
    scaling: bool | None = field(default=None, metadata=at("@scaling"))


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuCapability(Modelled):
    """A host's CPU.

    Attributes:
        arch: Its instruction set, such as ``x86_64``.
        model: libvirt's name for the model that it is most like.
        vendor: Its maker.
        microcode_version: The version of its microcode.
        counter: Its time stamp counter.
        topology: How its threads are laid out.
        features: What it has beyond ``model``.
        pae: Whether it has physical address extension; libvirt's Xen driver tells it.
        page_sizes_kib: The sizes of pages that it has.
    """

    arch: str | None = field(default=None, metadata=at("arch"))
    pae: bool = field(default=False, metadata=at("features/pae", codec="present"))
    model: str | None = field(default=None, metadata=at("model"))
    vendor: str | None = field(default=None, metadata=at("vendor"))
    microcode_version: int | None = field(default=None, metadata=at("microcode/@version"))
    counter: CpuCounter | None = field(default=None, metadata=at("counter"))
    topology: CpuTopology | None = field(default=None, metadata=at("topology"))
    features: tuple[str, ...] = field(default=(), metadata=at("feature/@name"))
    page_sizes_kib: tuple[int, ...] = field(default=(), metadata=at("pages", codec="size-kib"))


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityLabel(Modelled):
    """The label that domains of one kind get.

    Attributes:
        domain_type: Which domains, such as ``xen``.
        label: What they get.
    """

    domain_type: str = field(metadata=at("@type"))
    label: str | None = field(default=None, metadata=at("."))


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityModel(Modelled):
    """A way in which the host keeps domains apart.

    Attributes:
        model: Such as ``dac``, ``selinux``, or Xen's ``flask``.
        doi: Its domain of interpretation.
        labels: What domains get.
    """

    model: str = field(metadata=at("model"))
    doi: str | None = field(default=None, metadata=at("doi"))
    labels: tuple[SecurityLabel, ...] = field(default=(), metadata=at("baselabel"))


@dataclass(frozen=True, slots=True, kw_only=True)
class HostCapabilities(Modelled):
    """What a host is.

    Attributes:
        uuid: Its identity, from its firmware.
        cpu: Its CPU.
        suspends_to_memory: Whether it can sleep with its memory on.
        suspends_to_disk: Whether it can write its memory out and turn off.
        suspends_hybrid: Whether it can do both.
        has_iommu: Whether libvirt sees an IOMMU that is in use; None when not said.
        migrates_live: Whether a domain can move while it runs.
        migration_transports: How domains move, such as ``tcp``.
        cells: Its NUMA nodes, with their memory and CPUs.
        cache_banks: Its caches, where they can be shared out.
        security_models: How it keeps domains apart.
    """

    uuid: UUID | None = field(default=None, metadata=at("uuid"))
    cpu: CpuCapability = field(default=CpuCapability(), metadata=at("cpu"))
    suspends_to_memory: bool = field(
        default=False, metadata=at("power_management/suspend_mem", codec="present")
    )
    suspends_to_disk: bool = field(
        default=False, metadata=at("power_management/suspend_disk", codec="present")
    )
    suspends_hybrid: bool = field(
        default=False, metadata=at("power_management/suspend_hybrid", codec="present")
    )
    has_iommu: bool | None = field(default=None, metadata=at("iommu/@support"))
    migrates_live: bool = field(
        default=False, metadata=at("migration_features/live", codec="present")
    )
    migration_transports: tuple[str, ...] = field(
        default=(), metadata=at("migration_features/uri_transports/uri_transport")
    )
    cells: tuple[HostCell, ...] = field(default=(), metadata=at("topology/cells/cell"))
    cache_banks: tuple[CacheBank, ...] = field(default=(), metadata=at("cache/bank"))
    security_models: tuple[SecurityModel, ...] = field(default=(), metadata=at("secmodel"))


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestMachine(Modelled):
    """A machine that guests can have.

    Attributes:
        name: Such as ``xenpv`` or ``xenfv``.
        canonical: What it stands for, when it is another's nickname.
        max_vcpus: The most vCPUs that it can have; None when not said.
        deprecated: Whether it should not be used any more; None when not said.
    """

    name: str = field(metadata=at("."))
    canonical: str | None = field(default=None, metadata=at("@canonical"))
    max_vcpus: int | None = field(default=None, metadata=at("@maxCpus"))
    deprecated: bool | None = field(default=None, metadata=at("@deprecated"))


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestDomain(Modelled):
    """A hypervisor that runs such guests.

    Attributes:
        hypervisor: Such as ``xen``; a domain's ``type``.
        emulator: Its device model, where it is not the guest's own.
        machines: Its machines, where they are not the guest's own.
    """

    hypervisor: str = field(metadata=at("@type"))
    emulator: str | None = field(default=None, metadata=at("emulator"))
    machines: tuple[GuestMachine, ...] = field(default=(), metadata=at("machine"))


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureToggle(Modelled):
    """A feature that may be turned on or off.

    Attributes:
        default: Whether it is on unless somebody says otherwise; None when not said.
        can_toggle: Whether somebody may; None when not said.
    """

    default: bool | None = field(default=None, metadata=at("@default", codec="on-off"))
    can_toggle: bool | None = field(default=None, metadata=at("@toggle"))


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestCapabilities(Modelled):
    """A kind of guest that a host can run.

    Attributes:
        os_type: libvirt's word for the kind: ``xen`` or ``linux`` for PV, ``xenpvh``, ``hvm``.
        arch: Its instruction set, such as ``x86_64``.
        wordsize_bits: 32 or 64.
        emulator: Its device model.
        loader: Its firmware, such as Xen's hvmloader.
        machines: The machines that it can have.
        domains: The hypervisors that run it.
        pae: Whether 32-bit guests with physical address extension run.
        nonpae: Whether 32-bit guests without it run.
        acpi: Whether it has ACPI.
        apic: Whether it has an APIC.
        hap: Whether hardware-assisted paging serves it.
    """

    os_type: str = field(metadata=at("os_type"))
    arch: str = field(metadata=at("arch/@name"))
    wordsize_bits: int | None = field(default=None, metadata=at("arch/wordsize"))
    emulator: str | None = field(default=None, metadata=at("arch/emulator"))
    loader: str | None = field(default=None, metadata=at("arch/loader"))
    machines: tuple[GuestMachine, ...] = field(default=(), metadata=at("arch/machine"))
    domains: tuple[GuestDomain, ...] = field(default=(), metadata=at("arch/domain"))
    pae: bool = field(default=False, metadata=at("features/pae", codec="present"))
    nonpae: bool = field(default=False, metadata=at("features/nonpae", codec="present"))
    acpi: FeatureToggle | None = field(default=None, metadata=at("features/acpi"))
    apic: FeatureToggle | None = field(default=None, metadata=at("features/apic"))
    hap: FeatureToggle | None = field(default=None, metadata=at("features/hap"))

    @property
    def guest_type(self) -> GuestType | None:
        """Return how such guests run on Xen, or None if they do not."""
        return _GUEST_TYPES.get(self.os_type)


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities(Modelled):
    """What a host is, and the guests that it can run.

    Attributes:
        host: The machine itself.
        guests: One for each kind of guest and architecture.

    Source:
        libvirt formatcaps; ``virConnectGetCapabilities``.
    """

    host: HostCapabilities = field(default=HostCapabilities(), metadata=at("host"))
    guests: tuple[GuestCapabilities, ...] = field(default=(), metadata=at("guest"))
