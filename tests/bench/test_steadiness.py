"""When a disk counts as steady."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xenvm.bench.measuring import setting_for, settles
from xenvm.bench.steadiness import WINDOW, is_steady
from xenvm.model.baseline import DeviceClass
from xenvm.model.verdict import EvidenceClass, Tier

RATES = st.lists(st.floats(1, 1e6), min_size=WINDOW, max_size=WINDOW)


@pytest.mark.parametrize(
    ("rates", "steady"),
    [
        ([100] * 4, False),
        ([100] * 5, True),
        ([100, 119, 100, 100, 100], True),
        ([100, 130, 100, 100, 100], False),
        ([112, 109, 106, 103, 98], False),
        ([300, 200, 100, 99, 101, 100, 98], True),
        ([100, 100, 100, 100, 60], False),
    ],
    ids=["few", "alike", "outlier", "far-out", "slope", "later", "cliff"],
)
def test_a_disk_is_steady_once_five_rounds_are_alike(rates: list[float], *, steady: bool) -> None:
    assert is_steady(rates) is steady


@given(RATES, st.integers(-20, 20))
def test_the_unit_does_not_matter(rates: list[float], power: int) -> None:
    # Powers of two round nothing, which might decide what lies on the line.
    assert is_steady([rate * 2.0**power for rate in rates]) is is_steady(rates)


@given(st.lists(st.floats(1, 1e6), max_size=20), RATES)
def test_what_was_before_the_window_does_not_matter(before: list[float], last: list[float]) -> None:
    assert is_steady(before + last) is is_steady(last)


@given(st.floats(1, 1e6), st.floats(0.9, 0.97))
def test_a_rate_that_keeps_falling_is_never_steady(first: float, each: float) -> None:
    rates = [first * each**number for number in range(25)]
    assert not any(is_steady(rates[:count]) for count in range(1, 26))
    assert all(later < earlier for earlier, later in pairwise(rates))


def test_only_a_real_disk_without_spindle_is_written_until_it_is_steady_and_in_full() -> None:
    assert settles(Tier.FULL, DeviceClass.NVME)
    assert settles(Tier.FULL, None)
    assert not settles(Tier.FULL, DeviceClass.HDD)
    assert not settles(Tier.QUICK, DeviceClass.NVME)
    assert not setting_for(EvidenceClass.NESTED, Tier.FULL, DeviceClass.NVME).settles
