"""What makes a measurement worthless, and what does not."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from xenvm.model.statistics import (
    CpuCounters,
    DomainCounters,
    HostSample,
    MemoryCounters,
    Source,
)
from xenvm.model.surroundings import (
    DOM0,
    EMULATED,
    Contract,
    GuestClock,
    Surroundings,
    guest_objections,
    objections,
    unquiet,
)

MEASURED = frozenset({"measured"})


def domain(
    name: str, *, time_s: float = 0.0, domid: int = 3, memory_kib: int = 98304
) -> DomainCounters:
    source = Source.LIBVIRT
    return DomainCounters(
        name=name,
        uuid=UUID(int=hash(name) % 2**64),
        domid=domid,
        cpu=CpuCounters(vcpus=1, time_s=time_s, source=source),
        memory=MemoryCounters(now_kib=memory_kib, most_kib=memory_kib, source=source),
    )


def sample(at_s: float, *domains: DomainCounters) -> HostSample:
    return HostSample(at_s=at_s, domains=domains)


def around(at_s: float, *domains: DomainCounters) -> Surroundings:
    return Surroundings(
        governors=frozenset({"performance"}),
        throttled=4,
        clock_s=1000.0,
        affinities={"measured/0": "all / all"},
        counters=sample(at_s, *domains),
    )


BEFORE = around(0, domain(DOM0), domain("measured"), domain("other"))
AFTER = around(
    10, domain(DOM0, time_s=12), domain("measured", time_s=9), domain("other", time_s=0.05)
)


def said(after: Surroundings, contract: Contract = Contract()) -> tuple[str, ...]:  # noqa: B008 - frozen
    return objections(BEFORE, after, contract, MEASURED)


def test_dom0_and_the_measured_guest_may_work_as_they_must() -> None:
    assert said(AFTER) == ()


@pytest.mark.parametrize(
    ("change", "phrase"),
    [
        ({"governors": frozenset({"ondemand"})}, "the frequency governor is ondemand"),
        ({"throttled": 5}, "a pCPU was throttled"),
        ({"clock_s": 1000.5}, "Dom0's clock was stepped by 0.50 s"),
        ({"affinities": {"measured/0": "1 / all"}}, "a vCPU was pinned elsewhere"),
        ({"counters": sample(10, domain(DOM0), domain("measured"))}, "other came or went"),
    ],
)
def test_what_changes_meanwhile_is_told(change: dict[str, object], phrase: str) -> None:
    (told,) = said(replace(AFTER, **change))  # type: ignore[arg-type] # the fields of each case
    assert told.startswith(phrase)


@pytest.mark.parametrize(
    ("other", "phrase"),
    [
        (domain("other", time_s=0.2), "other took 2 % of a pCPU"),
        (domain("other", domid=4), "other was started anew"),
        (domain("other", memory_kib=65536), "the memory of other was changed"),
    ],
)
def test_what_another_guest_does_meanwhile_is_told(other: DomainCounters, phrase: str) -> None:
    after = around(10, domain(DOM0), domain("measured"), other)
    assert said(after) == (phrase,)


def test_a_host_is_quiet_when_nobody_but_the_measured_guest_works() -> None:
    busy = sample(
        1, domain(DOM0, time_s=0.3), domain("measured", time_s=1), domain("other", time_s=0.02)
    )
    assert unquiet(BEFORE.counters, busy, Contract(), MEASURED) == (
        "Domain-0 takes 30 % of a pCPU, more than 20 %",
        "other takes 2 % of a pCPU, more than 1 %",
    )
    assert unquiet(BEFORE.counters, busy, EMULATED, MEASURED) == ()


def test_an_emulated_host_may_be_busy_but_not_change() -> None:
    busy = around(10, domain(DOM0), domain("measured"), domain("other", time_s=9))
    assert said(busy, EMULATED) == ()
    gone = around(10, domain(DOM0), domain("measured"))
    assert said(gone, EMULATED) == ("other came or went",)


def clock(at_s: float, uptime_s: float, stolen_s: float = 0.0) -> GuestClock:
    return GuestClock(uptime_s=uptime_s, stolen_s=stolen_s, asked_s=at_s, answered_s=at_s + 0.1)


@pytest.mark.parametrize(
    ("after", "told"),
    [
        (clock(40, 45), ()),
        (clock(40, 45.3), ()),
        (clock(40, 46), ("the clock of g told 41.0 s in 39.9 to 40.1 s",)),
        (clock(40, 35), ("the clock of g told 30.0 s in 39.9 to 40.1 s",)),
        (clock(40, 45, 2.0), ("g waited for a pCPU 5 % of the time",)),
    ],
)
def test_a_measured_guest_has_its_pcpu_and_the_right_time(
    after: GuestClock, told: tuple[str, ...]
) -> None:
    assert guest_objections("g", clock(0, 5), after, Contract()) == told
