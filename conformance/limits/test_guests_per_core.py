"""Four guests per core, at once: section 3.4 of the white paper."""

from __future__ import annotations

import pytest

from xenvm.errors import BlockedError
from xenvm.host.probe import ProbeGuest
from xenvm.model.inventory import Inventory
from xenvm.model.profile import Profile
from xenvm.model.verdict import Evidence, Tier
from xenvm.qualify.checking import Check
from xenvm.qualify.journal import Ledger
from xenvm.qualify.workshop import Workshop
from xenvm.spec.limits import number_of
from xenvm.waiting import Deadline

HEARTBEAT_S = {Tier.QUICK: 8.0, Tier.FULL: 30.0}
BEATS_LEAST_PER_S = 0.3
"""The agent beats once a second; an emulated host with four guests a core may be slow."""


class Dom0Memory:
    """Samples of the memory that Xen really gives Dom0."""

    def __init__(self, workshop: Workshop):
        self._shell = workshop.host.shell
        self.samples: list[tuple[int, str]] = []

    def sample(self) -> None:
        said = self._shell.run("xl list 0").stdout
        self.samples.append((int(said.split()[-4]), said))

    @property
    def least_mib(self) -> int:
        return min(self.samples)[0]

    @property
    def evidence(self) -> Evidence:
        said = f"{len(self.samples)} times; the least was:\n{min(self.samples)[1]}"
        return Evidence(command="xl list 0", output=said)


def guests_to_start(inventory: Inventory, profile: Profile, tier: Tier) -> int:
    cores = inventory.hypervisor.cores
    if cores is None:
        raise BlockedError("the host does not say how many cores it has: see xl info")
    return cores * (number_of(profile, "guests_per_core") if tier is Tier.FULL else 1)


def beats_heard(guests: list[ProbeGuest], memory: Dom0Memory, length_s: float) -> list[int]:
    """Listen to all hearts for a while; a heart that skipped a beat counts as silent."""
    for guest in guests:
        guest.listen()
    first = [len(guest.beats) for guest in guests]
    deadline = Deadline(length_s)
    while not deadline.passed:
        memory.sample()
        for guest in guests:
            guest.listen(deadline_s=0.2)
    heard = []
    for guest, start in zip(guests, first, strict=True):
        numbers = [beat.n for beat in guest.beats[start:]]
        unbroken = (
            numbers == list(range(numbers[0], numbers[0] + len(numbers))) if numbers else False
        )
        heard.append(len(numbers) if unbroken else 0)
    return heard


def started(
    wanted: int, workshop: Workshop, journal: Ledger, memory: Dom0Memory
) -> list[ProbeGuest]:
    """Return guests that boot side by side; one that boots makes it slow to start the next."""
    guests = []
    for number in range(wanted):
        journal.progress(0.6 * number / wanted, f"starting guest {number + 1} of {wanted}")
        memory.sample()
        guests.append(workshop.guest(f"g{number}", paused=True))
    for guest in guests:
        guest.domain.unpause()
    memory.sample()
    return guests


def counted_by_dom0(workshop: Workshop) -> tuple[int, Evidence]:
    said = workshop.host.shell.run("xl list").stdout
    count = sum(line.startswith(workshop.name("g")) for line in said.splitlines())
    return count, Evidence(command="xl list", output=said)


@pytest.mark.timeout(1200)
@pytest.mark.requirement("WP-3.4-04", "WP-3.4-07")
def test_guests_per_core(
    inventory: Inventory,
    profile: Profile,
    tier: Tier,
    journal: Ledger,
    check: Check,
    workshop: Workshop,
) -> None:
    """Start guests on every core at once; each boots and its heart beats, Dom0 keeps its memory."""
    wanted = guests_to_start(inventory, profile, tier)
    workshop.require_memory(wanted)
    memory = Dom0Memory(workshop)
    guests = started(wanted, workshop, journal, memory)
    journal.progress(0.6, f"waiting for {wanted} guests to boot")
    boots = {guest.wait_until_up().boot_id for guest in guests}
    journal.progress(0.8, "listening to their hearts")
    heard = beats_heard(guests, memory, HEARTBEAT_S[tier])
    alive = sum(beats >= BEATS_LEAST_PER_S * HEARTBEAT_S[tier] for beats in heard)
    counted, listing = counted_by_dom0(workshop)
    check(
        "WP-3.4-04",
        observed=min(alive, counted, len(boots)),
        expected=wanted,
        limit=guests_to_start(inventory, profile, Tier.FULL) if tier is Tier.QUICK else None,
        unit="guests",
        source=profile.limits["guests_per_core"].source,
        detail=f"{counted} at once by xl list, {len(boots)} boots, {alive} hearts beat for"
        f" {HEARTBEAT_S[tier]:.0f} s",
        evidence=[listing, Evidence(command="beats on the PV consoles", output=str(heard))],
    )
    floor_mib = number_of(profile, "dom0_memory_min_mib")
    check(
        "WP-3.4-07",
        observed=memory.least_mib,
        expected=floor_mib,
        passed=memory.least_mib >= floor_mib,
        unit="MiB",
        source=profile.limits["dom0_memory_min_mib"].source,
        detail=f"the least of {len(memory.samples)} looks while {wanted} guests ran",
        evidence=[memory.evidence],
    )
