"""What a domain has of the machine: vCPUs and where they run, CPU time, memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields

from .quantities import CpuSet

WEIGHT_MIN, WEIGHT_MAX = 1, 65535
"""What Xen's credit2 takes (xen 4.17 xen/common/sched/credit2.c, libxl_sched.c)."""

WEIGHT_DEFAULT = 256

PCPU_PERCENT = 100
"""A cap counts in percent of one pCPU, so a domain's runs up to this times its vCPUs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VcpuCounts:
    """How many vCPUs a domain has.

    Attributes:
        now: Online now, as Xen counts; of a domain that is off, at its next start.
        most: The most it may have.
    """

    now: int
    most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VcpuPlace:
    """Where one vCPU is.

    Attributes:
        domid: Its domain.
        domain: That domain's name.
        number: Its number in the domain, from 0.
        pcpu: The pCPU that it was last on; None while it is offline.
        time_s: CPU time since it was made, in seconds.
        cpus: The pCPUs that it may run on: its hard affinity.
    """

    domid: int
    domain: str
    number: int
    pcpu: int | None
    time_s: float
    cpus: CpuSet

    def __str__(self) -> str:
        return f"vCPU {self.number} of {self.domain}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduling:
    """How a domain shares CPU time with others.

    Attributes:
        weight: Its share under contention; None when nothing says.
        cap_percent: The most it may take, in percent of one pCPU; 0 for no cap, None while it is
            off.
        kept_cap_percent: The cap that we remember for it, and give it again; 0 for none.
    """

    weight: int | None
    cap_percent: int | None
    kept_cap_percent: int = 0

    @property
    def has_lost_cap(self) -> bool:
        """Return whether it runs without the cap that we remember: it was made anew without us.

        A cap that we know nothing of is somebody else's, and stays.
        """
        kept = self.kept_cap_percent
        return bool(kept) and self.cap_percent not in {None, kept}


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusivity:
    """A pCPU that was given to one vCPU, and who may still run on it.

    It was true when it was looked at: a domain that starts later may run anywhere again.

    Attributes:
        pcpu: The pCPU.
        owner: The vCPU that has it.
        excluded: The vCPUs, Dom0's too, that could run there before and cannot any more, as they
            were before.
        sharing: The vCPUs that still can, beside the owner.
    """

    pcpu: int
    owner: VcpuPlace
    excluded: tuple[VcpuPlace, ...]
    sharing: tuple[VcpuPlace, ...]

    @property
    def holds(self) -> bool:
        """Return whether nobody but its owner may run on the pCPU."""
        return not self.sharing

    def __str__(self) -> str:
        said = f"pCPU {self.pcpu} is {self.owner}'s"
        if self.sharing:
            return f"{said}, and shared with {', '.join(map(str, self.sharing))}"
        return f"{said} alone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """What a domain shall have; what is None stays as it is.

    Attributes:
        weight: Its share of CPU time against others', 1 to 65535.
        cap_percent: The most CPU time it may take, in percent of one pCPU; 0 for no cap.
        vcpus: vCPUs online.
        memory_mib: Memory, in MiB.
    """

    weight: int | None = None
    cap_percent: int | None = None
    vcpus: int | None = None
    memory_mib: int | None = None

    @property
    def said(self) -> dict[str, int]:
        """Return what is not None, by name."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What a domain has now, and could have.

    Attributes:
        domain: Its name.
        is_active: Whether it runs, and so holds memory.
        has: What it has; a cap and memory of one that is off are those of its next start.
        max_vcpus: The most vCPUs it may have.
        max_memory_mib: The most memory it may have, in MiB.
    """

    domain: str
    is_active: bool
    has: Allocation
    max_vcpus: int
    max_memory_mib: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HostShares:
    """What a host has to share out, and who has how much of it.

    Attributes:
        pcpus: Its pCPUs.
        free_memory_mib: Memory that no domain has, in MiB.
        domains: Its domains by name.
    """

    pcpus: int
    free_memory_mib: int
    domains: Mapping[str, Share]

    @classmethod
    def of(cls, pcpus: int, free_memory_mib: int, shares: Iterable[Share]) -> HostShares:
        """Return what these domains have of a host."""
        return cls(
            pcpus=pcpus,
            free_memory_mib=free_memory_mib,
            domains={share.domain: share for share in shares},
        )
