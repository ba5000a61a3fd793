"""Measures a metric for a benchmark: noise, pairs, decisions, and what is told of them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from xenvm.bench.decision import is_sound, noise_margin
from xenvm.bench.measuring import Driver
from xenvm.bench.pairing import Pairing, measure
from xenvm.bench.replay import CLOCK, Benchmark
from xenvm.errors import BlockedError, DeviceInUseError, NotAllowedError, OutOfSpaceError
from xenvm.formats.measurement_json import extra_info, statistics_s
from xenvm.model.baseline import Baseline
from xenvm.model.benchmark import Criterion, Decision, Metric, Outcome, Pair, Scale
from xenvm.model.measurement import Measurement
from xenvm.model.verdict import Tier, VerdictKind

from .checking import Attempt, Finding
from .limits import Limits
from .quantities import quantity

PAIRS = 10
"""How many are measured where nothing asks for a number; with fewer there is no interval."""

NULL_PAIRS = {Tier.QUICK: 5, Tier.FULL: 10}
"""How many pairs of the same leg tell the noise, where something is to be decided."""

LEAST_MARGIN = 0.05
"""Of an A/A run against itself, as of every comparison with a baseline."""

_KINDS = {
    Outcome.PASS: VerdictKind.PASS,
    Outcome.FAIL: VerdictKind.FAIL,
    Outcome.WARN: VerdictKind.WARN,
    Outcome.INVALID: VerdictKind.BROKEN,
}

Progress = Callable[[float, str], None]
Gauging = Callable[[Driver, str], None]
"""The type of the ``gauge`` fixture: measures a metric by its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """Measures metrics in one run.

    Attributes:
        limits: What they are held against.
        tier: How far the run goes.
        progress: Told how far a metric is, from 0 to 1, and what its last pair gave.
        pairs: How many are measured where nothing asks for a number.
        null: Whether this is an A/A run: one and the same leg against itself.
        once: Whether one pair is enough, to see that it works.
    """

    limits: Limits
    tier: Tier
    progress: Progress
    pairs: int = PAIRS
    null: bool = False
    once: bool = False

    def measure(self, driver: Driver, metric: Metric) -> Measurement:
        """Return a metric, measured."""
        if self.once:
            return measure(metric, Pairing(driver=driver, metric=metric).pairs(), (), at_least=1)
        pairing = Pairing(driver=driver, metric=metric, hear=self._hear(metric))
        asked = [_against_itself(0.0)] if self.null else self.limits.criteria(metric)
        if not asked:
            return measure(metric, pairing.pairs(), (), at_least=self.pairs)
        return self._decided(pairing, max(criterion.minimum_pairs for criterion in asked))

    def _decided(self, pairing: Pairing, minimum_pairs: int) -> Measurement:
        """Return a metric, measured and held against its limits; how noisy it is comes first."""
        metric = pairing.metric
        null = [*islice(pairing.null_pairs(), NULL_PAIRS[self.tier])]
        if not is_sound(null):
            taken = measure(metric, pairing.pairs(), (), at_least=1)
            return replace(taken, decisions=(_without_noise(metric, null),))
        noise = noise_margin(metric, null, minimum_pairs=minimum_pairs)
        if self.null:
            itself = [_against_itself(noise)]
            return measure(metric, pairing.null_pairs(), itself, at_least=0, noise=noise)
        found = self.limits.criteria(metric, noise=noise)
        return measure(metric, pairing.pairs(), found, at_least=0, noise=noise)

    def tell(self, driver: Driver, metric: Metric, benchmark: Benchmark, attempt: Attempt) -> None:
        """Measure a metric, replay the guest's times into a benchmark, and give the verdict.

        Args:
            driver: Gives the samples.
            metric: The metric.
            benchmark: pytest-benchmark's fixture, whose timer is :data:`xenvm.bench.replay.CLOCK`.
            attempt: The test.
        """
        if metric not in driver.metrics:
            why = "this host has no room for that many guests"
            if self.once:
                why = "fewer guests are enough to see that it works"
            attempt.give(metric.name, VerdictKind.NOT_OBSERVABLE, detail=why)
            return
        measurement = self.measure(driver, metric)
        benchmark.extra_info |= extra_info(measurement)
        values = measurement.values or [pair.candidate.value for pair in measurement.pairs]
        CLOCK.replay(benchmark, [statistics_s(metric, value) for value in values])
        kind, finding = verdict_on(
            measurement, gates=self.limits.gates, baseline=self.limits.baseline
        )
        attempt.give(metric.name, kind, **finding)

    def _hear(self, metric: Metric) -> Callable[[Pair], None]:
        expected = self.pairs + (NULL_PAIRS[self.tier] if self.limits.gates or self.null else 0)
        heard: list[Pair] = []

        def hear(pair: Pair) -> None:
            heard.append(pair)
            self.progress(len(heard) / max(expected, len(heard) + 1), pair_text(metric, pair))

        return hear


def verdict_on(
    measurement: Measurement, *, gates: bool, baseline: Baseline | None = None
) -> tuple[VerdictKind, Finding]:
    """Return what a measurement is worth, and what was found.

    Args:
        measurement: The measurement.
        gates: Whether the host's speed is judged at all.
        baseline: What the host gave before; None when nothing is compared.
    """
    decision = measurement.decision
    if decision is None:
        why = "nothing asks for more" if gates else "an emulated host's speed says nothing"
        if baseline and not baseline.find(measurement.metric.name):
            why = f"the baseline of {baseline.recorded_at} has no figure of it"
        kind = VerdictKind.NOT_APPLICABLE if gates else VerdictKind.NOT_OBSERVABLE
        if measurement.invalid:
            kind, why = VerdictKind.BROKEN, measurement.invalid
        metric = measurement.metric
        return kind, Finding(observed=measurement.value, unit=metric.unit, detail=why)
    return _KINDS[decision.outcome], Finding(
        observed=decision.estimate,
        expected=decision.floor,
        source=decision.source,
        detail=f"{decision.outcome}: {decision.reason}",
    )


def pair_text(metric: Metric, pair: Pair) -> str:
    """Return what a pair gave, for people."""
    if pair.invalid:
        return f"pair {pair.number} is invalid: {pair.invalid}"
    text = f"pair {pair.number}: {quantity(pair.candidate.value, metric.unit)}"
    if pair.reference:
        text += f" against {quantity(pair.reference.value, metric.unit)}"
    return text


@contextlib.contextmanager
def provided() -> Iterator[None]:
    """Make blocked benchmarks of what the user has to provide first.

    Yields:
        Nothing; make the rig inside.

    Raises:
        BlockedError: Something is not allowed, in use, or too small.
    """
    try:
        yield
    except (NotAllowedError, DeviceInUseError, OutOfSpaceError) as exc:
        raise BlockedError(str(exc)) from exc


def _without_noise(metric: Metric, null: Sequence[Pair]) -> Decision:
    """Return the decision where an A/A run tells nothing of the noise; it is not taken for none."""
    invalid = [pair.invalid for pair in null if pair.invalid]
    return Decision(
        metric=metric,
        outcome=Outcome.INVALID,
        reason=f"the host's noise cannot be told: {len(invalid)} of {len(null)} pairs of the A/A"
        f" run do not count: {invalid[-1]}",
        pairs=(),
    )


def _against_itself(noise: float) -> Criterion:
    margin = max(LEAST_MARGIN, noise)
    return Criterion(scale=Scale.RATIO, limit=1.0, margin=margin, noise=noise, source="itself")
