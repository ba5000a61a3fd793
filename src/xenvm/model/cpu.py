"""A guest's vCPUs: where they run, what they can do, and near which memory they are."""

from __future__ import annotations

from dataclasses import dataclass, field

from .mapping import at
from .quantities import CpuSet
from .residue import Modelled


@dataclass(frozen=True, slots=True, kw_only=True)
class VcpuPin(Modelled):
    """On which pCPUs a vCPU may run.

    Attributes:
        vcpu: The vCPU's number, from 0.
        cpus: The pCPUs.

    Source:
        libvirt formatdomain, "CPU Tuning"; a list in xl.cfg(5) ``cpus``.
    """

    vcpu: int = field(metadata=at("@vcpu"))
    cpus: CpuSet = field(metadata=at("@cpuset", xl="cpus"))


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuFeature(Modelled):
    """A CPU feature that a guest has, or has not.

    Attributes:
        name: libvirt's name for it, such as ``vmx``.
        policy: ``force``, ``require``, ``optional``, ``disable`` or ``forbid``.

    Source:
        libvirt formatdomain, "CPU model and topology".
    """

    policy: str | None = field(default=None, metadata=at("@policy"))
    name: str = field(metadata=at("@name", xl="cpuid"))


@dataclass(frozen=True, slots=True, kw_only=True)
class NumaDistance(Modelled):
    """How far a guest's NUMA cell is from another.

    Attributes:
        cell: The other cell's number.
        distance: 10 to itself, more to others; ACPI's SLIT.
    """

    cell: int = field(metadata=at("@id"))
    distance: int = field(metadata=at("@value", xl="vnuma.vdistances"))


@dataclass(frozen=True, slots=True, kw_only=True)
class NumaCell(Modelled):
    """A NUMA cell that a guest sees.

    Attributes:
        number: Its number, from 0; None where the order says it.
        cpus: Its vCPUs; None when not said.
        memory_kib: Its memory, in KiB.
        distances: How far it is from others; empty lets libvirt choose.

    Source:
        libvirt formatdomain, "CPU model and topology"; xl.cfg(5) ``vnuma`` (size in MiB).
    """

    number: int | None = field(default=None, metadata=at("@id"))
    cpus: CpuSet | None = field(default=None, metadata=at("@cpus", xl="vnuma.vcpus"))
    memory_kib: int = field(metadata=at(".", codec="cell-kib", xl="vnuma.size"))
    distances: tuple[NumaDistance, ...] = field(
        default=(), metadata=at("distances/sibling", xl="vnuma.vdistances")
    )
