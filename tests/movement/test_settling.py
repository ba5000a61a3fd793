"""Of two copies the one that is whole goes on, and never both."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xenvm.errors import InvalidStateError, WaitTimeoutError
from xenvm.model.kinds import DomainState
from xenvm.model.movement import Activity, Standing
from xenvm.movement import settling
from xenvm.movement.settling import Side, owner, settle, wait_until_quiet

RUNNING, PAUSED, SUSPENDED, ENDED, CRASHED, DYING, ABSENT = Activity


def side(
    source: Activity,
    destination: Activity,
    *,
    moved: bool,
    state: DomainState | None = DomainState.PAUSED,
) -> Side:
    here = Standing(host="a", activity=source)
    there = Standing(host="b", activity=destination, state=state)
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
        (RUNNING, DYING, True, Side.SOURCE),
        (CRASHED, ABSENT, False, Side.NEITHER),
    ],
)
def test_the_copy_that_is_whole_goes_on(
    *, source: Activity, destination: Activity, moved: bool, wins: Side
) -> None:
    assert side(source, destination, moved=moved) is wins


def test_a_copy_that_nobody_finished_is_worth_less_than_one_that_sleeps() -> None:
    """libvirt at the destination was restarted, and does not know what its libxl was making."""
    assert side(SUSPENDED, PAUSED, moved=False, state=None) is Side.SOURCE
    assert side(ABSENT, PAUSED, moved=False, state=None) is Side.DESTINATION
    assert side(SUSPENDED, RUNNING, moved=False, state=None) is Side.DESTINATION


@given(
    source=st.sampled_from(Activity),
    destination=st.sampled_from(Activity),
    moved=st.booleans(),
    state=st.sampled_from([DomainState.PAUSED, None]),
)
def test_a_copy_that_is_there_is_never_given_up_for_one_that_is_not(
    *, source: Activity, destination: Activity, moved: bool, state: DomainState | None
) -> None:
    gone = {ENDED, CRASHED, DYING, ABSENT}
    wins = side(source, destination, moved=moved, state=state)
    assert (wins is Side.NEITHER) == (source in gone and destination in gone)
    assert not (wins is Side.SOURCE and source in gone)
    assert not (wins is Side.DESTINATION and destination in gone)


class Restless:
    """A place at which memory comes until that was ended so often; no domain is touched there."""

    name = "a"
    host = SimpleNamespace(is_usable=True)

    def __init__(self, often: int) -> None:
        self.often, self.ended = often, 0

    def streams(self) -> tuple[int, ...]:
        return () if self.ended >= self.often else (41, 42)

    def end_stream(self) -> None:
        self.ended += 1

    def domain(self) -> None:
        assert self.ended == 0


@pytest.mark.parametrize("often", [0, 1, 2])
def test_memory_on_its_way_is_ended_at_most_twice(
    monkeypatch: pytest.MonkeyPatch, often: int
) -> None:
    monkeypatch.setattr(settling, "QUIET_DEADLINE_S", 0.0)
    place: Any = Restless(often)
    wait_until_quiet(place)
    assert place.ended == often


def test_nothing_is_removed_while_memory_is_on_its_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settling, "QUIET_DEADLINE_S", 0.0)
    source, destination = cast("Any", Restless(0)), cast("Any", Restless(3))
    with pytest.raises(WaitTimeoutError, match="rest on a; last seen: libxl-save-helper 41, 42"):
        settle(source, destination, moved=False, paused=False, keep=False)


@pytest.mark.parametrize(("refusal", "ran"), [(None, []), (InvalidStateError("it runs"), ["7"])])
def test_one_that_sleeps_is_woken_by_xen_where_libvirt_believes_that_it_runs(
    refusal: InvalidStateError | None, ran: list[str]
) -> None:
    said: list[str] = []

    def wake() -> None:
        if refusal:
            raise refusal

    def run(command: str, domid: str, **_: object) -> None:
        assert command == "xl resume %s"
        said.append(domid)

    place: Any = SimpleNamespace(host=SimpleNamespace(shell=SimpleNamespace(run=run)))
    domain: Any = SimpleNamespace(saving=SimpleNamespace(wake=wake))
    settling._wake(place, domain, Standing(host="a", activity=SUSPENDED, domid=7))
    assert said == ran
