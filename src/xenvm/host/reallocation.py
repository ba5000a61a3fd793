"""What the domains of a host have, and giving them something else: all of it, or none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from xenvm.errors import OvercommitError, ReallocationError, SpecError, XenvmError
from xenvm.model.allocation import WEIGHT_DEFAULT, Allocation, HostShares, Share
from xenvm.model.reallocation import Step, faults, memory_balance, plan

from .domain import Domain
from .host import Host

_MIB_KIB = 1024

Tell = Callable[[Step], None]
"""Called after each step."""


def read_shares(host: Host, names: Sequence[str]) -> HostShares:
    """Return what a host has, and what some of its domains have of it.

    Args:
        host: The host.
        names: The domains; those that it does not have are left out.
    """
    shares = (share_of(domain) for domain in host.list_domains() if domain.name in names)
    return HostShares.of(host.capacity.pcpus, host.free_memory_kib // _MIB_KIB, shares)


def share_of(domain: Domain) -> Share:
    """Return what a domain has, and could have."""
    counts, scheduling = domain.vcpus.counts, domain.vcpus.scheduling
    cap = scheduling.cap_percent
    return Share(
        domain=domain.name,
        is_active=domain.is_active,
        has=Allocation(
            weight=scheduling.weight or WEIGHT_DEFAULT,
            cap_percent=scheduling.kept_cap_percent if cap is None else cap,
            vcpus=counts.now,
            memory_mib=_mib(domain.memory.now_kib),
        ),
        max_vcpus=counts.most,
        max_memory_mib=domain.memory.most_kib // _MIB_KIB,
    )


def reallocate(
    host: Host, wanted: Mapping[str, Allocation], *, tell: Tell | None = None
) -> tuple[Step, ...]:
    """Give domains what they shall have, step by step; undo it all when a step fails.

    Args:
        host: The host.
        wanted: What shall be, by domain.
        tell: Called after each step.

    Returns:
        The steps that were taken; none where all is as it shall be.

    Raises:
        SpecError: A domain cannot have it, or is not there; nothing was changed.
        OvercommitError: There is not that much memory; nothing was changed.
        ReallocationError: A step failed; says what stands, if anything.
        KeyboardInterrupt: Ctrl-C; all is as it was before.
    """
    shares = read_shares(host, list(wanted))
    _refuse(shares, wanted)
    steps = plan(shares, wanted)
    for number, step in enumerate(steps):
        try:
            take(host, step)
            if tell:
                tell(step)
        except BaseException as exc:
            # The one that failed may have gone half its way, so it is undone as well.
            standing = _undone(host, steps[: number + 1])
            if not standing and not isinstance(exc, XenvmError):
                raise
            raise ReallocationError(str(step), exc, standing) from exc
    return steps


def _refuse(shares: HostShares, wanted: Mapping[str, Allocation]) -> None:
    for fault in faults(shares, wanted):
        raise SpecError(f"{fault.path}: {fault.message}")
    needs_mib, has_mib = memory_balance(shares, wanted)
    if needs_mib > has_mib:
        what = ", ".join(wanted)
        raise OvercommitError(what, needed_kib=needs_mib * _MIB_KIB, free_kib=has_mib * _MIB_KIB)


def take(host: Host, step: Step) -> None:
    """Take one step, and see that it was."""
    domain = host.domain(step.domain)
    deeds: Mapping[str, Callable[[int], None]] = {
        "weight": domain.vcpus.set_weight,
        "cap_percent": domain.vcpus.set_cap,
        "vcpus": domain.vcpus.plug,
        "memory_mib": lambda mib: domain.memory.set(mib * _MIB_KIB),
    }
    deeds[step.name](step.new)


def _undone(host: Host, steps: Sequence[Step]) -> list[str]:
    """Return in words the steps that could not be undone; the last one is undone first."""
    standing = []
    for step in reversed(steps):
        try:
            take(host, step.back)
        except XenvmError as exc:
            standing.append(f"{step} ({exc})")
    return standing


def _mib(kib: int) -> int:
    """Return the closest whole number: a balloon is some pages off its target."""
    return (kib + _MIB_KIB // 2) // _MIB_KIB
