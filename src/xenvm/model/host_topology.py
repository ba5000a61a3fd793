"""How a host's CPUs, memory and caches lie to each other."""

from __future__ import annotations

from dataclasses import dataclass, field

from .mapping import at
from .quantities import CpuSet
from .residue import Modelled


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuTopology(Modelled):
    """How a CPU's threads are laid out: each number counts within the one before it.

    Attributes:
        sockets: Per NUMA node, so libvirt says 1 for most hosts.
        dies: Per socket; None when not said.
        clusters: Per die; None when not said.
        cores: Per cluster.
        threads: Per core.
    """

    sockets: int = field(default=1, metadata=at("@sockets"))
    dies: int | None = field(default=None, metadata=at("@dies"))
    clusters: int | None = field(default=None, metadata=at("@clusters"))
    cores: int = field(default=1, metadata=at("@cores"))
    threads: int = field(default=1, metadata=at("@threads"))


@dataclass(frozen=True, slots=True, kw_only=True)
class LogicalCpu(Modelled):
    """A pCPU, and its place; the numbers are Linux', which need not count from 0.

    Attributes:
        number: Its number in the host.
        socket: Its socket's number.
        die: Its die's number in the socket.
        cluster: Its cluster's number in the die.
        core: Its core's number in the die.
        siblings: The threads of its core, itself among them.
    """

    number: int = field(metadata=at("@id"))
    socket: int | None = field(default=None, metadata=at("@socket_id"))
    die: int | None = field(default=None, metadata=at("@die_id"))
    cluster: int | None = field(default=None, metadata=at("@cluster_id"))
    core: int | None = field(default=None, metadata=at("@core_id"))
    siblings: CpuSet | None = field(default=None, metadata=at("@siblings"))


@dataclass(frozen=True, slots=True, kw_only=True)
class CellPages(Modelled):
    """How many pages of one size a NUMA node has.

    Attributes:
        size_kib: The size of a page, in KiB.
        count: How many; None when not said.
    """

    size_kib: int = field(metadata=at(".", codec="size-kib"))
    count: int | None = field(default=None, metadata=at("."))


@dataclass(frozen=True, slots=True, kw_only=True)
class CellDistance(Modelled):
    """How far another NUMA node is; 10 is the node itself (ACPI SLIT).

    Attributes:
        cell: The other node's number.
        distance: 10 or more.
    """

    cell: int = field(metadata=at("@id"))
    distance: int = field(metadata=at("@value"))


@dataclass(frozen=True, slots=True, kw_only=True)
class HostCell(Modelled):
    """A NUMA node.

    Attributes:
        number: Its number.
        memory_kib: Its memory; None when not said.
        pages: How many pages of each size it has.
        distances: How far the others are.
        cpus: Its pCPUs.
    """

    number: int = field(metadata=at("@id"))
    memory_kib: int | None = field(default=None, metadata=at("memory", codec="kib"))
    pages: tuple[CellPages, ...] = field(default=(), metadata=at("pages"))
    distances: tuple[CellDistance, ...] = field(default=(), metadata=at("distances/sibling"))
    cpus: tuple[LogicalCpu, ...] = field(default=(), metadata=at("cpus/cpu"))


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheBank(Modelled):
    """A cache.

    Attributes:
        number: Its number among those of its level.
        level: 2 or 3; 1 is the nearest to a core.
        kind: What it holds: ``code``, ``data`` or ``both``.
        size_kib: Its size.
        cpus: The pCPUs that it serves.
    """

    number: int = field(metadata=at("@id"))
    level: int = field(metadata=at("@level"))
    kind: str = field(default="both", metadata=at("@type"))
    size_kib: int = field(metadata=at(".", codec="size-kib"))
    cpus: CpuSet | None = field(default=None, metadata=at("@cpus"))
