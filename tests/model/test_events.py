"""Events are told in the order in which things happened."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from xenvm.model.events import HOLD_S, EventKind, EventOrder, LifecycleEvent

A, B = UUID(int=1), UUID(int=2)


def event(kind: EventKind, uuid: UUID = A, cause: str = "", at_s: float = 0.0) -> LifecycleEvent:
    return LifecycleEvent(kind=kind, cause=cause, name="guest", uuid=uuid, at_s=at_s)


def kinds(events: list[LifecycleEvent]) -> list[EventKind]:
    return [event.kind for event in events]


def test_a_reboot_is_told_as_stop_and_start() -> None:
    order = EventOrder()
    order.know([A])
    assert order.take(event(EventKind.STARTED)) == []
    assert kinds(order.take(event(EventKind.STOPPED))) == [EventKind.STOPPED, EventKind.STARTED]
    assert order.due_s is None


def test_a_second_reboot_is_put_in_order_too() -> None:
    order = EventOrder()
    assert kinds(order.take(event(EventKind.STARTED))) == [EventKind.STARTED]
    for _ in range(2):
        order.take(event(EventKind.STARTED))
        assert kinds(order.take(event(EventKind.STOPPED))) == [EventKind.STOPPED, EventKind.STARTED]


def test_another_domain_is_not_held_back() -> None:
    order = EventOrder()
    order.know([A])
    order.take(event(EventKind.STARTED))
    assert kinds(order.take(event(EventKind.STARTED, B))) == [EventKind.STARTED]


def test_what_follows_a_held_start_stays_behind_it() -> None:
    order = EventOrder()
    order.know([A])
    order.take(event(EventKind.STARTED))
    assert order.take(event(EventKind.PAUSED)) == []
    told = order.take(event(EventKind.STOPPED))
    assert kinds(told) == [EventKind.STOPPED, EventKind.STARTED, EventKind.PAUSED]


def test_a_start_whose_stop_never_comes_is_told_late() -> None:
    order = EventOrder()
    order.know([A])
    order.take(event(EventKind.STARTED, at_s=10.0))
    assert order.due_s == 10.0 + HOLD_S
    assert order.let_go(10.0 + HOLD_S - 0.1) == []
    assert kinds(order.let_go(10.0 + HOLD_S)) == [EventKind.STARTED]
    assert order.let_go(100.0) == []


@given(st.lists(st.tuples(st.sampled_from([A, B]), st.sampled_from(EventKind))))
def test_nothing_is_lost_or_made_up(happenings: list[tuple[UUID, EventKind]]) -> None:
    order = EventOrder()
    came = [event(kind, uuid, at_s=float(number)) for number, (uuid, kind) in enumerate(happenings)]
    told = [one for each in came for one in order.take(each)] + order.let_go(1e9)
    assert sorted(one.at_s for one in told) == [one.at_s for one in came]


def test_a_crash_is_told_apart_from_a_shutdown() -> None:
    assert event(EventKind.STOPPED, cause="crashed").is_crash
    assert event(EventKind.CRASHED).is_crash
    assert not event(EventKind.STOPPED, cause="shut-down").is_crash
