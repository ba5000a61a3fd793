"""What a cache answered counts for nothing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from xenvm.bench.accounting import LEAST, MOST, network_objection, objection
from xenvm.bench.aggregate import jain

SAID = st.integers(1 << 20, 1 << 40)
SHARES = st.lists(st.floats(1.0, 1e10), min_size=1, max_size=8)


def test_what_the_device_moved_counts() -> None:
    assert objection(1000, 1000) == ""
    assert objection(950, 1000) == ""
    assert objection(1100, 1000) == ""


def test_a_cache_that_answered_is_told() -> None:
    assert objection(0, 1000).startswith("a cache answered")
    assert "0.94 of what fio says" in objection(949, 1010)


def test_somebody_else_on_the_device_is_told() -> None:
    assert objection(1200, 1000).startswith("somebody else used the device")


@given(SAID, st.floats(0, 3))
def test_a_sample_counts_within_the_band_only(said: int, part: float) -> None:
    moved = int(said * part)
    assert (objection(moved, said) == "") == (LEAST <= moved / said <= MOST)


def test_traffic_that_the_vif_did_not_see_is_told() -> None:
    assert network_objection(1_050_000, 1_000_000) == ""
    assert network_objection(900_000, 1_000_000).startswith("the traffic went elsewhere")


@given(SHARES)
def test_the_index_of_fairness_lies_between_one_share_and_all(shares: list[float]) -> None:
    assert 1 / len(shares) - 1e-9 <= jain(shares) <= 1 + 1e-9


@given(st.integers(1, 8), st.floats(1.0, 1e10))
def test_equal_shares_are_fair(count: int, share: float) -> None:
    assert abs(jain([share] * count) - 1) < 1e-9
