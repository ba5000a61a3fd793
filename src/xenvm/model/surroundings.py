"""What else goes on around a measurement, and what of it makes the measurement worthless."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from .statistics import DomainCounters, HostSample, rates

DOM0 = "Domain-0"
PERFORMANCE = "performance"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """What is asked of the surroundings.

    Attributes:
        other_percent: CPU time that a guest which is not measured may take; 100 is one pCPU.
        dom0_percent: CPU time that Dom0 may take before the measurement begins.
        steal_percent: How much of its time a measured guest may wait for a pCPU.
        clock_step_s: How far Dom0's clock may be stepped meanwhile, in seconds.
        clock_percent: How much faster or slower than ours a measured guest's clock may run.
        window_s: How long is looked before a measurement, in seconds; 0 for not at all.

    Source:
        Engineering judgement. Dom0's share stands for a load of 0.2, as the load average remembers
        the last measurement for minutes. /proc/uptime counts hundredths of a second.
    """

    other_percent: float = 1.0
    dom0_percent: float = 20.0
    steal_percent: float = 1.0
    clock_step_s: float = 0.05
    clock_percent: float = 1.0
    window_s: float = 1.0


EMULATED = Contract(
    other_percent=math.inf,
    dom0_percent=math.inf,
    steal_percent=math.inf,
    clock_step_s=1.0,
    window_s=0.0,
)
"""For a host that is emulated: never quiet, and nobody's speed is judged there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What passed through a block device since Dom0 booted.

    Attributes:
        read_bytes: Bytes read from it.
        written_bytes: Bytes written to it.
    """

    read_bytes: int
    written_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """A host at one moment.

    Attributes:
        governors: The governors of its pCPUs' frequency; none where nobody governs it.
        throttled: How often its pCPUs were too hot, where Dom0 can tell.
        clock_s: Dom0's clock less its uptime, in seconds: what a step of the clock changes.
        affinities: By domain and vCPU, where it may run.
        moved: By number, ``major:minor``, what passed through the block devices asked for.
        counters: Of all running domains.
    """

    governors: frozenset[str]
    throttled: int
    clock_s: float
    affinities: Mapping[str, str] = field(default_factory=dict)
    moved: Mapping[str, Moved] = field(default_factory=dict)
    counters: HostSample


def unquiet(
    before: HostSample, after: HostSample, contract: Contract, measured: frozenset[str]
) -> tuple[str, ...]:
    """Return what keeps a host from being quiet between two samples, a phrase each.

    Args:
        before: The first.
        after: The second.
        contract: What is asked.
        measured: The names of the guests that are about to be measured.
    """
    said = []
    for rate in rates(before, after):
        limit = contract.dom0_percent if rate.name == DOM0 else contract.other_percent
        if rate.name not in measured and rate.cpu_percent > limit:
            said.append(
                f"{rate.name} takes {rate.cpu_percent:.0f} % of a pCPU, more than {limit:.0f} %"
            )
    return tuple(said)


def objections(
    before: Surroundings, after: Surroundings, contract: Contract, measured: frozenset[str]
) -> tuple[str, ...]:
    """Return what makes worthless what was measured between two moments, a phrase each."""
    return (
        *_of_the_machine(before, after, contract),
        *_of_the_domains(before, after, contract, measured),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestClock:
    """What a measured guest's own clocks said when it was asked.

    Attributes:
        uptime_s: Its uptime.
        stolen_s: How long it has waited for a pCPU since it booted.
        asked_s: When it was asked, on our monotonic clock.
        answered_s: When its answer was there.
    """

    uptime_s: float
    stolen_s: float
    asked_s: float
    answered_s: float


def guest_objections(
    name: str, before: GuestClock, after: GuestClock, contract: Contract
) -> tuple[str, ...]:
    """Return what makes a guest's own measurement between two moments worthless, a phrase each.

    Its clock is what fio's and iperf3's seconds come from, so it must keep step with ours; how
    long an answer took says how well that can be told.
    """
    said = []
    length_s = after.uptime_s - before.uptime_s
    least_s, most_s = after.asked_s - before.answered_s, after.answered_s - before.asked_s
    slack = contract.clock_percent / 100
    if not least_s * (1 - slack) <= length_s <= most_s * (1 + slack):
        seen = f"{length_s:.1f} s in {least_s:.1f} to {most_s:.1f} s"
        said.append(f"the clock of {name} told {seen}")
    stolen_percent = 100 * (after.stolen_s - before.stolen_s) / length_s if length_s else 0.0
    if stolen_percent > contract.steal_percent:
        said.append(f"{name} waited for a pCPU {stolen_percent:.0f} % of the time")
    return tuple(said)


def _of_the_machine(before: Surroundings, after: Surroundings, contract: Contract) -> Iterator[str]:
    slow = sorted((before.governors | after.governors) - {PERFORMANCE})
    if slow:
        yield f"the frequency governor is {', '.join(slow)}: xenpm set-scaling-governor performance"
    if after.throttled > before.throttled:
        yield "a pCPU was throttled, as it was too hot"
    stepped_s = abs(after.clock_s - before.clock_s)
    if stepped_s > contract.clock_step_s:
        yield f"Dom0's clock was stepped by {stepped_s:.2f} s"


def _of_the_domains(
    before: Surroundings, after: Surroundings, contract: Contract, measured: frozenset[str]
) -> Iterator[str]:
    then, now = _by_name(before.counters), _by_name(after.counters)
    for name in sorted(then.keys() ^ now.keys()):
        yield f"{name} came or went"
    length_s = after.counters.at_s - before.counters.at_s
    for name in sorted(then.keys() & now.keys()):
        old, new = then[name], now[name]
        if old.domid != new.domid:
            yield f"{name} was started anew"
        elif old.memory.now_kib != new.memory.now_kib:
            yield f"the memory of {name} was changed"
        elif name not in measured | {DOM0}:
            percent = 100 * (new.cpu.time_s - old.cpu.time_s) / length_s
            if percent > contract.other_percent:
                yield f"{name} took {percent:.0f} % of a pCPU"
    if before.affinities != after.affinities and then.keys() == now.keys():
        yield "a vCPU was pinned elsewhere"


def _by_name(sample: HostSample) -> Mapping[str, DomainCounters]:
    return {domain.name: domain for domain in sample.domains}
