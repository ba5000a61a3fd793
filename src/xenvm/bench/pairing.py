"""Pairs: both legs back to back, in an order drawn for each, until every limit is decided on."""

from __future__ import annotations

import itertools
import math
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from xenvm.model.benchmark import (
    Better,
    Criterion,
    Decision,
    Leg,
    Metric,
    MorePairs,
    Pair,
)
from xenvm.model.measurement import Interval, Measurement

from .decision import ALPHA, decide
from .measuring import Driver
from .signed_rank import bounds, estimate, walsh_averages

Hear = Callable[[Pair], None]
"""Told of every pair, once it is measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """Measures one metric in pairs.

    Attributes:
        driver: Gives the samples.
        metric: The metric.
        hear: Told of every pair.
    """

    driver: Driver
    metric: Metric
    hear: Hear = lambda _pair: None

    def pairs(self) -> Iterator[Pair]:
        """Return pair after pair, without an end: the guest beside Dom0, or alone."""
        return self._pairs(Leg.GUEST, Leg.DOM0 if self.metric.reference else None)

    def null_pairs(self) -> Iterator[Pair]:
        """Return pair after pair of an A/A run: one and the same leg, twice in each."""
        leg = Leg.DOM0 if self.metric.reference else Leg.GUEST
        return self._pairs(leg, leg)

    def _pairs(self, candidate: Leg, reference: Leg | None) -> Iterator[Pair]:
        for number in itertools.count(1):
            pair = self._pair(number, candidate, reference)
            self.hear(pair)
            yield pair

    def _pair(self, number: int, candidate: Leg, reference: Leg | None) -> Pair:
        candidate_first = reference is None or secrets.choice((True, False))
        legs = [candidate] if reference is None else [candidate, reference]
        samples = [
            self.driver.sample(self.metric, leg, number=number)
            for leg in (legs if candidate_first else reversed(legs))
        ]
        if not candidate_first:
            samples.reverse()
        return Pair(
            number=number,
            candidate=samples[0],
            reference=samples[1] if reference is not None else None,
            candidate_first=candidate_first,
        )


def measure(
    metric: Metric,
    pairs: Iterator[Pair],
    criteria: Sequence[Criterion],
    *,
    at_least: int,
    noise: float | None = None,
) -> Measurement:
    """Return what pairs say, after taking as many of them as the decisions need.

    Args:
        metric: The metric.
        pairs: Where they come from.
        criteria: What they are held against; nothing is decided without any.
        at_least: How many are taken even if nothing is to be decided.
        noise: The margin that the host's own noise asks for; None when nobody looked.
    """
    taken = list(itertools.islice(pairs, at_least))
    while True:
        answers = [decide(metric, taken, criterion) for criterion in criteria]
        wanted = max((a.wanted for a in answers if isinstance(a, MorePairs)), default=0)
        if not wanted:
            break
        taken += itertools.islice(pairs, wanted)
    return Measurement(
        metric=metric,
        pairs=tuple(taken),
        decisions=tuple(replace(a, pairs=()) for a in answers if isinstance(a, Decision)),
        beside_dom0=beside(metric, taken),
        noise=noise,
    )


def beside(metric: Metric, pairs: Sequence[Pair]) -> Interval | None:
    """Return how candidates compare with their references; None when no pair has one and counts."""
    both = [(p.candidate.value, p.reference.value) for p in pairs if p.reference and not p.invalid]
    if not both:
        return None
    logs = np.log(np.array(both))
    good = logs[:, 0] - logs[:, 1]
    walsh = walsh_averages(good if metric.better is Better.HIGHER else -good)
    lower, upper = (math.exp(bound) for bound in bounds(walsh, len(both), ALPHA))
    known = math.isfinite(upper)
    return Interval(
        estimate=math.exp(estimate(walsh)),
        lower=lower if known else None,
        upper=upper if known else None,
    )
