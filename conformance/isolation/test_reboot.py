"""A guest has its own kernel and boots when it likes: sections 3.1 and 4.2 of the white paper."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from xenvm.errors import GuestError
from xenvm.host.probe import ProbeGuest
from xenvm.model.inventory import Inventory
from xenvm.model.profile import Profile
from xenvm.model.verdict import Evidence
from xenvm.qualify.checking import Check
from xenvm.qualify.journal import Ledger
from xenvm.qualify.neighbours import Neighbours, Sight, allowed_s
from xenvm.qualify.workshop import Workshop
from xenvm.spec.limits import number_of
from xenvm.waiting import pause

UNHARMED_S = 10.0
READ_BOOT = "cat /proc/sys/kernel/random/boot_id"
SYSTEMS = 4
"""Dom0, two neighbours and the one that reboots."""


def boots_again(guest: ProbeGuest) -> set[str]:
    """Let a guest reboot; return its new boot, or nothing when it does not come up again."""
    guest.ask("reboot")
    try:
        return {guest.wait_until_rebooted().boot_id}
    except GuestError:
        return set()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reboot:
    """What was seen of one guest's reboot.

    Attributes:
        again: The guest's new boot, or nothing.
        before: How its neighbours fared before.
        after: How they fared while it rebooted.
        boots: All boots that were seen, Dom0's too.
    """

    again: set[str]
    before: Sight
    after: Sight
    boots: set[str]

    @property
    def evidence(self) -> list[Evidence]:
        return [
            Evidence(
                command=f"the neighbours for {UNHARMED_S:.0f} s before", output=self.before.text
            ),
            Evidence(command="the neighbours during the reboot", output=self.after.text),
            Evidence(command=READ_BOOT, output="\n".join(sorted(self.boots))),
        ]


def rebooted(workshop: Workshop, journal: Ledger) -> Reboot:
    journal.progress(0.0, "starting three guests")
    neighbours = Neighbours(workshop)
    guest = workshop.guest("r0")
    boots = {workshop.host.shell.run(READ_BOOT).stdout.strip(), guest.wait_until_up().boot_id}
    journal.progress(0.5, "watching them before")
    watch = neighbours.watch()
    pause(UNHARMED_S)
    before = watch.end()
    journal.progress(0.7, "rebooting one")
    watch = neighbours.watch()
    again = boots_again(guest)
    after = watch.end()
    seen = boots | before.boots | again | after.boots
    return Reboot(again=again, before=before, after=after, boots=seen)


@pytest.mark.timeout(600)
@pytest.mark.requirement("WP-3.1-01", "WP-4.2-02")
def test_a_guest_that_reboots(
    inventory: Inventory, profile: Profile, journal: Ledger, check: Check, workshop: Workshop
) -> None:
    """Reboot one guest of three; the others keep their boot, their heartbeat and their stream."""
    workshop.require_memory(SYSTEMS - 1)
    seen = rebooted(workshop, journal)
    check(
        "WP-3.1-01",
        observed=len(seen.boots),
        expected=SYSTEMS + 1,
        passed=len(seen.boots) == SYSTEMS + 1 and seen.after.boots == seen.before.boots,
        unit="boots",
        source="white paper, section 3.1: each guest runs an independent OS",
        detail=f"kernels of {SYSTEMS - 1} guests and Dom0, one of which booted twice; of those"
        f" beside it, {len(seen.after.boots & seen.before.boots)} of {SYSTEMS - 2} kept their boot",
        evidence=seen.evidence,
    )
    limit_s = number_of(profile, "gap_at_reboot_max_s")
    most_s = allowed_s(limit_s, seen.before.gap_s, inventory.evidence)
    check(
        "WP-4.2-02",
        observed=round(seen.after.gap_s, 2),
        expected=round(most_s, 2),
        passed=bool(seen.again) and not seen.after.lost and seen.after.gap_s <= most_s,
        unit="s",
        source=profile.limits["gap_at_reboot_max_s"].source,
        detail=f"{'rebooted' if seen.again else 'did not boot again'}; its neighbours:"
        f" {seen.after.text}; gap before {seen.before.gap_s:.2f} s, allowed {most_s:.2f} s"
        f" ({inventory.evidence})",
        evidence=seen.evidence,
    )
