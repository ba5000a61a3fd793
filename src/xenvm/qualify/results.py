"""From verdicts to a run's worth: what each requirement came to, and whether the host qualifies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

from xenvm.model.inventory import HostIdentity
from xenvm.model.profile import CheckKind, Profile, Requirement
from xenvm.model.verdict import (
    EvidenceClass,
    Observed,
    RunVerdict,
    Tier,
    Verdict,
    VerdictKind,
    gravest,
)

from .documents import Json, verdict_to_json

RESULTS_FILE = "results.json"
RESULTS_SCHEMA = "xenvm-results/1"

RESTORED = Requirement(
    id="XENVM-RESTORED",
    title="The host is left as it was found",
    statement="Domains, bridges, network links, loop devices, volumes, run folders and xenstore "
    "are after the run what they were before it.",
    section="",
    quote="",
    check=CheckKind.LIVE,
    observable_on=frozenset(EvidenceClass),
    by_hand="xl list; ls /sys/class/net; losetup -l; lvs; ls /var/lib/xenvm/runs; "
    "xenstore-list /local/domain",
)
"""Asked of every run, whatever the profile."""

GOOD = frozenset({VerdictKind.PASS, VerdictKind.WARN, VerdictKind.NOT_APPLICABLE})
"""Verdicts that do not stand in the way of a qualification."""

FINAL = frozenset({VerdictKind.PASS, VerdictKind.WARN, VerdictKind.FAIL})
"""Verdicts that a resumed run keeps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """One requirement and what the run found on it."""

    requirement: Requirement
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Restoration:
    """What the run left on the host.

    Attributes:
        verdict: The verdict on ``XENVM-RESTORED``.
        left: What is there now and was not before, as (kind, name).
        missing: What was there before and is not now.
        removed_late: What the tests left and the run removed in their place.
    """

    verdict: Verdict
    left: tuple[tuple[str, str], ...] = ()
    missing: tuple[tuple[str, str], ...] = ()
    removed_late: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """A whole run, as results.json holds it.

    Attributes:
        run_id: Its four characters.
        evidence: What kind of host it stands on.
        verdict: What it is worth.
        tier: How far the live tests went.
        partial: Whether only some of the profile's requirements were asked.
        interrupted: Whether it was ended before its time.
        target: HOST, as the user named it.
        host: Which host.
        profile: What was asked.
        started: ISO 8601, UTC.
        ended: ISO 8601, UTC.
        duration_s: Seconds from start to end.
        conclusions: One per requirement, in the profile's order.
        restoration: What the run left on the host.
    """

    run_id: str
    evidence: EvidenceClass
    verdict: RunVerdict
    tier: Tier
    partial: bool
    interrupted: bool
    target: str
    host: HostIdentity
    profile: Profile
    started: str
    ended: str
    duration_s: float
    conclusions: tuple[Conclusion, ...]
    restoration: Restoration

    @property
    def all_conclusions(self) -> tuple[Conclusion, ...]:
        """Return the profile's requirements, and the run's own on the restoration."""
        own = Conclusion(requirement=RESTORED, verdict=self.restoration.verdict)
        return (*self.conclusions, own)

    @property
    def not_shown(self) -> tuple[str, ...]:
        """Return the requirements that this kind of host cannot show, whatever it is."""
        return tuple(
            conclusion.requirement.id
            for conclusion in self.conclusions
            if conclusion.verdict.kind is VerdictKind.NOT_OBSERVABLE
            and self.evidence not in conclusion.requirement.observable_on
        )

    @property
    def not_asked(self) -> tuple[str, ...]:
        """Return the profile's requirements that this run left out: by its tier, or by --only."""
        asked = {conclusion.requirement.id for conclusion in self.conclusions}
        return tuple(id_ for id_ in self.profile.requirement_ids if id_ not in asked)

    @property
    def counts(self) -> dict[str, int]:
        """Return how many of the profile's requirements came to which verdict, 0 included."""
        seen = Counter(c.verdict.kind for c in self.conclusions)
        return {kind.value: seen[kind] for kind in VerdictKind}

    @property
    def label(self) -> str:
        """Return the verdict for people: a quick or partial one never looks like a whole one."""
        limits = []
        if self.tier is Tier.QUICK and self.verdict is RunVerdict.QUALIFIED:
            limits.append("quick")
        if self.partial:
            limits.append("partial")
        words = self.verdict.value.replace("-", " ")
        return f"{words} ({', '.join(limits)})" if limits else words


def merged(verdicts: Sequence[Verdict]) -> Verdict:
    """Return one requirement's verdict out of several: the gravest, with everybody's evidence.

    Among equally grave ones a live test speaks before a static rule, as it says more.

    Raises:
        ValueError: There is none.
    """
    kind = gravest(verdict.kind for verdict in verdicts)
    speakers = [verdict for verdict in verdicts if verdict.kind is kind]
    speakers.sort(key=lambda verdict: verdict.tier is None)
    first = speakers[0]
    loudest = [verdict for verdict in speakers if verdict.tier is first.tier]
    return Verdict(
        requirement_id=first.requirement_id,
        kind=kind,
        observed=_joined([verdict.observed for verdict in loudest]),
        expected=_joined([verdict.expected for verdict in loudest]),
        limit=first.limit,
        unit=first.unit,
        source=next((v.source for v in (*speakers, *verdicts) if v.source), ""),
        detail="; ".join(dict.fromkeys(v.detail for v in loudest if v.detail)),
        evidence=tuple(dict.fromkeys(e for v in verdicts for e in v.evidence)),
        duration_s=sum(verdict.duration_s for verdict in verdicts),
        tier=first.tier,
    )


def _joined(values: Sequence[Observed]) -> Observed:
    """Return the first value, or all of them when they are words."""
    words = [value for value in dict.fromkeys(values) if isinstance(value, str)]
    return ", ".join(words) if len(words) > 1 else values[0]


def concluded(
    requirement: Requirement,
    *,
    rule: Verdict | None,
    live: Sequence[Verdict],
    evidence: EvidenceClass,
) -> Verdict:
    """Return what one requirement came to.

    What this kind of host cannot show stays not-observable, whatever a rule or a test believes to
    have seen. A live requirement whose test did not run is not passed by its rule alone, though
    a rule may fail it.

    Args:
        requirement: What was asked.
        rule: The static rule's verdict, where there is a rule.
        live: The live tests' verdicts.
        evidence: What kind of host it is.
    """
    if rule is not None and rule.kind is VerdictKind.NOT_APPLICABLE:
        return rule
    if evidence not in requirement.observable_on:
        return _not_shown(requirement, rule, evidence)
    verdicts = [*live, *([rule] if rule else [])]
    if requirement.check is CheckKind.LIVE and not live:
        verdicts.append(_without(requirement, VerdictKind.BROKEN, "its live test did not run"))
    if not verdicts:
        verdicts.append(_without(requirement, VerdictKind.BROKEN, "no rule and no test gave one"))
    return merged(verdicts)


def _not_shown(requirement: Requirement, rule: Verdict | None, evidence: EvidenceClass) -> Verdict:
    if rule is not None and rule.kind is VerdictKind.NOT_OBSERVABLE:
        return rule
    detail = f"a {evidence} host cannot show this: {requirement.hidden_because or 'it runs no Xen'}"
    return _without(requirement, VerdictKind.NOT_OBSERVABLE, detail, rule)


def _without(
    requirement: Requirement, kind: VerdictKind, detail: str, rule: Verdict | None = None
) -> Verdict:
    evidence = rule.evidence if rule else ()
    source = rule.source if rule else ""
    return Verdict(
        requirement_id=requirement.id, kind=kind, detail=detail, evidence=evidence, source=source
    )


def run_verdict(
    kinds: Mapping[str, VerdictKind], asked: Iterable[Requirement], evidence: EvidenceClass
) -> RunVerdict:
    """Return what a run is worth; one that shows nothing of the profile decides nothing.

    Args:
        kinds: The verdict on each requirement, by id; one that is missing hinders like a broken
            one.
        asked: The requirements that had to be shown.
        evidence: What kind of host it is; a simulated one never qualifies.
    """
    if VerdictKind.FAIL in kinds.values():
        return RunVerdict.NOT_QUALIFIED
    needed = {r.id for r in asked if evidence in r.observable_on}
    shown = needed - {RESTORED.id} and all(kinds.get(id_) in GOOD for id_ in needed)
    hindered = {VerdictKind.BROKEN, VerdictKind.BLOCKED} & {*kinds.values()}
    if evidence is EvidenceClass.SIMULATED or hindered or not shown:
        return RunVerdict.UNDECIDED
    return RunVerdict.QUALIFIED


def results_to_json(results: Results) -> dict[str, Json]:
    """Return the document that results.json holds, schema ``xenvm-results/1``."""
    profile = results.profile
    return {
        "schema": RESULTS_SCHEMA,
        "run_id": results.run_id,
        "evidence": results.evidence.value,
        "verdict": results.verdict.value,
        "label": results.label,
        "tier": results.tier.value,
        "partial": results.partial,
        "interrupted": results.interrupted,
        "host": {"target": results.target, **asdict(results.host)},
        "profile": {"name": profile.name, "title": profile.title, "source": profile.source},
        "started": results.started,
        "ended": results.ended,
        "duration_s": round(results.duration_s, 3),
        "counts": {**results.counts},
        "not_shown": [*results.not_shown],
        "not_asked": [*results.not_asked],
        "requirements": [_conclusion_to_json(c) for c in results.all_conclusions],
        "restoration": restoration_to_json(results.restoration),
    }


def restoration_to_json(restoration: Restoration) -> dict[str, Json]:
    """Return what a run's document says of what it left on the host."""
    return {
        "verdict": restoration.verdict.kind.value,
        "left": _things(restoration.left),
        "missing": _things(restoration.missing),
        "removed_late": _things(restoration.removed_late),
    }


def _conclusion_to_json(conclusion: Conclusion) -> dict[str, Json]:
    requirement = conclusion.requirement
    found = verdict_to_json(conclusion.verdict)
    return {
        "id": requirement.id,
        "title": requirement.title,
        **{key: value for key, value in found.items() if key != "id"},
        "check": requirement.check.value,
        "section": requirement.section,
        "statement": requirement.statement,
        "by_hand": requirement.by_hand,
    }


def _things(things: Iterable[tuple[str, str]]) -> list[Json]:
    return [{"kind": kind, "name": name} for kind, name in things]
