"""Wilcoxon's signed-rank interval of a median, exact; one sample, or thousands at once."""

from __future__ import annotations

from functools import cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]


def walsh_averages(values: Floats) -> Floats:
    """Return the mean of each two of the last axis, each with itself too; sorted.

    Args:
        values: One sample, or one a row.
    """
    first, second = np.triu_indices(values.shape[-1])
    return np.sort((values[..., first] + values[..., second]) / 2, axis=-1)


def estimate(walsh: Floats) -> Floats:
    """Return the Hodges-Lehmann estimate of each sample's median, out of its Walsh averages."""
    return np.median(walsh, axis=-1)


def bounds(walsh: Floats, count: int, alpha: float) -> tuple[Floats, Floats]:
    """Return the one-sided lower and upper bound of each sample's median.

    Each is wrong with a chance of at most ``alpha``, whatever the distribution, if it is symmetric.
    Infinite where ``count`` values can give no such bound.

    Args:
        walsh: What :func:`walsh_averages` returned.
        count: How many values each sample has.
        alpha: The chance of being wrong, of each side.
    """
    rank = bound_rank(count, alpha)
    if not rank:
        nowhere = np.full(walsh.shape[:-1], np.inf)
        return -nowhere, nowhere
    return walsh[..., rank - 1], walsh[..., -rank]


@cache
def bound_rank(count: int, alpha: float) -> int:
    """Return which Walsh average, from either end, is the bound; 0 for none.

    A sum of signed ranks counts the Walsh averages above the median; under symmetry each rank is
    in it with a chance of one half.

    Source:
        Hollander, Wolfe, Chicken: Nonparametric Statistical Methods, 3rd edition, section 3.3.
    """
    chances = np.ones(1)
    for rank in range(1, count + 1):
        chances = (np.pad(chances, (0, rank)) + np.pad(chances, (rank, 0))) / 2
    return int(np.searchsorted(np.cumsum(chances), alpha, side="right"))
