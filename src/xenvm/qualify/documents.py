"""Verdicts as the JSON that the journal and results.json carry, and back."""

from __future__ import annotations

from collections.abc import Mapping

from xenvm.errors import ParseError
from xenvm.model.verdict import Evidence, Observed, Tier, Verdict, VerdictKind

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
"""Any JSON value."""

EVIDENCE_CHARACTERS = 20_000
"""How much of one command's output is kept; more helps no reader and swells the report."""


def verdict_to_json(verdict: Verdict) -> dict[str, Json]:
    """Return ``verdict`` as results.json spells it, with ``id`` first."""
    return {
        "id": verdict.requirement_id,
        "verdict": verdict.kind.value,
        "observed": verdict.observed,
        "expected": verdict.expected,
        "limit": verdict.limit,
        "unit": verdict.unit,
        "source": verdict.source,
        "detail": verdict.detail,
        "evidence": [
            {"command": e.command, "output": shortened(e.output)} for e in verdict.evidence
        ],
        "duration_s": round(verdict.duration_s, 3),
        "tier": verdict.tier.value if verdict.tier else None,
    }


def verdict_from_json(document: Mapping[str, Json]) -> Verdict:
    """Return the verdict that :func:`verdict_to_json` wrote.

    Raises:
        ParseError: It is no such document.
    """
    try:
        tier = document.get("tier")
        return Verdict(
            requirement_id=str(document["id"]),
            kind=VerdictKind(str(document["verdict"])),
            observed=_observed(document.get("observed")),
            expected=_observed(document.get("expected")),
            limit=_observed(document.get("limit")),
            unit=str(document.get("unit", "")),
            source=str(document.get("source", "")),
            detail=str(document.get("detail", "")),
            evidence=_evidence(document.get("evidence")),
            duration_s=float(str(document.get("duration_s", 0.0))),
            tier=Tier(str(tier)) if tier else None,
        )
    except (KeyError, TypeError, ValueError) as exc:
        raise ParseError(f"this is no verdict: {exc}", text=str(document)) from exc


def shortened(text: str, characters: int = EVIDENCE_CHARACTERS) -> str:
    """Return ``text``, with its middle left out when it is longer than ``characters``."""
    if len(text) <= characters:
        return text
    half = characters // 2
    return f"{text[:half]}\n… {len(text) - 2 * half} characters left out …\n{text[-half:]}"


def _observed(value: Json) -> Observed:
    if isinstance(value, list | dict):
        raise TypeError(f"{value} is no plain value")
    return value


def _evidence(value: Json) -> tuple[Evidence, ...]:
    items = value if isinstance(value, list) else []
    return tuple(
        Evidence(command=str(item["command"]), output=str(item["output"]))
        for item in items
        if isinstance(item, dict)
    )
