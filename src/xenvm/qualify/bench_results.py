"""What a run of benchmarks came to: a verdict a metric, and whether the gate is open."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum

from xenvm.formats.json_fields import json_value
from xenvm.model.baseline import Fingerprint
from xenvm.model.benchmark import Metric
from xenvm.model.inventory import HostIdentity
from xenvm.model.measurement import AGAINST_ITSELF, BESIDE_DOM0, Measurement
from xenvm.model.verdict import EvidenceClass, Tier, Verdict, VerdictKind

from .documents import Json
from .results import Restoration, restoration_to_json

BENCHMARK_FILE = "benchmark.json"
BENCH_SCHEMA = "xenvm-bench/1"
BENCH_KEY = "xenvm"
"""In benchmark.json, beside what is pytest-benchmark's."""


class Gate(StrEnum):
    """What a run decides."""

    OPEN = "open"
    """Nothing that was asked is missing, and no metric lost."""
    CLOSED = "closed"
    """A metric lost, or something was left on the host."""
    UNDECIDED = "undecided"
    """Something that was asked could not be measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One metric, and what the run found on it.

    Attributes:
        metric: The metric.
        verdict: What it is worth.
        measurement: The measurement; None when there is none.
    """

    metric: Metric
    verdict: Verdict
    measurement: Measurement | None = None

    @property
    def word(self) -> str:
        """Return the outcome in one word: of what was held against nothing, only ``measured``."""
        decision = self.measurement.decision if self.measurement else None
        if decision:
            return decision.outcome.value
        if self.measurement:
            return "invalid" if self.measurement.invalid else "measured"
        return self.verdict.kind.value


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchResults:
    """A whole run of benchmarks.

    Attributes:
        run_id: Its four characters.
        evidence: What kind of host it stands on.
        tier: How long its legs are.
        span_mib: How much of a device they drive.
        null: Whether it was an A/A run.
        interrupted: Whether it was ended before its time.
        target: HOST, as the user named it.
        host: Which host.
        hardware: By what the host's hardware is known again.
        limits: What the metrics were held against, in words.
        asked: Whether the user gave them.
        started: ISO 8601, UTC.
        ended: ISO 8601, UTC.
        duration_s: Seconds from start to end.
        found: One per metric, in the catalogue's order.
        restoration: What the run left on the host.
        recorded: The baseline that the run became; empty for none.
    """

    run_id: str
    evidence: EvidenceClass
    tier: Tier
    span_mib: int
    null: bool
    interrupted: bool
    target: str
    host: HostIdentity
    hardware: Fingerprint
    limits: str
    asked: bool
    started: str
    ended: str
    duration_s: float
    found: tuple[Found, ...]
    restoration: Restoration
    recorded: str = ""

    @property
    def mechanism_only(self) -> bool:
        """Return whether the host is no machine, so that its speed says nothing."""
        return self.evidence is not EvidenceClass.HARDWARE

    @property
    def sides(self) -> tuple[str, str]:
        """Return what people call both sides of a pair."""
        return AGAINST_ITSELF if self.null else BESIDE_DOM0

    @property
    def decides(self) -> bool:
        """Return whether any metric was held against something."""
        return any(one.measurement and one.measurement.decisions for one in self.found)

    @property
    def idle(self) -> bool:
        """Return whether the user gave limits and none of them fits: no open gate is meant."""
        return self.asked and not self.decides

    @property
    def held_against(self) -> str:
        """Return what the metrics were held against, for people."""
        fits = ", which asks nothing of these metrics on this hardware" if self.idle else ""
        return f"{self.limits}{fits}"

    @property
    def gate(self) -> Gate:
        """Return what the run decides."""
        kinds = {self.restoration.verdict.kind, *(one.verdict.kind for one in self.found)}
        if VerdictKind.FAIL in kinds:
            return Gate.CLOSED
        hindered = kinds & {VerdictKind.BROKEN, VerdictKind.BLOCKED}
        measured = any(one.measurement for one in self.found)
        undecided = hindered or self.interrupted or self.idle or not measured
        return Gate.UNDECIDED if undecided else Gate.OPEN

    @property
    def label(self) -> str:
        """Return what the run decides, for people; never more than it does."""
        if self.gate is Gate.UNDECIDED:
            return "undecided"
        if self.gate is Gate.OPEN and not self.decides:
            return "measured"
        words = f"{'A/A ' if self.null else ''}gate {self.gate}"
        return f"{words} (mechanism only)" if self.mechanism_only else words


def first_line(results: BenchResults) -> str:
    """Return what must be read before any figure."""
    if results.evidence is EvidenceClass.HARDWARE:
        return "Hardware evidence: Xen runs on the machine itself."
    return (
        f"Mechanism only: {results.evidence} evidence. The figures show that the benchmarks work;"
        " they say nothing of any machine's speed."
    )


def bench_to_json(results: BenchResults) -> dict[str, Json]:
    """Return what benchmark.json says beside pytest-benchmark's part, schema ``xenvm-bench/1``."""
    return {
        "schema": BENCH_SCHEMA,
        "run_id": results.run_id,
        "evidence": results.evidence.value,
        "mechanism_only": results.mechanism_only,
        "gate": results.gate.value,
        "label": results.label,
        "tier": results.tier.value,
        "span_mib": results.span_mib,
        "null": results.null,
        "interrupted": results.interrupted,
        "host": {"target": results.target, **asdict(results.host)},
        "hardware": json_value(results.hardware),
        "limits": results.held_against,
        "recorded": results.recorded,
        "started": results.started,
        "ended": results.ended,
        "duration_s": round(results.duration_s, 3),
        "metrics": [_found_to_json(one) for one in results.found],
        "restoration": restoration_to_json(results.restoration),
    }


def _found_to_json(one: Found) -> dict[str, Json]:
    measurement = one.measurement
    ratio = measurement.beside_dom0 if measurement else None
    decision = measurement.decision if measurement else None
    return {
        "name": one.metric.name,
        "title": one.metric.title,
        "unit": one.metric.unit,
        "verdict": one.verdict.kind.value,
        "outcome": one.word,
        "reason": one.verdict.detail,
        "source": one.verdict.source,
        "value": measurement.value if measurement else None,
        "dom0_value": measurement.dom0_value if measurement else None,
        "ratio": ratio.estimate if ratio else None,
        "bounds": [ratio.lower, ratio.upper] if ratio else None,
        "floor": decision.floor if decision else None,
        "margin": decision.margin if decision else None,
        "noise": measurement.noise if measurement else None,
        "pairs": len(measurement.pairs) if measurement else 0,
    }


def reasons(found: Iterable[Found], *kinds: VerdictKind) -> dict[str, list[str]]:
    """Return which metrics have a verdict of these kinds, by what is said of it."""
    said: dict[str, list[str]] = {}
    for one in found:
        if one.verdict.kind in kinds:
            said.setdefault(one.verdict.detail, []).append(one.metric.name)
    return said
