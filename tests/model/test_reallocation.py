"""From what domains have to what they shall have: nothing is ever handed out twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from xenvm.model.allocation import Allocation, HostShares, Share
from xenvm.model.reallocation import Step, check_schedule, faults, memory_balance, plan
from xenvm.model.schedule import Period, ResourceSchedule

from .test_schedule import DAY

PCPUS = 4
MAX_VCPUS = 4
MAX_MIB = 4096

allocations = st.builds(
    Allocation,
    weight=st.integers(1, 65535),
    cap_percent=st.integers(0, 100 * MAX_VCPUS),
    vcpus=st.integers(1, MAX_VCPUS),
    memory_mib=st.integers(1, MAX_MIB),
)
names = st.sampled_from(["shop", "batch", "mail", "Domain-0"])


@st.composite
def wishes(draw: st.DrawFn) -> tuple[HostShares, dict[str, Allocation]]:
    """Return a host, and what some of its domains shall have."""
    had = draw(st.dictionaries(names, allocations, min_size=1))
    free_mib = draw(st.integers(0, MAX_MIB))
    host = HostShares.of(PCPUS, free_mib, (share(name, has) for name, has in had.items()))
    wanted = {name: draw(allocations) for name in had if draw(st.booleans())}
    return host, wanted


def share(name: str, has: Allocation, *, is_active: bool = True) -> Share:
    return Share(
        domain=name,
        is_active=is_active,
        has=has,
        max_vcpus=MAX_VCPUS,
        max_memory_mib=MAX_MIB,
    )


def taken(host: HostShares, step: Step) -> HostShares:
    one = host.domains[step.domain]
    has = replace(one.has, **{step.name: step.new})
    return replace(host, domains={**host.domains, step.domain: replace(one, has=has)})


def total(host: HostShares, name: str) -> int:
    return sum(share.has.said[name] for share in host.domains.values())


def wanted_of(host: HostShares, wanted: Mapping[str, Allocation]) -> HostShares:
    domains = dict(host.domains)
    for name, allocation in wanted.items():
        domains[name] = replace(domains[name], has=allocation)
    return replace(host, domains=domains)


@given(wishes())
def test_at_no_step_is_more_memory_handed_out_than_there_is(
    wish: tuple[HostShares, dict[str, Allocation]],
) -> None:
    host, wanted = wish
    needs_mib, has_mib = memory_balance(host, wanted)
    if needs_mib > has_mib:
        return
    capacity_mib = total(host, "memory_mib") + host.free_memory_mib
    for step in plan(host, wanted):
        host = taken(host, step)
        assert total(host, "memory_mib") <= capacity_mib


@given(wishes())
def test_a_plan_leads_where_it_should_and_each_step_changes_one_thing(
    wish: tuple[HostShares, dict[str, Allocation]],
) -> None:
    host, wanted = wish
    end = wanted_of(host, wanted)
    steps = plan(host, wanted)
    for step in steps:
        assert host.domains[step.domain].has.said[step.name] == step.old != step.new
        host = taken(host, step)
    assert host == end
    assert plan(host, wanted) == ()


@given(wishes())
def test_no_step_has_more_vcpus_than_the_beginning_or_the_end(
    wish: tuple[HostShares, dict[str, Allocation]],
) -> None:
    host, wanted = wish
    most = max(total(host, "vcpus"), total(wanted_of(host, wanted), "vcpus"))
    for step in plan(host, wanted):
        host = taken(host, step)
        assert total(host, "vcpus") <= most


@given(wishes())
def test_undoing_a_plan_backwards_never_overcommits_either(
    wish: tuple[HostShares, dict[str, Allocation]],
) -> None:
    host, wanted = wish
    needs_mib, has_mib = memory_balance(host, wanted)
    if needs_mib > has_mib:
        return
    start, capacity_mib = host, total(host, "memory_mib") + host.free_memory_mib
    steps = plan(host, wanted)
    for step in steps:
        host = taken(host, step)
    for step in reversed(steps):
        host = taken(host, step.back)
        assert total(host, "memory_mib") <= capacity_mib
    assert host == start


HAS = Allocation(weight=256, cap_percent=0, vcpus=1, memory_mib=256)
HOST = HostShares.of(2, 100, [share("shop", HAS), share("batch", HAS)])


def test_no_cap_is_more_than_any_cap() -> None:
    capped, freed = (
        Step(domain="shop", name="cap_percent", old=a, new=b) for a, b in ((0, 50), (50, 0))
    )
    assert (capped.gives_back, freed.gives_back) == (True, False)
    assert str(capped) == "cap_percent of shop from 0 to 50"
    assert capped.back == freed


def test_what_a_domain_cannot_have_is_named_field_by_field() -> None:
    wanted = {
        "shop": Allocation(weight=0, cap_percent=401, vcpus=3, memory_mib=5000),
        "nobody": Allocation(weight=1),
    }
    assert [finding.path for finding in faults(HOST, wanted, where="day.domains.")] == [
        "day.domains.shop.weight",
        "day.domains.shop.cap_percent",
        "day.domains.shop.vcpus",
        "day.domains.shop.memory_mib",
        "day.domains.nobody",
    ]


def test_more_memory_than_there_is_is_told_with_the_numbers() -> None:
    wanted = {"shop": Allocation(memory_mib=400), "batch": Allocation(memory_mib=213)}
    assert memory_balance(HOST, wanted) == (613, 612)
    [finding] = check_schedule(
        HOST, ResourceSchedule((Period(name="day", start=DAY, allocations=wanted),))
    )
    assert "613 MiB" in finding.message
    assert "612 MiB" in finding.message


def test_a_domain_that_is_off_holds_no_memory() -> None:
    host = HostShares.of(2, 0, [share("shop", HAS, is_active=False)])
    assert memory_balance(host, {"shop": Allocation(memory_mib=4000)}) == (0, 0)
