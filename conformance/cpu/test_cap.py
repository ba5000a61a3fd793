"""A cap bounds a guest on an idle host: section 5.3."""

from __future__ import annotations

import pytest

from xenvm.errors import BlockedError
from xenvm.model.profile import Profile
from xenvm.qualify.checking import Check, held_against_host
from xenvm.qualify.cpu_time import cpu_use
from xenvm.qualify.journal import Ledger
from xenvm.qualify.workshop import Workshop
from xenvm.spec.limits import number_of
from xenvm.waiting import pause

CAPS = (50, 20)
WINDOW_S = 30.0
SETTLE_S = 2.0
SPIN_S = 600


@pytest.mark.timeout(900)
@pytest.mark.requirement("WP-5.3-04")
def test_a_capped_guest_stays_below_its_cap(
    profile: Profile, journal: Ledger, check: Check, workshop: Workshop
) -> None:
    """Cap a guest that wants a whole pCPU of an idle host; it gets its cap, and no more."""
    guest = workshop.guest("c")
    guest.wait_until_up()
    guest.ask("spin", cpus=1, seconds=SPIN_S)
    journal.progress(0.2, "without a cap")
    free = cpu_use([guest.domain], window_s=WINDOW_S / 3)
    off = number_of(profile, "cap_tolerance_percent")
    if free.percents[0] < max(CAPS) + 2 * off:
        raise BlockedError(
            f"the host is not idle: an uncapped guest gets only {free.percents[0]:.0f} % of a pCPU"
        )
    got, evidence = [], [free.evidence]
    for number, cap in enumerate(CAPS, start=1):
        journal.progress(0.2 + 0.4 * number / len(CAPS), f"cap {cap} %")
        with held_against_host():
            guest.domain.vcpus.set_cap(cap)
        pause(SETTLE_S)
        use = cpu_use([guest.domain], window_s=WINDOW_S)
        got.append(use.percents[0])
        evidence.append(use.evidence)
    worst = max(abs(has - cap) for has, cap in zip(got, CAPS, strict=True))
    check(
        observed=round(worst, 1),
        expected=off,
        passed=worst <= off,
        unit="percentage points off the cap",
        source=profile.limits["cap_tolerance_percent"].source,
        detail=f"caps {CAPS} % gave {[round(has, 1) for has in got]} % of a pCPU,"
        f" and no cap {free.percents[0]:.0f} %",
        evidence=evidence,
    )
