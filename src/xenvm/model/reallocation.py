"""From what domains have to what they shall have: checked first, then step by step.

Pure: :mod:`xenvm.host.reallocation` reads a host and takes the steps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .allocation import PCPU_PERCENT, WEIGHT_MAX, WEIGHT_MIN, Allocation, HostShares, Share
from .findings import Finding, Severity
from .schedule import ResourceSchedule

_ORDER = ("memory_mib", "vcpus", "cap_percent", "weight")
_PLANNER = "xenvm's own rule"
_UNCAPPED = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One change of one thing of one domain.

    Attributes:
        domain: The domain.
        name: What: a field of :class:`Allocation`.
        old: What it has.
        new: What it shall have.
    """

    domain: str
    name: str
    old: int
    new: int

    @property
    def back(self) -> Step:
        """Return the step that undoes it."""
        return Step(domain=self.domain, name=self.name, old=self.new, new=self.old)

    @property
    def gives_back(self) -> bool:
        """Return whether the domain has less afterwards; no cap is more than any cap."""
        if self.name != "cap_percent":
            return self.new < self.old
        return self.new != _UNCAPPED and (self.old == _UNCAPPED or self.new < self.old)

    def __str__(self) -> str:
        return f"{self.name} of {self.domain} from {self.old} to {self.new}"


def plan(host: HostShares, wanted: Mapping[str, Allocation]) -> tuple[Step, ...]:
    """Return the steps to what is wanted: first all that give something back, then the others.

    So nothing is ever handed out before it is there. An allocation that :func:`faults` and
    :func:`memory_balance` allow has memory enough at each step.

    Args:
        host: What its domains have; every wanted domain is among them.
        wanted: What shall be, by domain; what is as it shall be takes no step.
    """
    steps = [
        Step(domain=domain, name=name, old=old, new=new)
        for domain, allocation in wanted.items()
        for name, new in allocation.said.items()
        if (old := host.domains[domain].has.said.get(name)) is not None and old != new
    ]
    return tuple(
        sorted(steps, key=lambda step: (not step.gives_back, _ORDER.index(step.name), step.domain))
    )


def faults(host: HostShares, wanted: Mapping[str, Allocation], *, where: str = "") -> list[Finding]:
    """Return what of an allocation its domains cannot have, memory that is not there aside.

    Args:
        host: What it has, and what its domains have.
        wanted: What shall be, by domain.
        where: What the paths of the findings begin with, such as ``day.domains.``.
    """
    found = []
    for domain, allocation in wanted.items():
        share = host.domains.get(domain)
        if share is None:
            found.append(_error(f"{where}{domain}", "the host has no such domain"))
            continue
        for name, said in _faults(host, share, allocation):
            found.append(_error(f"{where}{domain}.{name}", said))
    return found


def memory_balance(host: HostShares, wanted: Mapping[str, Allocation]) -> tuple[int, int]:
    """Return the MiB that the wanted domains need together, and the MiB that there are for them.

    There is what they have, and what is free; one that is off neither has nor needs any.
    """
    changed = [
        (host.domains[name].has.memory_mib or 0, allocation.memory_mib)
        for name, allocation in wanted.items()
        if allocation.memory_mib is not None
        and name in host.domains
        and host.domains[name].is_active
    ]
    has_mib = sum(old for old, _ in changed) + host.free_memory_mib
    return sum(new for _, new in changed), has_mib


def check_schedule(host: HostShares, schedule: ResourceSchedule) -> list[Finding]:
    """Return what of a schedule this host cannot give, period by period."""
    found = []
    for period in schedule.periods:
        found += faults(host, period.allocations, where=f"{period.name}.domains.")
        needs_mib, has_mib = memory_balance(host, period.allocations)
        if needs_mib > has_mib:
            said = (
                f"its domains shall have {needs_mib} MiB together, and there are {has_mib} MiB:"
                f" what they have now, and the {host.free_memory_mib} MiB that are free"
            )
            found.append(_error(f"{period.name}.domains", said))
    return found


def _faults(host: HostShares, share: Share, wanted: Allocation) -> Iterator[tuple[str, str]]:
    said = wanted.said
    most_vcpus = min(share.max_vcpus, host.pcpus)
    for name, least, most, because in (
        ("weight", WEIGHT_MIN, WEIGHT_MAX, "Xen's range"),
        ("cap_percent", _UNCAPPED, PCPU_PERCENT * share.max_vcpus, "100 for each of its vCPUs"),
        ("vcpus", 1, most_vcpus, f"it may have {share.max_vcpus}, the host has {host.pcpus} pCPUs"),
        ("memory_mib", 1, share.max_memory_mib, "the most it may have"),
    ):
        if name in said and not least <= said[name] <= most:
            yield name, f"{said[name]} is not between {least} and {most} ({because})"


def _error(path: str, message: str) -> Finding:
    return Finding(path=path, severity=Severity.ERROR, message=message, source=_PLANNER)
