"""The exact signed-rank interval, held against scipy's test, and its laws."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import wilcoxon

from xenvm.bench.signed_rank import bound_rank, bounds, estimate, walsh_averages
from xenvm.model.benchmark import PAIRS_LEAST

ALPHA = 0.005

samples = st.lists(st.floats(-2, 2), min_size=1, max_size=24).map(np.array)


@pytest.mark.parametrize("count", [8, 9, 10, 15, 20, 30])
@pytest.mark.parametrize("alpha", [0.005, 0.025])
def test_the_bounds_are_where_scipys_exact_test_turns(count: int, alpha: float) -> None:
    sample = np.random.default_rng(count).normal(0.3, 1, count)
    walsh = walsh_averages(sample)
    lower, upper = bounds(walsh, count, alpha)
    for bound, alternative in ((lower, "greater"), (upper, "less")):
        inward = 1e-9 if alternative == "greater" else -1e-9
        beside = {
            shift: wilcoxon(sample - bound - shift, alternative=alternative, method="exact").pvalue
            for shift in (-inward, inward)
        }
        assert beside[-inward] <= alpha < beside[inward]


@pytest.mark.parametrize("count", range(1, 13))
def test_the_rank_is_what_counting_all_signs_gives(count: int) -> None:
    sums = sorted(
        sum(itertools.compress(range(1, count + 1), signs))
        for signs in itertools.product((0, 1), repeat=count)
    )
    within = [most for most in range(max(sums)) if sum(s <= most for s in sums) <= ALPHA * 2**count]
    assert bound_rank(count, ALPHA) == len(within)


def test_too_few_values_have_no_bound() -> None:
    few = np.zeros((2, PAIRS_LEAST - 1))
    lower, upper = bounds(walsh_averages(few), PAIRS_LEAST - 1, ALPHA)
    assert lower.tolist() == [-np.inf] * 2
    assert upper.tolist() == [np.inf] * 2
    assert bound_rank(PAIRS_LEAST, ALPHA) == 1


@given(samples)
def test_the_estimate_is_the_median_of_all_means_of_two(sample: np.ndarray) -> None:
    means = [(a + b) / 2 for i, a in enumerate(sample) for b in sample[i:]]
    assert estimate(walsh_averages(sample)) == pytest.approx(np.median(means))


@given(samples, st.floats(-3, 3))
def test_what_moves_the_sample_moves_its_interval(sample: np.ndarray, shift: float) -> None:
    for before, after in zip(interval(sample), interval(sample + shift), strict=True):
        assert after == pytest.approx(before + shift, abs=1e-9)


@given(samples)
def test_the_mirrored_sample_has_the_mirrored_interval(sample: np.ndarray) -> None:
    lower, middle, upper = interval(sample)
    assert interval(-sample) == pytest.approx((-upper, -middle, -lower))
    assert lower <= middle <= upper


@given(samples, st.randoms(use_true_random=False))
def test_the_order_of_the_pairs_is_nothing(sample: np.ndarray, random: object) -> None:
    shuffled = sample.tolist()
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert interval(np.array(shuffled)) == pytest.approx(interval(sample))


def interval(sample: np.ndarray) -> tuple[float, float, float]:
    walsh = walsh_averages(sample)
    lower, upper = bounds(walsh, len(sample), ALPHA)
    return float(lower), float(estimate(walsh)), float(upper)
