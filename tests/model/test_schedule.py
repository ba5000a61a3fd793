"""The periods of a day: which holds when, and which are no schedule."""

from __future__ import annotations

from datetime import time

import pytest

from xenvm.errors import SpecError
from xenvm.model.allocation import Allocation
from xenvm.model.schedule import Period, ResourceSchedule

DAY, NIGHT = time(8), time(20, 30)


def period(name: str, start: time, **allocations: Allocation) -> Period:
    return Period(name=name, start=start, allocations=allocations)


SCHEDULE = ResourceSchedule((period("night", NIGHT), period("day", DAY)))


@pytest.mark.parametrize(
    ("moment", "name"),
    [
        (time(0), "night"),
        (time(7, 59, 59), "night"),
        (time(8), "day"),
        (time(20, 29), "day"),
        (time(20, 30), "night"),
        (time(23, 59), "night"),
    ],
)
def test_a_period_holds_until_the_next_begins_past_midnight_too(moment: time, name: str) -> None:
    assert SCHEDULE.at(moment).name == name


def test_a_schedule_of_one_period_always_holds() -> None:
    assert ResourceSchedule((period("always", NIGHT),)).at(DAY).name == "always"


def test_two_periods_do_not_start_together() -> None:
    with pytest.raises(SpecError, match="both start at 08:00"):
        ResourceSchedule((period("a", DAY), period("b", DAY)))


def test_a_schedule_without_periods_is_none() -> None:
    with pytest.raises(SpecError, match="at least one period"):
        ResourceSchedule(())


@pytest.mark.parametrize(
    ("day", "night", "says"),
    [
        (Allocation(weight=1), Allocation(weight=1, vcpus=2), r"night sets vcpus of shop and day"),
        (Allocation(weight=1, vcpus=2), Allocation(weight=1), r"say it in \[night.domains.shop\]"),
    ],
)
def test_what_one_period_changes_the_others_must_change_back(
    day: Allocation, night: Allocation, says: str
) -> None:
    with pytest.raises(SpecError, match=says):
        ResourceSchedule((period("day", DAY, shop=day), period("night", NIGHT, shop=night)))
