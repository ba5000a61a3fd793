"""Explain one verdict of a run: requirement, limit and source, observed, evidence, by hand."""

from __future__ import annotations

import difflib
import json
from pathlib import Path

from xenvm.errors import ParseError, UsageError

from .documents import Json
from .results import RESULTS_FILE, RESULTS_SCHEMA

EVIDENCE_LINES = 40
"""Lines of one command's output that are worth a screen; results.json has all of it."""


def read_results(folder: Path) -> dict[str, Json]:
    """Return a run's results.json.

    Raises:
        UsageError: There is none in ``folder``.
        ParseError: It is not what we write.
    """
    path = folder / RESULTS_FILE
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise UsageError(
            f"{folder} is no run's folder: {RESULTS_FILE}: {exc.strerror}; "
            "give the folder that xenvm qualify named"
        ) from exc
    except ValueError as exc:
        raise ParseError(f"{path} is no JSON: {exc}", path=str(path)) from exc
    if not isinstance(document, dict) or document.get("schema") != RESULTS_SCHEMA:
        raise ParseError(f"{path} is not in the form {RESULTS_SCHEMA}", path=str(path))
    return document


def row_of(document: dict[str, Json], requirement_id: str) -> dict[str, Json]:
    """Return what a run's results say of one requirement.

    Raises:
        UsageError: The run has no such requirement; names the closest.
    """
    rows = document.get("requirements")
    by_id = {
        str(row.get("id")): row
        for row in (rows if isinstance(rows, list) else [])
        if isinstance(row, dict)
    }
    row = by_id.get(requirement_id)
    if row is None:
        close = difflib.get_close_matches(requirement_id.upper(), by_id, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(close)}?" if close else f"it has {', '.join(by_id)}"
        raise UsageError(f"this run has no requirement {requirement_id}: {hint}")
    return row


def explain(document: dict[str, Json], requirement_id: str) -> str:
    """Return the explanation as text; its first line names the evidence class.

    Raises:
        UsageError: The run has no such requirement; names the closest.
    """
    row = row_of(document, requirement_id)
    return "\n".join(
        [
            f"{document.get('evidence')} evidence, run {document.get('run_id')}",
            f"{requirement_id}: {row.get('title')}",
            *_parts(row),
            *_evidence(row.get("evidence")),
            *_by_hand(row.get("by_hand")),
        ]
    )


def _parts(row: dict[str, Json]) -> list[str]:
    unit = f" {row['unit']}" if row.get("unit") else ""
    lower = row.get("limit") is not None  # a quick test asks less than the profile
    took = f"{row.get('duration_s')} s"
    parts = (
        ("requirement", row.get("statement")),
        ("verdict", row.get("verdict")),
        ("why", row.get("detail")),
        ("asked", _with_unit(row.get("expected"), unit) if lower else None),
        ("limit", _with_unit(row.get("limit") if lower else row.get("expected"), unit)),
        ("source", row.get("source")),
        ("observed", _with_unit(row.get("observed"), unit)),
        ("checked by", f"a live test ({row['tier']}), {took}" if row.get("tier") else "a rule"),
    )
    return [f"  {name:<12} {value}" for name, value in parts if value not in {None, ""}]


def _with_unit(value: Json, unit: str) -> str | None:
    return None if value is None else f"{value}{unit}"


def _evidence(items: Json) -> list[str]:
    lines = []
    for item in items if isinstance(items, list) else []:
        if isinstance(item, dict):
            output = str(item.get("output", "")).splitlines()
            lines += ["", f"  $ {item.get('command')}"]
            lines += [f"  | {line}" for line in output[:EVIDENCE_LINES]]
            if len(output) > EVIDENCE_LINES:
                lines.append(f"  | … {len(output) - EVIDENCE_LINES} more lines in {RESULTS_FILE}")
    return lines


def _by_hand(text: Json) -> list[str]:
    return (
        ["", "  by hand:", *(f"    {line}" for line in text.splitlines())]
        if isinstance(text, str) and text
        else []
    )
