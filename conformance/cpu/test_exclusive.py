"""One pCPU for one vCPU: section 5.3."""

from __future__ import annotations

import pytest

from xenvm.errors import BlockedError
from xenvm.model.profile import Profile
from xenvm.model.verdict import Evidence
from xenvm.qualify.checking import Check
from xenvm.qualify.cpu_time import cpu_use
from xenvm.qualify.workshop import Workshop
from xenvm.spec.limits import number_of
from xenvm.waiting import pause

WINDOW_S = 20.0
SETTLE_S = 2.0
SPIN_S = 300


@pytest.mark.timeout(900)
@pytest.mark.requirement("WP-5.3-05")
def test_a_pcpu_is_one_vcpus_alone(profile: Profile, check: Check, workshop: Workshop) -> None:
    """Keep Dom0 and a rival that wants every pCPU off one; its owner gets all of it."""
    pcpus = workshop.host.capacity.pcpus
    if pcpus < 2:
        raise BlockedError("a host of one pCPU has none to give away: give it two")
    workshop.require_memory(2)
    owner, rival = workshop.guest("o"), workshop.guest("x", vcpus=pcpus)
    for guest, cpus in ((owner, 1), (rival, pcpus)):
        guest.wait_until_up()
        guest.ask("spin", cpus=cpus, seconds=SPIN_S)
    claimed = workshop.claim(owner, 0, pcpus - 1)
    pause(SETTLE_S)
    use = cpu_use([owner.domain], window_s=WINDOW_S)
    said = workshop.host.shell.run("xl vcpu-list").stdout
    now = owner.domain.vcpus.claimed(claimed)
    floor = 100 - number_of(profile, "cap_tolerance_percent")
    check(
        observed=round(use.percents[0], 1),
        expected=floor,
        passed=now.holds and use.percents[0] >= floor,
        unit="percent of the pCPU",
        source=profile.limits["cap_tolerance_percent"].source,
        detail=f"{now}; {len(claimed.excluded)} vCPUs were excluded, Dom0's among them",
        evidence=[use.evidence, Evidence(command="xl vcpu-list", output=said)],
    )
