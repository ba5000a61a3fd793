"""report.html of a run of benchmarks: one self-contained file, for people; no script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xenvm.model.baseline import Baseline
from xenvm.model.measurement import Interval, Measurement

from .bench_charts import history_svg, intervals_svg, pairs_svg
from .bench_results import BenchResults, Found, Gate, first_line
from .history import EarlierRun
from .native import stale
from .quantities import quantity
from .report import duration_text, known, moment_text, rendered

_TONES = {Gate.OPEN: ("good", "✓"), Gate.CLOSED: ("bad", "✕"), Gate.UNDECIDED: ("open", "?")}
_MARKS = {"measured": "not-applicable", "invalid": "broken"}
"""Outcomes that are no verdicts, and the verdicts whose colour they have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricRow:
    """One metric as the report shows it; all words are ready to print, the plots are SVG."""

    name: str
    title: str
    word: str
    mark: str
    guest: str
    dom0: str
    ratio: str
    native: str
    reason: str
    facts: tuple[tuple[str, str], ...]
    pairs: str
    history: str


def bench_html(
    results: BenchResults, *, history: Sequence[EarlierRun] = (), native: Baseline | None = None
) -> str:
    """Return the report, a whole HTML document.

    Args:
        results: The run.
        history: Earlier runs of the same extent on the same hardware, oldest first.
        native: What the machine does without Xen; None when nobody recorded it.

    Raises:
        MissingExtraError: jinja2 or pygal is not installed.
    """
    tone, seal = _TONES[results.gate] if results.label != "measured" else ("quiet", "≈")
    rows = [_row(one, results, history, native) for one in results.found]
    measurements = [one.measurement for one in results.found if one.measurement]
    return rendered(
        "bench.html.j2",
        results=results,
        first_line=first_line(results),
        tone=tone,
        seal=seal,
        label=results.label[0].upper() + results.label[1:],
        candidate=results.sides[0].capitalize(),
        reference=results.sides[1].capitalize(),
        rows=rows,
        judged=any(m.decisions for m in measurements),
        intervals=intervals_svg(measurements),
        native=native,
        stale=stale(native, results.hardware, results.span_mib) if native else "",
        host_name=results.host.hostname or results.target,
        host_facts=_host_facts(results),
        run_facts=_run_facts(results),
    )


def ratio_text(interval: Interval | None) -> str:
    """Return how the guest compares with Dom0, for people."""
    if interval is None:
        return "—"
    if interval.lower is None or interval.upper is None:
        return f"{interval.estimate:.2f}"
    return f"{interval.estimate:.2f} ({interval.lower:.2f} to {interval.upper:.2f})"


def _row(
    one: Found, results: BenchResults, history: Sequence[EarlierRun], native: Baseline | None
) -> MetricRow:
    metric, measurement = one.metric, one.measurement
    recorded = native.find(metric.name) if native else None
    return MetricRow(
        name=metric.name,
        title=metric.title,
        word=one.word.replace("-", " "),
        mark=_MARKS.get(one.word, one.word),
        guest=quantity(measurement.value if measurement else None, metric.unit),
        dom0=quantity(measurement.dom0_value if measurement else None, metric.unit),
        ratio=ratio_text(measurement.beside_dom0 if measurement else None),
        native=quantity(recorded.rate, metric.unit) if recorded else "",
        reason=one.verdict.detail,
        facts=tuple(_facts(measurement)) if measurement else (),
        pairs=pairs_svg(measurement) if measurement else "",
        history=history_svg(measurement, history, results.started) if measurement else "",
    )


def _facts(measurement: Measurement) -> list[tuple[str, str]]:
    counted, noise = len(measurement.values), measurement.noise
    candidate, reference = measurement.sides
    facts = [
        ("Pairs", f"{counted} of {len(measurement.pairs)} count"),
        (f"{candidate.capitalize()} beside {reference}", ratio_text(measurement.beside_dom0)),
        ("The host's noise asks for a margin of", None if noise is None else f"{noise:.1%}"),
    ]
    facts += [
        (f"Held against {d.source or 'a limit'}", f"{d.outcome}: {d.reason}")
        for d in measurement.decisions
    ]
    details = measurement.pairs[-1].candidate.details if measurement.pairs else {}
    facts += [
        (f"The last pair's {name}, {candidate}", f"{value:.6g}") for name, value in details.items()
    ]
    return known(facts)


def _host_facts(results: BenchResults) -> list[tuple[str, str]]:
    host, hardware = results.host, results.hardware
    disk = " ".join(filter(None, (hardware.disk, hardware.disk_class)))
    speed = f"{hardware.link_mbit_s} Mbit/s" if hardware.link_mbit_s else ""
    return known(
        [
            ("Name", host.hostname),
            ("Machine", hardware.machine),
            ("Firmware", hardware.firmware),
            ("Processor", hardware.cpu),
            ("Disk that was measured", disk),
            ("NIC that was measured", ", ".join(filter(None, (hardware.nic, speed)))),
            ("Xen", host.xen_version),
            ("Dom0 kernel", host.kernel_release),
        ]
    )


def _run_facts(results: BenchResults) -> list[tuple[str, str]]:
    return known(
        [
            ("Run", results.run_id),
            ("Tier", results.tier.value),
            ("Span", f"{results.span_mib} MiB of each device"),
            ("Held against", results.held_against),
            ("Recorded as", results.recorded),
            ("Started", moment_text(results.started)),
            ("Ended", moment_text(results.ended)),
            ("Took", duration_text(results.duration_s)),
            ("Asked for as", results.target),
        ]
    )
