"""A guest moves while it stands still, or while it is off: sections 2 and 6.2."""

from __future__ import annotations

import secrets

import pytest

from xenvm.host.probe import ProbeGuest
from xenvm.host.probe.guest import probe_config
from xenvm.host.probe.protocol import pattern_sha256
from xenvm.model.movement import Manner, MoveOptions
from xenvm.movement import migrate
from xenvm.qualify.checking import Check
from xenvm.qualify.crossing import Crossing
from xenvm.qualify.journal import Ledger

MEMORY_KIB = 2048


@pytest.mark.timeout(900)
@pytest.mark.requirement("WP-6.2-03")
def test_a_saved_guest_goes_on_elsewhere(crossing: Crossing, journal: Ledger, check: Check) -> None:
    """Save a guest, carry it over and restore it there: it goes on with what it remembered."""
    seed = secrets.token_hex(6)
    guest = crossing.here.guest("s")
    boot_id = guest.wait_until_up().boot_id
    guest.ask("remember", seed=seed, kib=MEMORY_KIB)
    journal.progress(0.4, "saving, carrying, restoring")
    there, move = crossing.go(guest, MoveOptions(manner=Manner.SAVED))
    same = there.facts().boot_id == boot_id
    whole = there.ask("recall").fields["sha256"] == pattern_sha256(seed, MEMORY_KIB)
    check(
        observed=f"same boot: {same}, memory whole: {whole}",
        expected="same boot: True, memory whole: True",
        passed=same and whole and not move.source.is_there and not move.source.is_defined,
        detail=f"stood still for {move.elapsed_s:.1f} s; {move.source}; {move.destination}",
    )


@pytest.mark.timeout(600)
@pytest.mark.requirement("WP-2-02")
def test_a_guest_defined_here_runs_there(crossing: Crossing, check: Check) -> None:
    """Move the definition of a guest that is off; it starts there."""
    config = probe_config(crossing.here.name("d"), crossing.here.image)
    domain = crossing.here.definition(config)
    crossing.there.expect(domain.name)
    move = migrate(
        domain.name, source=crossing.here.host, destination=crossing.there.host,
        options=MoveOptions(manner=Manner.SHUT_OFF),
    )  # fmt: skip
    guest = ProbeGuest.wake(crossing.there.host.domain(domain.name))
    hello = guest.wait_until_up()
    check(
        observed=f"up after {hello.uptime_s:.0f} s there, {move.source}",
        expected="runs there, and is not defined here",
        passed=not move.source.is_defined,
    )
