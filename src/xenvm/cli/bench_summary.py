"""A run of benchmarks on one screen."""

from __future__ import annotations

from pathlib import Path

from xenvm.model.verdict import VerdictKind
from xenvm.qualify.bench_results import BenchResults, Found, first_line, reasons
from xenvm.qualify.quantities import quantity
from xenvm.qualify.report import REPORT_FILE, duration_text


def summary(results: BenchResults, folder: Path) -> str:
    """Return the run for people: what it is worth first, then a line a metric."""
    width = max(len(one.metric.name) for one in results.found)
    candidate, reference = results.sides
    hinders = (VerdictKind.FAIL, VerdictKind.WARN, VerdictKind.BROKEN, VerdictKind.BLOCKED)
    lines = [
        first_line(results),
        f"{results.label.upper()}: {results.target}, after {duration_text(results.duration_s)}",
        f"  held against {results.held_against}",
        f"  {'metric':<{width}}  {candidate:>10}  {reference:>10}  {'ratio':>5}  outcome",
        *(f"  {_line(one, width)}" for one in results.found),
    ]
    for text, names in reasons(results.found, *hinders).items():
        lines += [f"  {', '.join(names)}:", f"    {text}"]
    if results.interrupted:
        lines.append("  interrupted; what was made on the host was removed")
    if results.restoration.verdict.kind is not VerdictKind.PASS:
        lines.append(f"  the host is not as it was: {results.restoration.verdict.detail}")
    if results.recorded:
        lines.append(f"  recorded as the baseline {results.recorded}")
    lines.append(f"  report: {folder / REPORT_FILE}")
    return "\n".join(lines)


def _line(one: Found, width: int) -> str:
    found, unit = one.measurement, one.metric.unit
    ratio = f"{found.beside_dom0.estimate:.2f}" if found and found.beside_dom0 else "—"
    guest = quantity(found.value if found else None, unit)
    dom0 = quantity(found.dom0_value if found else None, unit)
    return f"{one.metric.name:<{width}}  {guest:>10}  {dom0:>10}  {ratio:>5}  {one.word}"
