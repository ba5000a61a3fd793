"""Rules: pure functions (Inventory, Profile) → Verdict, one per requirement, by id."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from xenvm.model.inventory import Inventory
from xenvm.model.profile import Profile, Requirement
from xenvm.model.verdict import Evidence, EvidenceClass, Observed, Verdict, VerdictKind

from .requirement_list import requirement


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a rule found; :func:`rule` makes the verdict of it."""

    kind: VerdictKind
    observed: Observed = None
    expected: Observed = None
    unit: str = ""
    detail: str = ""


Rule = Callable[[Inventory, Profile], Verdict]
Finder = Callable[[Inventory, Profile], Finding]

_rules: dict[str, Rule] = {}
RULES: Mapping[str, Rule] = MappingProxyType(_rules)
"""Every rule by requirement id; complete once :mod:`xenvm.spec` is imported."""


def rule(
    requirement_id: str, *proofs: str, limit: str = "", lines: str = ""
) -> Callable[[Finder], Rule]:
    """Return a decorator that registers the rule for a requirement.

    The rule is not asked where the answer is known before: for what this class of evidence cannot
    show, and for a limit that the profile does not set.

    Args:
        requirement_id: The requirement.
        *proofs: The keys of the inventory's raw output that show what the rule read.
        limit: The profile's limit that the rule compares with.
        lines: A regular expression: only such lines of the raw output are evidence.
    """

    def register(find: Finder) -> Rule:
        def judge(inventory: Inventory, profile: Profile) -> Verdict:
            asked = requirement(requirement_id)
            finding = _foregone(asked, inventory, profile, limit) or find(inventory, profile)
            return Verdict(
                requirement_id=requirement_id,
                kind=finding.kind,
                observed=finding.observed,
                expected=finding.expected,
                unit=finding.unit,
                source=_source(profile, limit),
                detail=finding.detail,
                evidence=_evidence(inventory, proofs, lines),
            )

        _rules[requirement_id] = judge
        return judge

    return register


def passed(observed: Observed, expected: Observed, unit: str = "", detail: str = "") -> Finding:
    """Return a pass."""
    return Finding(
        kind=VerdictKind.PASS, observed=observed, expected=expected, unit=unit, detail=detail
    )


def failed(observed: Observed, expected: Observed, unit: str = "", detail: str = "") -> Finding:
    """Return a fail."""
    return Finding(
        kind=VerdictKind.FAIL, observed=observed, expected=expected, unit=unit, detail=detail
    )


def judged(
    good: bool,  # noqa: FBT001 - it is what a rule comes down to
    observed: Observed,
    expected: Observed,
    unit: str = "",
    detail: str = "",
) -> Finding:
    """Return a pass or a fail."""
    return (passed if good else failed)(observed, expected, unit, detail)


def unseen(what: str) -> Finding:
    """Return that ``what`` could not be observed."""
    return Finding(kind=VerdictKind.NOT_OBSERVABLE, detail=f"{what} could not be observed")


def evaluate(inventory: Inventory, profile: Profile) -> tuple[Verdict, ...]:
    """Return the verdict of every rule that the profile asks for, in the profile's order.

    Requirements that only a live test can show have no rule and no verdict here.
    """
    verdicts = []
    for id_ in profile.requirement_ids:
        asked = requirement(id_)
        if not asked.is_assessed(inventory.hypervisor.virt_caps or ()):
            verdicts.append(_not_assessed(asked))
        elif id_ in _rules:
            verdicts.append(_rules[id_](inventory, profile))
    return tuple(verdicts)


def _foregone(
    asked: Requirement, inventory: Inventory, profile: Profile, limit: str
) -> Finding | None:
    if inventory.evidence not in asked.observable_on:
        simulated = inventory.evidence is EvidenceClass.SIMULATED
        why = "it runs no Xen" if simulated else asked.hidden_because
        return Finding(
            kind=VerdictKind.NOT_OBSERVABLE,
            detail=f"a {inventory.evidence} host cannot show this: {why}",
        )
    if limit and limit not in profile.limits:
        return Finding(
            kind=VerdictKind.NOT_APPLICABLE,
            detail=f"profile {profile.name} sets no limit {limit}",
        )
    return None


def _not_assessed(asked: Requirement) -> Verdict:
    return Verdict(
        requirement_id=asked.id, kind=VerdictKind.NOT_APPLICABLE, detail=asked.not_assessed
    )


def _source(profile: Profile, limit: str) -> str:
    return profile.limits[limit].source if limit in profile.limits else profile.source


def _evidence(inventory: Inventory, proofs: tuple[str, ...], lines: str) -> tuple[Evidence, ...]:
    found = [(command, inventory.raw[command]) for command in proofs if command in inventory.raw]
    return tuple(Evidence(command=command, output=_only(text, lines)) for command, text in found)


def _only(text: str, lines: str) -> str:
    if not lines:
        return text
    return "".join(line for line in text.splitlines(keepends=True) if re.search(lines, line))
