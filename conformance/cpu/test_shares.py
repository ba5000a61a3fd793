"""CPU time follows weights: sections 4.4 and 5.3."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from xenvm.host.probe import ProbeGuest
from xenvm.model.profile import Profile
from xenvm.model.quantities import CpuSet
from xenvm.qualify.checking import Check, held_against_host
from xenvm.qualify.cpu_time import CpuUse, cpu_use
from xenvm.qualify.journal import Ledger
from xenvm.qualify.workshop import Workshop
from xenvm.spec.limits import number_of
from xenvm.waiting import pause

WEIGHTS = (512, 256)
WINDOW_S = 20.0
SETTLE_S = 3.0
SPIN_S = 600


class Rivals:
    """Guests that all want the whole of one pCPU."""

    def __init__(self, workshop: Workshop, count: int):
        workshop.require_memory(count)
        self.guests: Sequence[ProbeGuest] = [workshop.guest(f"w{n}") for n in range(count)]
        self.boots = self.boot_ids()
        last = CpuSet.of([workshop.host.capacity.pcpus - 1])
        for guest in self.guests:
            guest.domain.vcpus.pin(0, last)
            guest.ask("spin", cpus=1, seconds=SPIN_S)

    def boot_ids(self) -> list[str]:
        for guest in self.guests:
            guest.wait_until_up()
        return [guest.facts().boot_id for guest in self.guests]

    def weigh(self, weights: Sequence[int]) -> CpuUse:
        for guest, weight in zip(self.guests, weights, strict=True):
            with held_against_host():
                guest.domain.vcpus.set_weight(weight)
        pause(SETTLE_S)
        return cpu_use([guest.domain for guest in self.guests], window_s=WINDOW_S)


def ratio_of(use: CpuUse) -> float:
    one, other = use.percents
    return one / max(other, 0.1)


def check_ratio(check: Check, profile: Profile, uses: Sequence[CpuUse]) -> None:
    """Judge whether CPU time went by weight, before and after the weights were swapped."""
    wanted = WEIGHTS[0] / WEIGHTS[1]
    ratios = (ratio_of(uses[0]), 1 / ratio_of(uses[1]))
    worst = max(ratios, key=lambda ratio: abs(ratio / wanted - 1))
    check(
        "WP-4.4-02",
        observed=round(worst, 2),
        expected=wanted,
        passed=abs(worst / wanted - 1) * 100 <= number_of(profile, "weight_tolerance_percent"),
        unit="times the other's CPU time",
        source=profile.limits["weight_tolerance_percent"].source,
        detail=f"{ratios[0]:.2f}, and {ratios[1]:.2f} after the weights were swapped",
        evidence=[use.evidence for use in uses],
    )


def least_of_its_share(uses: Sequence[CpuUse]) -> float:
    """Return the worst that a guest got, in percent of what its weight is worth."""
    fair = [100 * weight / sum(WEIGHTS) for weight in (*WEIGHTS, *WEIGHTS[::-1])]
    got = [percent for use in uses for percent in use.percents]
    return min(100 * has / share for has, share in zip(got, fair, strict=True))


@pytest.mark.timeout(900)
@pytest.mark.requirement("WP-4.4-02", "WP-5.3-02", "WP-5.3-03")
def test_cpu_time_follows_weights(
    profile: Profile, journal: Ledger, check: Check, workshop: Workshop
) -> None:
    """Let two guests fight for one pCPU, and swap their weights while they do."""
    rivals = Rivals(workshop, len(WEIGHTS))
    uses = []
    for number, weights in enumerate((WEIGHTS, WEIGHTS[::-1]), start=1):
        journal.progress(0.3 * number, f"weights {weights}")
        uses.append(rivals.weigh(weights))
    evidence = [use.evidence for use in uses]
    least = min(percent for use in uses for percent in use.percents)
    check(
        "WP-5.3-02",
        observed=round(least, 1),
        expected="more than 0",
        passed=least > 0,
        unit="percent of the pCPU",
        detail=f"the least of {len(WEIGHTS)} vCPUs that all want the one pCPU",
        evidence=evidence,
    )
    assert least, "a guest got no CPU time, so it cannot be asked for its boot"
    assert rivals.boot_ids() == rivals.boots, "a guest rebooted"
    check_ratio(check, profile, uses)
    floor, got = number_of(profile, "share_min_percent"), least_of_its_share(uses)
    check(
        "WP-5.3-03",
        observed=round(got, 1),
        expected=floor,
        passed=got >= floor,
        unit="percent of its share",
        source=profile.limits["share_min_percent"].source,
        detail="the least of two guests in two windows; its share is weight by sum of weights",
        evidence=evidence,
    )
