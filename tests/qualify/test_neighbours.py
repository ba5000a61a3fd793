"""How neighbours' hearts are measured, and what an emulated host is allowed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xenvm.model.verdict import EvidenceClass
from xenvm.qualify.neighbours import Sight, allowed_s, largest_gap_s

TIMES = st.lists(st.floats(0, 1e6), min_size=2, max_size=20).map(sorted)


@given(TIMES)
def test_no_two_beats_are_farther_apart_than_the_largest_gap(times_s: list[float]) -> None:
    gap_s = largest_gap_s(times_s)
    assert 0 <= gap_s <= times_s[-1] - times_s[0]
    assert gap_s * (len(times_s) - 1) >= (times_s[-1] - times_s[0]) * 0.999999


@given(TIMES, st.integers(1, 18))
def test_a_beat_that_is_lost_never_makes_the_gap_smaller(times_s: list[float], place: int) -> None:
    fewer_s = (
        times_s[:1] + [at for n, at in enumerate(times_s[1:-1], 1) if n != place] + times_s[-1:]
    )
    assert largest_gap_s(fewer_s) >= largest_gap_s(times_s)


def test_only_an_emulated_host_is_allowed_its_own_slowness() -> None:
    assert allowed_s(2, 0.7, EvidenceClass.HARDWARE) == 2
    assert allowed_s(2, 0.7, EvidenceClass.NESTED) == pytest.approx(4.1)


def test_what_was_lost_is_said() -> None:
    fine = Sight(gap_s=0.123, answer_s=0.5, lost=(), boots=frozenset())
    assert fine.text == "largest gap 0.12 s, xl list within 0.50 s; lost: nothing"
    bad = Sight(gap_s=3, answer_s=0, lost=("its disk", "n0 booted again"), boots=frozenset())
    assert bad.text == "largest gap 3.00 s; lost: its disk, n0 booted again"
