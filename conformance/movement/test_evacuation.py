"""Load moves with its guests, and a host can be emptied for its maintenance: section 6.3."""

from __future__ import annotations

import pytest

from xenvm.errors import BlockedError
from xenvm.formats.dom0_xl import parse_list
from xenvm.host.probe import ProbeGuest
from xenvm.model.kinds import GuestType
from xenvm.model.movement import Move, MoveOptions
from xenvm.model.verdict import Evidence
from xenvm.model.vnif import Vnif
from xenvm.qualify.checking import Check
from xenvm.qualify.crossing import Crossing
from xenvm.qualify.journal import Ledger
from xenvm.qualify.workshop import Workshop
from xenvm.waiting import pause

GUESTS = 2
LOOK_S = 8
FIRST_ADDRESS = 21
BUSY_LEAST = 0.5
"""Of what a busy guest takes of a pCPU that it has for itself, the least that counts as busy."""


def guests_cpu_s(shop: Workshop) -> tuple[float, str]:
    """Return the CPU time that our guests have taken on a host, in seconds."""
    said = shop.host.shell.run("xl list").stdout
    ours = {row.name for row in parse_list(said) or () if row.name.startswith(shop.name("e"))}
    rows = (line.split() for line in said.splitlines())
    return sum(float(row[-1]) for row in rows if row[0] in ours), said


def load(shops: tuple[Workshop, Workshop]) -> tuple[list[float], str]:
    """Return how many pCPUs our guests keep busy on each of both hosts."""
    before = [guests_cpu_s(shop)[0] for shop in shops]
    pause(LOOK_S)
    after = [guests_cpu_s(shop) for shop in shops]
    busy = [(now[0] - then) / LOOK_S for now, then in zip(after, before, strict=True)]
    return [round(one, 2) for one in busy], "\n".join(said for _, said in after)


def load_to_move(shops: tuple[Workshop, Workshop]) -> tuple[list[float], str]:
    """Return the same, where there is load enough to see where it goes.

    Raises:
        BlockedError: The guest that spins gets less than half a pCPU.
    """
    busy, said = load(shops)
    if busy[0] < BUSY_LEAST:
        raise BlockedError(f"the host is not idle: a guest that wants a pCPU gets {busy[0]} of one")
    return busy, said


def started(crossing: Crossing, kind: GuestType) -> list[ProbeGuest]:
    guests = [
        crossing.here.guest(
            f"e{number}",
            guest_type=kind,
            vnifs=[Vnif(mac=crossing.here.next_mac(), bridge=crossing.bridge)],
        )
        for number in range(GUESTS)
    ]
    for number, guest in enumerate(guests):
        nic = guest.wait_until_up().nics[0].name
        address, peer = crossing.address(FIRST_ADDRESS + number), crossing.address(2)
        guest.ask("ping", targets=f"{nic}={address}={peer.partition('/')[0]}")
    return guests


@pytest.mark.timeout(1200)
@pytest.mark.requirement("WP-6.3-02", "WP-6.3-03")
def test_a_host_is_evacuated_while_clients_watch(
    crossing: Crossing, movable: GuestType, journal: Ledger, check: Check
) -> None:
    """Move every guest away while pings go to each: load goes along, and each answers again."""
    shops = crossing.here, crossing.there
    guests = started(crossing, movable)
    guests[0].ask("spin", cpus=1, seconds=600)
    before, listing_before = load_to_move(shops)
    watched = [crossing.watch(FIRST_ADDRESS + number) for number in range(GUESTS)]
    moves: list[Move] = []
    for number, guest in enumerate(guests):
        journal.progress(0.3 + 0.3 * number, f"moving guest {number + 1} of {GUESTS}")
        guests[number], move = crossing.go(guest, MoveOptions(uri=crossing.uri))
        moves.append(move)
    after, listing_after = load(shops)
    guests[0].ask("rest")
    watches = [crossing.end_watch(one) for one in watched]
    evidence = [
        Evidence(command="xl list on both hosts, before", output=listing_before),
        Evidence(command="xl list on both hosts, after", output=listing_after),
    ]
    check(
        "WP-6.3-02",
        observed=f"{before[0]} and {before[1]} pCPUs before, {after[0]} and {after[1]} after",
        expected="here falls, there rises",
        passed=after[0] <= before[0] * (1 - BUSY_LEAST) and after[1] >= before[0] * BUSY_LEAST,
        detail=f"a guest with one busy vCPU moved; pCPUs busy for {LOOK_S} s, here and there",
        evidence=evidence,
    )
    answering = sum(watch.is_answered for watch in watches)
    stayed = sum(move.source.is_there for move in moves)
    check(
        "WP-6.3-03",
        observed=min(answering, GUESTS - stayed),
        expected=GUESTS,
        unit="guests that go on elsewhere",
        detail=f"{stayed} of {GUESTS} stayed, {answering} answer; their clients waited at most"
        f" {[round(watch.gap_s, 2) for watch in watches]} s in"
        f" {[round(move.elapsed_s) for move in moves]} s of moving",
        evidence=[Evidence(command="ping -D -i 0.1", output=w.output) for w in watches],
    )
