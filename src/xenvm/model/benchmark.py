"""What a benchmark of PV I/O measures and decides: metrics, samples, pairs, decisions.

A pair is two measurements back to back: the candidate, which is a guest, and its reference, which
is Dom0 on the same device. A metric without a reference is judged by its rate alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

PAIRS_LEAST = 8
"""Fewer give no bound that is wrong in at most one of 200 cases: 2 to the power -7 is more."""

PAIRS_USUAL = 10


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


class Scale(StrEnum):
    """What of a pair is held against a limit."""

    RATIO = "ratio"
    """Candidate ÷ reference, against a ratio."""
    RATE = "rate"
    """The candidate alone, against a value in the metric's unit."""
    ADDED = "added"
    """How much more the candidate takes than the reference, against a value in the metric's unit;
    for metrics of which less is better."""


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
        samples = [sample for sample in (self.candidate, self.reference) if sample is not None]
        for sample in samples:
            if sample.invalid:
                return sample.invalid
            if not 0 < sample.value < math.inf:
                return f"{sample.leg} gave {sample.value}, no positive number"
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """What a metric is held against.

    Attributes:
        scale: What of a pair is held against the limit.
        limit: A ratio, or a value in the metric's unit.
        enough_rate: Beside a ratio, a rate of the candidate that is enough whatever its ratio, in
            the metric's unit; None for none.
        margin: How far on the bad side of ``limit`` still is no loss, as a fraction; 0 for a floor.
        noise: The margin that the host's own noise asks for, by a run of Dom0 against Dom0, as a
            fraction. Above :data:`xenvm.bench.decision.NOISE_MOST` nothing is decided.
        minimum_pairs: How many pairs the first look takes, :data:`PAIRS_LEAST` at least; the
            second takes as many again.
        source: Where the limit comes from, for people: a thresholds file, a baseline.
    """

    scale: Scale
    limit: float
    enough_rate: float | None = None
    margin: float = 0.0
    noise: float = 0.0
    minimum_pairs: int = PAIRS_USUAL
    source: str = ""

    def __post_init__(self) -> None:
        if not 0 < self.limit < math.inf:
            raise ValueError(f"a limit is a positive number, not {self.limit}")
        if self.enough_rate is not None:
            if self.scale is not Scale.RATIO:
                raise ValueError(f"a rate is enough beside a ratio, not on the scale {self.scale}")
            if not 0 < self.enough_rate < math.inf:
                raise ValueError(f"what is enough is a positive number, not {self.enough_rate}")
        if not (0 <= self.margin < 1 and self.noise >= 0):
            raise ValueError(f"a margin is a fraction, not {self.margin} or {self.noise}")
        if self.minimum_pairs < PAIRS_LEAST:
            raise ValueError(f"{self.minimum_pairs} pairs decide nothing: {PAIRS_LEAST} at least")


@dataclass(frozen=True, slots=True, kw_only=True)
class MorePairs:
    """Nothing can be said yet.

    Attributes:
        wanted: How many more pairs are to be measured before asking again; 1 at least.
    """

    wanted: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a metric's pairs say against its floor.

    Where a ratio or a rate is enough, the figures are of the scale whose outcome stands, and of the
    ratio when that is the outcome on both.

    Attributes:
        metric: The metric.
        outcome: The outcome.
        reason: One sentence, with the numbers.
        pairs: All of them, in the order measured, the invalid ones too.
        estimate: Hodges-Lehmann estimate of candidate ÷ reference on the scale of a ratio, of
            candidate ÷ limit on that of a rate, of candidate ÷ (reference + limit) on that of what
            is added; turned round where lower is better, so that more is always better. None when
            no pair counts.
        lower: One-sided lower bound of the same; None when too few pairs count.
        upper: One-sided upper bound of the same.
        floor: What ``estimate`` must reach: the criterion's ratio, and 1 on the other scales.
        margin: How far below ``floor`` still is no loss, as a fraction.
        source: Where the floor comes from: a thresholds file, a baseline.
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
