"""The gate: what pairs say against a limit, with a known rate of false alarms; pure."""

from __future__ import annotations

from collections.abc import Sequence

from xenvm.model.baseline import BaselineFigure
from xenvm.model.benchmark import Criterion, Decision, Metric, MorePairs, Pair
from xenvm.model.thresholds import Threshold

NOISE_MOST = 0.15
"""A host that asks for a wider margin is too noisy to decide anything on."""


def decide(metric: Metric, pairs: Sequence[Pair], criterion: Criterion) -> Decision | MorePairs:
    """Return what ``pairs`` say, or how many more must be measured first.

    Further pairs never change what was decided: each look takes the first so many that count.

    Args:
        metric: The metric.
        pairs: All that were measured, in their order, the invalid ones too.
        criterion: What they are held against.
    """
    raise NotImplementedError


def noise_margin(metric: Metric, pairs: Sequence[Pair], *, minimum_pairs: int = 10) -> float:
    """Return the margin that a host's own noise asks for, as a fraction.

    Args:
        metric: The metric.
        pairs: Of an A/A run: the same leg, measured twice in each.
        minimum_pairs: How many pairs the gate will take.
    """
    raise NotImplementedError


def figure(metric: Metric, pairs: Sequence[Pair]) -> BaselineFigure:
    """Return what ``pairs`` gave, for a baseline.

    Raises:
        ValueError: No pair counts.
    """
    raise NotImplementedError


def criteria(
    threshold: Threshold, baseline: BaselineFigure | None, *, noise: float
) -> tuple[Criterion, ...]:
    """Return what a metric is held against: its floor, its baseline, both or nothing.

    Args:
        threshold: The metric's.
        baseline: What the same hardware gave before; None when there is none.
        noise: What :func:`noise_margin` said; 0 when no A/A run was made.
    """
    raise NotImplementedError
