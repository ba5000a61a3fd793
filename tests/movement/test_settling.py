"""Of two copies the one that is whole goes on, and never both."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xenvm.model.movement import Activity, Standing
from xenvm.movement.settling import Side, owner

RUNNING, PAUSED, SUSPENDED, ENDED, ABSENT = Activity


def side(source: Activity, destination: Activity, *, moved: bool) -> Side:
    here, there = Standing(host="a", activity=source), Standing(host="b", activity=destination)
    return owner(here, there, moved=moved)


@pytest.mark.parametrize(
    ("source", "destination", "moved", "wins"),
    [
        (ABSENT, RUNNING, True, Side.DESTINATION),
        (SUSPENDED, RUNNING, True, Side.DESTINATION),
        (RUNNING, ABSENT, False, Side.SOURCE),
        (RUNNING, PAUSED, False, Side.SOURCE),
        (RUNNING, RUNNING, False, Side.SOURCE),
        (PAUSED, RUNNING, False, Side.DESTINATION),
        (SUSPENDED, PAUSED, False, Side.DESTINATION),
        (SUSPENDED, ABSENT, False, Side.SOURCE),
        (ABSENT, RUNNING, False, Side.DESTINATION),
        (ABSENT, ABSENT, False, Side.NEITHER),
        (ENDED, ABSENT, True, Side.NEITHER),
        (RUNNING, ENDED, True, Side.SOURCE),
    ],
)
def test_the_copy_that_is_whole_goes_on(
    *, source: Activity, destination: Activity, moved: bool, wins: Side
) -> None:
    assert side(source, destination, moved=moved) is wins


@given(
    source=st.sampled_from(Activity),
    destination=st.sampled_from(Activity),
    moved=st.booleans(),
)
def test_a_copy_that_is_there_is_never_given_up_for_one_that_is_not(
    *, source: Activity, destination: Activity, moved: bool
) -> None:
    gone = {ENDED, ABSENT}
    wins = side(source, destination, moved=moved)
    assert (wins is Side.NEITHER) == (source in gone and destination in gone)
    assert not (wins is Side.SOURCE and source in gone)
    assert not (wins is Side.DESTINATION and destination in gone)
