"""What a benchmark of PV I/O measures and decides: metrics, samples, pairs, decisions.

A pair is two measurements back to back: the candidate, which is a guest, and its reference, which
is Dom0 on the same device. A metric without a reference is judged by its rate alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Better(StrEnum):
    """Which way is good."""

    HIGHER = "higher"
    LOWER = "lower"


class Leg(StrEnum):
    """Who drives the device."""

    GUEST = "guest"
    DOM0 = "dom0"
    NATIVE = "native"
    """The same machine without Xen; stored, never part of a pair."""


class Outcome(StrEnum):
    """What the pairs say of a metric."""

    PASS = "pass"  # noqa: S105 - an outcome, no password
    FAIL = "fail"
    WARN = "warn"
    """Too noisy or too close to say; never closes the gate."""
    INVALID = "invalid"
    """Something other than the device was measured; never a pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One figure that a benchmark gives.

    Attributes:
        name: Its key in thresholds and documents, such as ``block.lvm.seqread``.
        title: What a person reads.
        unit: The unit of its values, such as ``bytes/s``, ``1/s`` or ``s``.
        better: Which way is good.
        reference: Whether it is measured in pairs against Dom0.
    """

    name: str
    title: str
    unit: str
    better: Better = Better.HIGHER
    reference: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One leg's measurement.

    Attributes:
        leg: Who drove the device.
        value: In the metric's unit, by the measuring program's clock.
        invalid: Why the sample counts for nothing; empty if it counts.
        details: Further figures of the same measurement, by name with unit: ``p99_s``.
    """

    leg: Leg
    value: float
    invalid: str = ""
    details: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two samples back to back, or a single one of a metric without a reference.

    Attributes:
        number: From 1, within its metric.
        candidate: The guest's.
        reference: Dom0's; None for a metric without one.
        candidate_first: Which of the two was measured first, drawn per pair.
    """

    number: int
    candidate: Sample
    reference: Sample | None = None
    candidate_first: bool = True

    @property
    def invalid(self) -> str:
        """Return why the pair counts for nothing; empty if it counts."""
        if self.candidate.invalid or self.reference is None:
            return self.candidate.invalid
        return self.reference.invalid


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a metric's pairs say against its floor.

    Attributes:
        metric: The metric.
        outcome: The outcome.
        reason: One sentence, with the numbers.
        pairs: All of them, in the order measured, the invalid ones too.
        estimate: Hodges-Lehmann estimate of candidate ÷ reference, or of candidate ÷ floor for a
            metric without a reference; turned round where lower is better, so that above 1 is
            always good. None when no pair counts.
        lower: One-sided lower bound of the same.
        upper: One-sided upper bound of the same.
        floor: The ratio that must be reached.
        margin: How far below ``floor`` still is no loss, as a fraction.
        source: Where the floor comes from: a thresholds file and key, a baseline.
    """

    metric: Metric
    outcome: Outcome
    reason: str
    pairs: tuple[Pair, ...]
    estimate: float | None = None
    lower: float | None = None
    upper: float | None = None
    floor: float | None = None
    margin: float | None = None
    source: str = ""
