"""A crash is told, and of whom: section 3.2."""

from __future__ import annotations

from uuid import UUID

import pytest

from xenvm.host import Subscription
from xenvm.host.probe import ProbeGuest
from xenvm.model.events import EventKind, LifecycleEvent
from xenvm.model.lifecycle import Ending
from xenvm.model.verdict import Evidence
from xenvm.qualify.checking import Check, held_against_host
from xenvm.qualify.workshop import Workshop
from xenvm.waiting import Deadline

END_DEADLINE_S = 90.0
LISTEN_S = 8.0


def first_end(events: Subscription, ours: set[UUID]) -> list[LifecycleEvent]:
    """Return the event of the first of our guests that ends; others on the host may end too."""
    for event in events.until(deadline_s=END_DEADLINE_S):
        if event.kind in {EventKind.STOPPED, EventKind.CRASHED} and event.uuid in ours:
            return [event]
    return []


def told_end(events: Subscription, guest: ProbeGuest, ours: set[UUID]) -> list[LifecycleEvent]:
    """Shut a guest down, and return what is told of its end."""
    with held_against_host():
        guest.domain.shutdown()
        told = first_end(events, ours)
        guest.domain.wait_until_off(deadline_s=END_DEADLINE_S)
    return told


def still_beats(guest: ProbeGuest) -> bool:
    guest.listen()
    before = len(guest.beats)
    deadline = Deadline(LISTEN_S)
    while len(guest.beats) == before and not deadline.passed:
        guest.listen(deadline_s=0.5)
    return len(guest.beats) > before


@pytest.mark.timeout(600)
@pytest.mark.requirement("WP-3.2-02")
def test_a_crash_is_attributed_to_the_guest(check: Check, workshop: Workshop) -> None:
    """Crash one of two guests, then shut the other down; the host tells which is which."""
    workshop.require_memory(2)
    victim, other = workshop.guest("c0"), workshop.guest("c1")
    for guest in (victim, other):
        guest.wait_until_up()
    ours = {victim.domain.uuid, other.domain.uuid}
    with workshop.host.watch.subscribe() as events:
        victim.ask("crash")
        first = first_end(events, ours)
        spared = still_beats(other)
        second = told_end(events, other, ours) if spared else []
    told = [(event.name, event.is_crash) for event in first + second]
    endings = [victim.domain.ending, other.domain.ending]
    right = (
        told == [(victim.name, True), (other.name, False)]
        and endings == [Ending.CRASHED, Ending.SHUT_DOWN]
        and spared
    )
    check(
        observed="attributed" if right else "not attributed",
        expected="attributed",
        detail=f"told as crash: {told}; by state: {endings}; the other's heart "
        + ("beat on" if spared else "stopped"),
        evidence=[
            Evidence(
                command="virsh event --event lifecycle --loop",
                output="\n".join(
                    f"{event.name}: {event.kind} {event.cause}" for event in first + second
                ),
            )
        ],
    )
