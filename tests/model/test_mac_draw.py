"""MAC addresses that nobody has yet."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xenvm.errors import SpecError
from xenvm.model.mac_draw import draw_macs
from xenvm.model.quantities import XEN_SERIALS, MacAddress

macs = st.integers(0, XEN_SERIALS - 1).map(MacAddress.xen)


@given(st.sets(macs, max_size=20), st.integers(0, 20), st.text(max_size=5))
def test_none_is_taken_and_none_comes_twice(taken: set[MacAddress], count: int, seed: str) -> None:
    drawn = draw_macs(taken, count=count, seed=seed)
    assert len({*drawn}) == count
    assert not {*drawn} & taken
    assert all(mac.is_xen for mac in drawn)
    assert drawn == draw_macs(taken, count=count, seed=seed)


def test_one_that_is_taken_is_passed_over_and_the_next_stay() -> None:
    first, second, third = draw_macs((), count=3, seed="a")
    assert draw_macs({second}, count=2, seed="a") == (first, third)


def test_more_than_there_are_is_refused() -> None:
    with pytest.raises(SpecError, match="addresses left"):
        draw_macs((), count=XEN_SERIALS + 1, seed="a")
