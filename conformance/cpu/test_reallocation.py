"""What a guest has changes while it runs: section 4.4."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from xenvm.host.probe import ProbeGuest
from xenvm.model.profile import Profile
from xenvm.model.verdict import Evidence
from xenvm.qualify.checking import Check, held_against_host
from xenvm.qualify.workshop import Workshop
from xenvm.spec.limits import number_of
from xenvm.waiting import wait_until

VCPUS, WEIGHT, CAP_PERCENT = 2, 512, 150
MEMORY_MIB, LESS_MIB = 112, 96
SEEN_DEADLINE_S = 60.0
NEAR_KIB = 1024
"""MemTotal moves with the balloon, page by page."""


def seen_after_s(change: Callable[[], None], seen: Callable[[], bool]) -> float:
    """Return the seconds from asking for a change until it is seen."""
    start_s = time.monotonic()
    with held_against_host():
        change()
        wait_until("the guest to see it", seen, deadline_s=SEEN_DEADLINE_S, every_s=0.5)
    return time.monotonic() - start_s


class Changes:
    """Changes of one running guest, and how long each took to be seen."""

    def __init__(self, guest: ProbeGuest):
        self.guest = guest
        self.start = guest.wait_until_up()
        self.took_s: dict[str, float] = {}

    def vcpus(self, count: int) -> None:
        self.took_s[f"{count} vCPUs, inside"] = seen_after_s(
            lambda: self.guest.domain.vcpus.plug(count),
            lambda: self.guest.facts().vcpus == count,
        )

    def memory(self, mib: int, more_kib: int) -> None:
        wanted_kib = self.start.memory_kib + more_kib
        self.took_s[f"{mib} MiB, inside"] = seen_after_s(
            lambda: self.guest.domain.memory.set(mib * 1024),
            lambda: abs(self.guest.facts().memory_kib - wanted_kib) <= NEAR_KIB,
        )

    def scheduling(self) -> None:
        vcpus = self.guest.domain.vcpus

        def change() -> None:
            vcpus.set_weight(WEIGHT)
            vcpus.set_cap(CAP_PERCENT)

        def by_xen() -> bool:
            now = vcpus.scheduling
            return (now.weight, now.cap_percent) == (WEIGHT, CAP_PERCENT)

        self.took_s["weight and cap, by Xen"] = seen_after_s(change, by_xen)


@pytest.mark.timeout(900)
@pytest.mark.requirement("WP-4.4-01")
def test_what_a_running_guest_has_changes(
    profile: Profile, check: Check, workshop: Workshop
) -> None:
    """Change weight, cap, vCPUs and memory of a running guest; it sees them without a reboot."""
    guest = workshop.guest(
        "r", max_vcpus=VCPUS, vcpus=1, memory_mib=LESS_MIB, max_memory_mib=MEMORY_MIB
    )
    changes = Changes(guest)
    changes.scheduling()
    changes.vcpus(VCPUS)
    changes.memory(MEMORY_MIB, (MEMORY_MIB - LESS_MIB) * 1024)
    changes.memory(LESS_MIB, 0)
    changes.vcpus(1)
    with held_against_host():
        end = guest.facts()
    assert end.boot_id == changes.start.boot_id, "the guest rebooted"
    assert end.uptime_s > changes.start.uptime_s, "the guest's clock went back"
    slowest_s = max(changes.took_s.values())
    limit_s = number_of(profile, "change_seen_within_s")
    check(
        observed=round(slowest_s, 1),
        expected=limit_s,
        passed=slowest_s <= limit_s,
        unit="s",
        source=profile.limits["change_seen_within_s"].source,
        detail="the slowest of the changes; one boot id all along",
        evidence=[
            Evidence(
                command="the library, and the probe's facts",
                output="\n".join(f"{what}: {took:.1f} s" for what, took in changes.took_s.items()),
            )
        ],
    )
