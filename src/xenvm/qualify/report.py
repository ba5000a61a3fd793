"""report.html: one self-contained file, for people; no script, no network."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from xenvm.errors import MissingExtraError
from xenvm.model.verdict import (
    Evidence,
    EvidenceClass,
    Observed,
    RunVerdict,
    Tier,
    Verdict,
    VerdictKind,
)
from xenvm.spec import requirement

from .documents import shortened
from .results import GOOD, Conclusion, Results

REPORT_FILE = "report.html"

EVIDENCE_TEXT = {
    EvidenceClass.HARDWARE: "Xen runs on the machine itself.",
    EvidenceClass.NESTED: "An emulator or another hypervisor lies underneath this Xen: "
    "mechanisms and counts are real, speed says nothing.",
    EvidenceClass.SIMULATED: "This is libvirt's test driver and no machine: nothing is decided.",
}
"""What each kind of evidence is worth, for people."""

_TONES = {
    RunVerdict.QUALIFIED: ("good", "✓"),
    RunVerdict.NOT_QUALIFIED: ("bad", "✕"),
    RunVerdict.UNDECIDED: ("open", "?"),
}
_LIMIT = re.compile(r"(?:at least|at most|up to|[<>=≤≥])?\s*(\d+(?:\.\d+)?)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One requirement as the report shows it; all words are ready to print."""

    id: str
    title: str
    statement: str
    kind: str
    label: str
    observed: str
    expected: str
    percent: int | None
    source: str
    detail: str
    duration: str
    checked_by: str
    evidence: tuple[Evidence, ...]
    by_hand: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """How many requirements came to one verdict."""

    kind: str
    count: int

    @property
    def text(self) -> str:
        """Return the count and the verdict."""
        return f"{self.count} {self.kind}"


def report_html(results: Results) -> str:
    """Return the report, a whole HTML document.

    Raises:
        MissingExtraError: jinja2 is not installed.
    """
    rows = [_row(conclusion) for conclusion in results.all_conclusions]
    by_id = {row.id: row for row in rows}
    hindering = {c.requirement.id: by_id[c.requirement.id] for c in hindrances(results)}
    tone, seal = _TONES[results.verdict]
    return rendered(
        "report.html.j2",
        results=results,
        rows=rows,
        hindrances=[*hindering.values()],
        others=[row for row in rows if row.id not in hindering],
        not_shown=[row for row in rows if row.id in results.not_shown],
        not_asked=[requirement(id_) for id_ in results.not_asked],
        tally=[Part(kind=kind, count=n) for kind, n in results.counts.items() if n],
        label=results.label.capitalize(),
        tone=tone,
        seal=seal,
        lead=lead(results),
        evidence_text=EVIDENCE_TEXT[results.evidence],
        host_name=results.host.hostname or results.target,
        host_facts=_host_facts(results),
        run_facts=_run_facts(results),
    )


def rendered(template: str, **words: object) -> str:
    """Return a template of ours, filled; whatever is put in is escaped.

    Raises:
        MissingExtraError: jinja2 is not installed.
    """
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 - an extra
    except ImportError as exc:
        raise MissingExtraError("jinja2", "suite") from exc
    environment = Environment(
        loader=PackageLoader("xenvm.qualify"), autoescape=True, undefined=StrictUndefined
    )
    environment.filters["words"] = lambda text: text.replace("-", " ")
    return environment.get_template(template).render(**words)


def hindrances(results: Results) -> list[Conclusion]:
    """Return what keeps the host from qualifying: failures first, then the undecided."""
    asked = {c.requirement.id for c in results.all_conclusions} - {*results.not_shown}
    found = [
        conclusion
        for conclusion in results.all_conclusions
        if conclusion.verdict.kind not in GOOD
        and (conclusion.requirement.id in asked or conclusion.verdict.kind is VerdictKind.FAIL)
    ]
    return sorted(found, key=lambda c: c.verdict.kind is not VerdictKind.FAIL)


def lead(results: Results) -> str:
    """Return one or two sentences that say what the verdict rests on."""
    asked = len(results.conclusions)
    passed = sum(c.verdict.kind is VerdictKind.PASS for c in results.conclusions)
    says = [f"{passed} of {asked} requirements passed."]
    if results.not_shown:
        says.append(f"{len(results.not_shown)} cannot be shown on a {results.evidence} host.")
    went_live = any(c.verdict.tier for c in results.conclusions)
    if went_live and results.tier is Tier.QUICK:
        says.append("The live tests used small numbers (quick), not the profile's limits.")
    if results.not_asked:
        says.append(f"{len(results.not_asked)} more of the profile were not asked.")
    if results.interrupted:
        says.append("The run was interrupted.")
    return " ".join(says)


def percent_of_limit(observed: Observed, expected: Observed) -> int | None:
    """Return how near a count came to its limit, in percent; None when these are no counts."""
    value, limit = _number(observed), _number(expected)
    if value is None or not limit:
        return None
    return round(100 * value / limit)


def shown(value: Observed, unit: str = "") -> str:
    """Return a value with its unit, for people."""
    if value is None:
        return "—"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        value = f"{value:,.2f}".rstrip("0").rstrip(".")
    return f"{value} {unit}".rstrip()


def duration_text(duration_s: float) -> str:
    """Return a length of time for people, such as ``3 min 20 s``."""
    if duration_s < 1:
        return "under 1 s"
    minutes, seconds = divmod(round(duration_s), 60)
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


def moment_text(moment: str) -> str:
    """Return a run's moment for people, such as ``2026-11-26 23:03:07 UTC``; empty for none.

    Args:
        moment: In UTC, as a journal has it: ``2026-11-26T23:03:07.734Z``.
    """
    return f"{moment[:10]} {moment[11:19]} UTC" if moment else ""


def estimate_text(duration_s: float) -> str:
    """Return a length of time that nobody measured yet, such as ``about 3 min 20 s``."""
    text = duration_text(duration_s)
    return text if duration_s < 1 else f"about {text}"


def _number(value: Observed) -> float | None:
    if isinstance(value, str):
        match = _LIMIT.fullmatch(value.strip())
        return float(match[1]) if match else None
    return None if value is None or isinstance(value, bool) else float(value)


def _row(conclusion: Conclusion) -> Row:
    requirement, verdict = conclusion.requirement, conclusion.verdict
    evidence = (Evidence(command=e.command, output=shortened(e.output)) for e in verdict.evidence)
    return Row(
        id=requirement.id,
        title=requirement.title,
        statement=requirement.statement,
        kind=verdict.kind.value,
        label=" (quick)" if verdict.tier is Tier.QUICK else "",
        observed=shown(verdict.observed, verdict.unit),
        expected=_asked(verdict),
        percent=percent_of_limit(
            verdict.observed, verdict.expected if verdict.limit is None else verdict.limit
        ),
        source=verdict.source,
        detail=verdict.detail,
        duration=duration_text(verdict.duration_s),
        checked_by=f"a live test ({verdict.tier})" if verdict.tier else "a rule on the inventory",
        evidence=tuple(evidence),
        by_hand=requirement.by_hand,
    )


def _asked(verdict: Verdict) -> str:
    """Return what was asked, and the profile's limit where a quick test asked less."""
    asked = shown(verdict.expected, verdict.unit)
    return asked if verdict.limit is None else f"{asked}; the limit is {verdict.limit}"


def _host_facts(results: Results) -> list[tuple[str, str]]:
    host = results.host
    machine = " ".join(part for part in (host.manufacturer, host.product_name) if part)
    facts = [
        ("Name", host.hostname),
        ("Machine", machine),
        ("Xen", host.xen_version),
        ("Dom0 kernel", host.kernel_release),
        ("libvirt", host.libvirt_version),
        ("Reached by", host.uri),
    ]
    return known(facts)


def _run_facts(results: Results) -> list[tuple[str, str]]:
    facts = [
        ("Run", results.run_id),
        ("Tier", results.tier.value),
        ("Profile", f"{results.profile.name}: {results.profile.source}"),
        ("Started", moment_text(results.started)),
        ("Ended", moment_text(results.ended)),
        ("Took", duration_text(results.duration_s)),
        ("Asked for as", results.target),
    ]
    return known(facts)


def known(facts: Iterable[tuple[str, str | None]]) -> list[tuple[str, str]]:
    """Return those facts that somebody knows."""
    return [(name, value) for name, value in facts if value]
