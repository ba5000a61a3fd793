from __future__ import annotations

import pytest

from xenvm import spec
from xenvm.model.inventory import HostIdentity, HypervisorFacts, Inventory
from xenvm.model.verdict import EvidenceClass, Tier, Verdict, VerdictKind
from xenvm.qualify.plan import (
    Circumstances,
    Will,
    live_estimates_s,
    make_plan,
    plan_to_json,
    total_s,
)

FUJITSU = spec.load_profile("fujitsu-2008")
GUESTS, BRIDGES, DISKS = "WP-3.4-04", "WP-3.4-12", "WP-3.4-15"


def circumstances(
    *,
    free_mib: int | None = 1500,
    groups: tuple[str, ...] | None = ("vg0",),
    tier: Tier = Tier.FULL,
    evidence: EvidenceClass = EvidenceClass.NESTED,
    rules: tuple[Verdict, ...] = (),
) -> Circumstances:
    hypervisor = HypervisorFacts(
        nr_cpus=2, threads_per_core=1, cores_per_socket=1, free_memory_mib=free_mib
    )
    return Circumstances(
        inventory=Inventory(
            evidence=evidence,
            host=HostIdentity(uri="xen:///system", collected_at=""),
            hypervisor=hypervisor,
        ),
        profile=FUJITSU,
        tier=tier,
        rules=rules,
        volume_groups=groups,
    )


def planned(found: Circumstances) -> dict[str, tuple[Will, str]]:
    asked = [spec.requirement(id_) for id_ in FUJITSU.requirement_ids]
    return {s.requirement.id: (s.will, s.why) for s in make_plan(asked, found)}


def test_a_host_with_room_runs_everything_that_it_can_show() -> None:
    steps = planned(circumstances())
    assert all(steps[id_] == (Will.RUN, "") for id_ in (GUESTS, BRIDGES, DISKS))
    assert steps["WP-3.4-01"][0] is Will.NOT_OBSERVABLE


def test_without_memory_for_the_limit_only_the_limit_is_blocked() -> None:
    steps = planned(circumstances(free_mib=500))
    assert steps[GUESTS][0] is Will.BLOCKED
    assert "8 probe guests need" in steps[GUESTS][1]
    assert steps[BRIDGES][0] is Will.RUN


def test_without_any_memory_every_test_with_guests_is_blocked() -> None:
    steps = planned(circumstances(free_mib=10, tier=Tier.QUICK))
    assert {steps[id_][0] for id_ in (GUESTS, BRIDGES, DISKS)} == {Will.BLOCKED}


def test_without_a_volume_group_the_disk_backings_are_blocked() -> None:
    will, why = planned(circumstances(groups=()))[DISKS]
    assert will is Will.BLOCKED
    assert "vgcreate" in why


@pytest.mark.parametrize("found", [circumstances(free_mib=None), circumstances(groups=None)])
def test_what_could_not_be_looked_at_blocks_nothing(found: Circumstances) -> None:
    assert Will.BLOCKED not in {will for will, _ in planned(found).values()}


def test_a_simulated_host_runs_nothing_live() -> None:
    asked = [spec.requirement(id_) for id_ in FUJITSU.requirement_ids]
    steps = make_plan(asked, circumstances(evidence=EvidenceClass.SIMULATED))
    assert live_estimates_s(steps) == {}


def test_what_the_profile_does_not_limit_is_not_run() -> None:
    rule = Verdict(requirement_id=BRIDGES, kind=VerdictKind.NOT_APPLICABLE, detail="no limit")
    assert planned(circumstances(rules=(rule,)))[BRIDGES] == (Will.NOT_APPLICABLE, "no limit")


def test_full_takes_longer_than_quick_and_json_says_how_long() -> None:
    every = [spec.requirement(id_) for id_ in FUJITSU.requirement_ids]
    asked = [requirement for requirement in every if not requirement.not_assessed]
    quick, full = (
        make_plan([r for r in asked if r.asked_by(tier, hosts=2)], circumstances(tier=tier))
        for tier in Tier
    )
    assert total_s(quick) <= 4 * 60
    assert total_s(quick) < total_s(full) <= 60 * 60
    document = plan_to_json(full)
    assert document["estimate_s"] == pytest.approx(total_s(full))
