"""Several machines on one: section 2."""

from __future__ import annotations

import pytest

from xenvm.host.probe import ProbeGuest
from xenvm.model.verdict import Evidence
from xenvm.qualify.checking import Check
from xenvm.qualify.workshop import Workshop
from xenvm.waiting import Deadline

GUESTS = 2
LISTEN_S = 10.0
BEATS_LEAST = 3
"""In that time, of a heart that beats once a second; an emulated host may be slow."""


def beats_heard(guests: list[ProbeGuest]) -> list[int]:
    """Listen to all hearts at the same time."""
    for guest in guests:
        guest.listen()
    before = [len(guest.beats) for guest in guests]
    deadline = Deadline(LISTEN_S)
    while not deadline.passed:
        for guest in guests:
            guest.listen(deadline_s=0.2)
    return [len(guest.beats) - count for guest, count in zip(guests, before, strict=True)]


@pytest.mark.timeout(600)
@pytest.mark.requirement("WP-2-01")
def test_two_guests_run_at_the_same_time(check: Check, workshop: Workshop) -> None:
    """Start two guests; both boot, both hearts beat, and Xen lists both at that time."""
    workshop.require_memory(GUESTS)
    guests = [workshop.guest(f"s{number}") for number in range(GUESTS)]
    boots = {guest.wait_until_up().boot_id for guest in guests}
    heard = beats_heard(guests)
    running = {domain.name for domain in workshop.host.watch.sample().domains}
    alive = [
        guest.name
        for guest, beats in zip(guests, heard, strict=True)
        if beats >= BEATS_LEAST and guest.name in running
    ]
    check(
        observed=min(len(alive), len(boots)),
        expected=GUESTS,
        unit="guests",
        detail=f"{len(boots)} boots; {heard} heartbeats in the same {LISTEN_S:.0f} s",
        evidence=[
            Evidence(command="xl list", output=workshop.host.shell.run("xl list").stdout),
            Evidence(command="heartbeats on the PV consoles", output=str(heard)),
        ],
    )
