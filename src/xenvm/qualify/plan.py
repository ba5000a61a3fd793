"""What a run would do: which requirements by rule, which live, what is blocked, and how long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from xenvm.model.inventory import Inventory
from xenvm.model.profile import CheckKind, Profile, Requirement
from xenvm.model.verdict import Tier, Verdict, VerdictKind

from .documents import Json

PLAN_SCHEMA = "xenvm-plan/1"

GUEST_MIB = 104
"""A probe guest's memory and Xen's own for it."""

VOLUME_MIB = 64
"""Free space that a volume group needs to lend a test its volume."""

RULE_S = 0.1
"""What all static rules together take is nothing beside one live test."""


class Will(StrEnum):
    """What a run does about a requirement."""

    RUN = "run"
    BLOCKED = "blocked"
    NOT_APPLICABLE = "not-applicable"
    NOT_OBSERVABLE = "not-observable"


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveNeeds:
    """What a live test takes.

    Attributes:
        quick_s: Seconds on an emulated lab of two cores, tier quick.
        full_s: The same, tier full.
        guests: Probe guests at once; None for as many as the profile allows on the host.
        volume: Whether it needs space in a volume group.
    """

    quick_s: float
    full_s: float
    guests: int | None = 1
    volume: bool = False


LIVE_NEEDS = {
    "WP-2-01": LiveNeeds(quick_s=0, full_s=45, guests=2),
    "WP-2-02": LiveNeeds(quick_s=40, full_s=40),
    "WP-3.1-01": LiveNeeds(quick_s=0, full_s=75, guests=3),
    "WP-3.1-02": LiveNeeds(quick_s=0, full_s=60),
    "WP-3.1-03": LiveNeeds(quick_s=0, full_s=40),
    "WP-3.2-01": LiveNeeds(quick_s=0, full_s=90),
    "WP-3.2-02": LiveNeeds(quick_s=0, full_s=70, guests=2),
    "WP-3.2-03": LiveNeeds(quick_s=0, full_s=90),
    "WP-3.4-04": LiveNeeds(quick_s=45, full_s=130, guests=None),
    "WP-3.4-07": LiveNeeds(quick_s=2, full_s=2),
    "WP-3.4-12": LiveNeeds(quick_s=45, full_s=140),
    "WP-3.4-13": LiveNeeds(quick_s=15, full_s=15, guests=0),
    "WP-3.4-14": LiveNeeds(quick_s=40, full_s=420),
    "WP-3.4-15": LiveNeeds(quick_s=75, full_s=75, volume=True),
    "WP-4.2-02": LiveNeeds(quick_s=0, full_s=2, guests=3),
    "WP-4.4-01": LiveNeeds(quick_s=0, full_s=70),
    "WP-4.4-02": LiveNeeds(quick_s=0, full_s=130, guests=2),
    "WP-5.1-04": LiveNeeds(quick_s=0, full_s=420, guests=3),
    "WP-5.3-01": LiveNeeds(quick_s=0, full_s=50),
    "WP-5.3-02": LiveNeeds(quick_s=0, full_s=1, guests=2),
    "WP-5.3-03": LiveNeeds(quick_s=0, full_s=1, guests=2),
    "WP-5.3-04": LiveNeeds(quick_s=0, full_s=110),
    "WP-5.3-05": LiveNeeds(quick_s=0, full_s=90, guests=2),
    "WP-5.4-01": LiveNeeds(quick_s=0, full_s=60),
    "WP-5.4-03": LiveNeeds(quick_s=0, full_s=60, guests=2),
    "WP-5.4-05": LiveNeeds(quick_s=0, full_s=60, guests=2),
    "WP-5.4-06": LiveNeeds(quick_s=0, full_s=60),
    "WP-5.5-01": LiveNeeds(quick_s=0, full_s=20),
    "WP-5.5-02": LiveNeeds(quick_s=0, full_s=40, guests=2, volume=True),
    "WP-5.5-03": LiveNeeds(quick_s=0, full_s=20, guests=2, volume=True),
    "WP-5.5-04": LiveNeeds(quick_s=0, full_s=50),
    "WP-5.5.1-01": LiveNeeds(quick_s=0, full_s=20),
    "WP-5.5.1-02": LiveNeeds(quick_s=0, full_s=20),
    "WP-5.5.2-01": LiveNeeds(quick_s=0, full_s=45),
    "WP-5.5.2-02": LiveNeeds(quick_s=0, full_s=2),
    "WP-5.5.2-05": LiveNeeds(quick_s=0, full_s=60, guests=2),
    "WP-5.6-01": LiveNeeds(quick_s=0, full_s=60, volume=True),
    "WP-5.6-02": LiveNeeds(quick_s=0, full_s=50, guests=2, volume=True),
    "WP-5.6-03": LiveNeeds(quick_s=0, full_s=20, volume=True),
    "WP-5.6-04": LiveNeeds(quick_s=0, full_s=20, volume=True),
    "WP-5.7-01": LiveNeeds(quick_s=0, full_s=2),
    "WP-5.7-02": LiveNeeds(quick_s=0, full_s=30, guests=2),
    "WP-5.7-03": LiveNeeds(quick_s=0, full_s=5, guests=2),
    "WP-5.7-04": LiveNeeds(quick_s=0, full_s=15, guests=2),
    "WP-5.7-05": LiveNeeds(quick_s=0, full_s=30, guests=2),
    "WP-5.7-06": LiveNeeds(quick_s=10, full_s=10),
    "WP-6.2-03": LiveNeeds(quick_s=90, full_s=90),
    "WP-6.3-01": LiveNeeds(quick_s=120, full_s=120),
    "WP-6.3-02": LiveNeeds(quick_s=75, full_s=75, guests=2),
    "WP-6.3-03": LiveNeeds(quick_s=75, full_s=75, guests=2),
}
"""By requirement; measured on the lab, from where real machines only get faster."""

_UNKNOWN = LiveNeeds(quick_s=30, full_s=120)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What a run does about one requirement.

    Attributes:
        requirement: Which.
        will: Whether it runs.
        why: Why it does not; empty when it does.
        estimate_s: Seconds, for one that runs.
    """

    requirement: Requirement
    will: Will
    why: str = ""
    estimate_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What a plan depends on.

    Attributes:
        inventory: The host's facts.
        profile: The limits.
        tier: How far the live tests go.
        rules: The verdicts of the static rules.
        volume_groups: Those with space for a test's volume; None when nobody could look.
    """

    inventory: Inventory
    profile: Profile
    tier: Tier
    rules: tuple[Verdict, ...] = ()
    volume_groups: tuple[str, ...] | None = None


def make_plan(
    requirements: Sequence[Requirement], circumstances: Circumstances
) -> tuple[Step, ...]:
    """Return one step per requirement, in their order."""
    return tuple(_step(requirement, circumstances) for requirement in requirements)


def estimate_s(requirement_id: str, tier: Tier) -> float:
    """Return how long a requirement's live tests take, in seconds."""
    needs = LIVE_NEEDS.get(requirement_id, _UNKNOWN)
    return needs.full_s if tier is Tier.FULL else needs.quick_s


def live_estimates_s(steps: Sequence[Step]) -> dict[str, float]:
    """Return how many seconds the requirements take that the live tests answer for, by id."""
    return {
        step.requirement.id: step.estimate_s
        for step in steps
        if step.will is Will.RUN and step.requirement.check is CheckKind.LIVE
    }


def total_s(steps: Sequence[Step]) -> float:
    """Return how long all steps take, in seconds."""
    return sum(step.estimate_s for step in steps)


def plan_to_json(steps: Sequence[Step]) -> dict[str, Json]:
    """Return the document that ``xenvm plan --json`` prints."""
    return {
        "schema": PLAN_SCHEMA,
        "estimate_s": round(total_s(steps), 1),
        "steps": [
            {
                "id": step.requirement.id,
                "title": step.requirement.title,
                "check": step.requirement.check.value,
                "will": step.will.value,
                "why": step.why,
                "estimate_s": step.estimate_s,
            }
            for step in steps
        ],
    }


def _step(requirement: Requirement, circumstances: Circumstances) -> Step:
    will, why = _hindrance(requirement, circumstances)
    if will is not Will.RUN:
        return Step(requirement=requirement, will=will, why=why)
    if requirement.check is CheckKind.STATIC:
        return Step(requirement=requirement, will=will, estimate_s=RULE_S)
    seconds = estimate_s(requirement.id, circumstances.tier)
    return Step(requirement=requirement, will=will, estimate_s=seconds)


def _hindrance(requirement: Requirement, circumstances: Circumstances) -> tuple[Will, str]:
    """Return what becomes of a requirement, and why it does not run when it does not."""
    evidence = circumstances.inventory.evidence
    for rule in circumstances.rules:
        if rule.requirement_id == requirement.id and rule.kind is VerdictKind.NOT_APPLICABLE:
            return Will.NOT_APPLICABLE, rule.detail
    if evidence not in requirement.observable_on:
        why = requirement.hidden_because or "it runs no Xen"
        return Will.NOT_OBSERVABLE, f"a {evidence} host cannot show this: {why}"
    if requirement.check is CheckKind.STATIC:
        return Will.RUN, ""
    why = _lack(LIVE_NEEDS.get(requirement.id, _UNKNOWN), circumstances)
    return (Will.BLOCKED if why else Will.RUN), why


def _lack(needs: LiveNeeds, circumstances: Circumstances) -> str:
    """Return what the host lacks for a live test, and how to provide it; empty for nothing."""
    free_mib = circumstances.inventory.hypervisor.free_memory_mib
    guests = _guests(needs, circumstances)
    if free_mib is not None and free_mib < guests * GUEST_MIB:
        return (
            f"{guests} probe guests need {guests * GUEST_MIB} MiB, Xen has {free_mib} MiB free: "
            "shut guests down, or give Dom0 less (dom0_mem=)"
        )
    if needs.volume and circumstances.volume_groups == ():
        return (
            f"no volume group has {VOLUME_MIB} MiB free for a test's volume: "
            "make one (vgcreate), or extend one"
        )
    return ""


def _guests(needs: LiveNeeds, circumstances: Circumstances) -> int:
    """Return how many probe guests run at once; the quick tier starts one on every core."""
    if needs.guests is not None:
        return needs.guests
    limit = circumstances.profile.limits.get("guests_per_core")
    cores = circumstances.inventory.hypervisor.cores or 1
    if circumstances.tier is Tier.QUICK or limit is None:
        return cores
    return int(str(limit.value)) * cores
