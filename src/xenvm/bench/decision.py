"""The gate: what pairs say against a limit, with a known rate of false alarms; pure.

Of each pair counts the logarithm of how good the candidate is: candidate ÷ reference, turned round
where less is better. The gate closes when the whole exact signed-rank interval lies below the
limit, and passes when none of it does; else it asks for as many pairs again, once. Where a ratio
or a rate is enough, each look takes both intervals of the same pairs, and the better one stands.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from scipy.stats import median_abs_deviation

from xenvm.model.baseline import BaselineFigure
from xenvm.model.benchmark import (
    PAIRS_USUAL,
    Better,
    Criterion,
    Decision,
    Metric,
    MorePairs,
    Outcome,
    Pair,
    Scale,
)
from xenvm.model.thresholds import USUAL_MARGIN, Threshold

from .signed_rank import Floats, bounds, estimate, walsh_averages

ALPHA = 0.005
"""The chance of each look to close the gate on a host that is exactly at the limit."""

LOOKS = 2

NOISE_MOST = 0.15
"""A host that asks for a wider margin is too noisy to decide anything on."""

_NOISE_SPREADS = 3
"""So many standard errors of the estimate are the margin that noise asks for."""

_BEST_FIRST = (Outcome.PASS, Outcome.WARN, Outcome.FAIL)
"""Of what one look may say by a ratio and by a rate, where one of both is enough."""

_INVALID_ONE_IN = 5
"""A look makes up for this share of invalid pairs; with more, something is wrong."""


def decide(metric: Metric, pairs: Sequence[Pair], criterion: Criterion) -> Decision | MorePairs:
    """Return what ``pairs`` say, or how many more must be measured first.

    Further pairs never change what was decided: each look takes the first so many that count.

    Args:
        metric: The metric.
        pairs: All that were measured, in their order, the invalid ones too.
        criterion: What they are held against.

    Raises:
        ValueError: A pair lacks the reference that the criterion needs.
    """
    first = _look(metric, pairs, criterion, wanted=criterion.minimum_pairs)
    is_open = isinstance(first, Decision) and first.outcome is Outcome.WARN
    if not is_open or criterion.noise > NOISE_MOST:
        return first
    return _look(metric, pairs, criterion, wanted=LOOKS * criterion.minimum_pairs)


def noise_margin(
    metric: Metric, pairs: Sequence[Pair], *, minimum_pairs: int = PAIRS_USUAL
) -> float:
    """Return the margin that a host's own noise asks for, as a fraction; 0 without two pairs.

    It is three standard errors of the estimate that the gate will make, by the median absolute
    deviation of the pairs, which a few slow runs do not widen.

    Args:
        metric: The metric.
        pairs: Of an A/A run: the same leg, measured twice in each.
        minimum_pairs: How many pairs the gate will take.
    """
    ratios = _logs(metric, pairs, Criterion(scale=Scale.RATIO, limit=1))
    if len(ratios) <= 1:
        return 0.0
    spread = float(median_abs_deviation(ratios, scale="normal")) / math.sqrt(minimum_pairs)
    return -math.expm1(-_NOISE_SPREADS * spread)


def is_sound(pairs: Sequence[Pair]) -> bool:
    """Return whether so many of ``pairs`` count that something may be concluded from them."""
    invalid = sum(bool(pair.invalid) for pair in pairs)
    return invalid < len(pairs) and invalid <= len(pairs) // _INVALID_ONE_IN


def figure(metric: Metric, pairs: Sequence[Pair]) -> BaselineFigure:
    """Return what ``pairs`` gave, for a baseline.

    Raises:
        ValueError: No pair counts.
    """
    counted = [pair for pair in pairs if not pair.invalid]
    if not counted:
        raise ValueError(f"none of {len(pairs)} pairs of {metric.name} counts")
    values = np.log([pair.candidate.value for pair in counted])
    ratio = None
    if metric.reference:
        ratios = _logs(metric, counted, Criterion(scale=Scale.RATIO, limit=1))
        ratio = math.exp(estimate(walsh_averages(ratios)))
    rate = math.exp(estimate(walsh_averages(values)))
    return BaselineFigure(metric=metric.name, rate=rate, ratio=ratio, pairs=len(counted))


def criteria(
    metric: Metric,
    threshold: Threshold | None,
    baseline: BaselineFigure | None,
    *,
    noise: float = 0.0,
) -> tuple[Criterion, ...]:
    """Return what a metric is held against: its floor, its baseline, both or nothing.

    Args:
        metric: The metric.
        threshold: What the thresholds say of it; None when they say nothing.
        baseline: What the same hardware gave before; None when there is none.
        noise: What :func:`noise_margin` said; 0 when no A/A run was made.
    """
    if threshold is None:
        scale = Scale.RATIO if metric.reference else Scale.RATE
        threshold = Threshold(metrics=(metric.name,), scale=scale, margin=USUAL_MARGIN[scale])
    least = threshold.minimum_pairs
    found = []
    if threshold.limit is not None:
        floor = Criterion(
            scale=threshold.scale,
            limit=threshold.limit,
            enough_rate=threshold.enough_rate,
            noise=noise,
            minimum_pairs=least,
            source=threshold.source,
        )
        found.append(floor)
    if baseline is not None:
        by_rate = threshold.scale is Scale.RATE or baseline.ratio is None
        before = Criterion(
            scale=Scale.RATE if by_rate else Scale.RATIO,
            limit=baseline.rate if baseline.ratio is None or by_rate else baseline.ratio,
            margin=max(threshold.margin, noise),
            noise=noise,
            minimum_pairs=least,
            source="the baseline",
        )
        found.append(before)
    return tuple(found)


def _look(
    metric: Metric, pairs: Sequence[Pair], criterion: Criterion, *, wanted: int
) -> Decision | MorePairs:
    invalid_most = wanted // _INVALID_ONE_IN
    taken = _first(pairs, wanted, invalid_most)
    invalid = [pair.invalid for pair in taken if pair.invalid]
    if len(invalid) > invalid_most:
        why = f"{len(invalid)} of {len(taken)} pairs do not count: {invalid[-1]}"
        return Decision(
            metric=metric,
            outcome=Outcome.INVALID,
            reason=why,
            pairs=tuple(pairs),
            source=criterion.source,
        )
    counted = len(taken) - len(invalid)
    if counted < wanted:
        return MorePairs(wanted=wanted - counted)
    return _best(
        [_judge(metric, pairs, _logs(metric, taken, one), one) for one in _each_enough(criterion)]
    )


def _first(pairs: Sequence[Pair], wanted: int, invalid_most: int) -> Sequence[Pair]:
    """Return the pairs up to that with which enough of them count, or too many do not; or all."""
    invalid = 0
    for number, pair in enumerate(pairs, start=1):
        invalid += bool(pair.invalid)
        if invalid > invalid_most or number - invalid == wanted:
            return pairs[:number]
    return pairs


def _each_enough(criterion: Criterion) -> Iterator[Criterion]:
    """Yield what is enough alone: the criterion by its own scale, and by the rate if it has one."""
    yield replace(criterion, enough_rate=None)
    if criterion.enough_rate is not None:
        yield replace(criterion, scale=Scale.RATE, limit=criterion.enough_rate, enough_rate=None)


def _best(found: Sequence[Decision]) -> Decision:
    """Return the first of the best of what one look found, with the reasons of all."""
    best = min(found, key=lambda one: _BEST_FIRST.index(one.outcome))
    if len(found) == 1:
        return best
    reasons = "; ".join(one.reason for one in found)
    return replace(best, reason=f"{reasons}; one of both has to hold")


def _judge(metric: Metric, pairs: Sequence[Pair], logs: Floats, criterion: Criterion) -> Decision:
    walsh = walsh_averages(logs)
    lower, upper = bounds(walsh, len(logs), ALPHA)
    floor = criterion.limit if criterion.scale is Scale.RATIO else 1.0
    limit = math.log(floor) + math.log1p(-criterion.margin)
    outcome, said = _outcome(float(lower), float(upper), limit, criterion.noise)
    middle, low, high = map(math.exp, (estimate(walsh), lower, upper))
    return Decision(
        metric=metric,
        outcome=outcome,
        reason=f"{middle:.3f} ({low:.3f} to {high:.3f}) of {_against(metric, criterion)}"
        f" in {len(logs)} pairs: {said}",
        pairs=tuple(pairs),
        estimate=middle,
        lower=low,
        upper=high,
        floor=floor,
        margin=criterion.margin,
        source=criterion.source,
    )


def _outcome(lower: float, upper: float, limit: float, noise: float) -> tuple[Outcome, str]:
    shown = f"{math.exp(limit):.3f}"
    if noise > NOISE_MOST:
        margins = f"a margin of {noise:.0%}, and with more than {NOISE_MOST:.0%}"
        return Outcome.WARN, f"the host's noise asks for {margins} nothing is decided"
    if upper < limit:
        return Outcome.FAIL, f"below {shown}"
    if lower >= limit:
        return Outcome.PASS, f"not below {shown}"
    return Outcome.WARN, f"too close to {shown} to say"


def _logs(metric: Metric, pairs: Sequence[Pair], criterion: Criterion) -> Floats:
    """Return how good the candidate is in each pair that counts, as logarithms."""
    values = np.array([pair.candidate.value for pair in pairs if not pair.invalid])
    against = np.array([_yardstick(pair, criterion) for pair in pairs if not pair.invalid])
    logs: Floats = np.log(values) - np.log(against)
    return logs if metric.better is Better.HIGHER else -logs


def _yardstick(pair: Pair, criterion: Criterion) -> float:
    if criterion.scale is Scale.RATE:
        return criterion.limit
    if pair.reference is None:
        raise ValueError(f"pair {pair.number} has no reference, and its ratio is to be judged")
    return pair.reference.value + (criterion.limit if criterion.scale is Scale.ADDED else 0.0)


def _against(metric: Metric, criterion: Criterion) -> str:
    limit = f"{criterion.limit:g} {metric.unit}"
    other = "Dom0" if metric.reference else "itself"
    words = {Scale.RATIO: other, Scale.RATE: limit, Scale.ADDED: f"Dom0 and {limit}"}
    return words[criterion.scale]
