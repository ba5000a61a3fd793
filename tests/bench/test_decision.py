"""The gate: when it closes, passes, warns, asks for more, and calls a run invalid."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from tests.bench.pairs import ALONE, LATENCY, RATE, around, pair, pairs_of
from xenvm.bench.decision import NOISE_MOST, criteria, decide, figure, is_sound, noise_margin
from xenvm.bench.simulation import NOISES, Trial, gate, interleaved
from xenvm.model.baseline import BaselineFigure
from xenvm.model.benchmark import (
    Criterion,
    Decision,
    Metric,
    MorePairs,
    Outcome,
    Pair,
    Scale,
)
from xenvm.model.thresholds import Threshold

FLOOR = Criterion(scale=Scale.RATIO, limit=0.9, source="a floor")
EITHER = Criterion(scale=Scale.RATIO, limit=0.8, enough_rate=2e9, source="a floor")


def decided(metric: Metric, pairs: list[Pair], criterion: Criterion = FLOOR) -> Decision:
    decision = decide(metric, pairs, criterion)
    assert isinstance(decision, Decision), decision
    return decision


@pytest.mark.parametrize(
    ("ratio", "outcome"), [(0.97, Outcome.PASS), (0.85, Outcome.FAIL), (2.0, Outcome.PASS)]
)
def test_ten_pairs_decide_what_is_clear(ratio: float, outcome: Outcome) -> None:
    decision = decided(RATE, pairs_of(around(ratio, 10)))
    assert decision.outcome is outcome
    assert decision.estimate == pytest.approx(ratio, rel=0.005)
    assert decision.lower == pytest.approx(ratio, rel=0.01)
    assert decision.upper == pytest.approx(ratio, rel=0.01)
    assert (decision.floor, decision.margin, decision.source) == (0.9, 0.0, "a floor")


def test_what_is_close_takes_ten_pairs_more_and_is_then_a_warning() -> None:
    close = pairs_of(around(0.9, 20))
    assert decide(RATE, close[:9], FLOOR) == MorePairs(wanted=1)
    assert decide(RATE, close[:10], FLOOR) == MorePairs(wanted=10)
    assert decide(RATE, close[:13], FLOOR) == MorePairs(wanted=7)
    decision = decided(RATE, close)
    assert decision.outcome is Outcome.WARN
    assert "in 20 pairs: too close to 0.900 to say" in decision.reason


def test_the_second_look_can_decide() -> None:
    ratios = [*around(0.9, 10, spread=0.2), *around(0.8, 10)]
    assert isinstance(decide(RATE, pairs_of(ratios[:10]), FLOOR), MorePairs)
    assert decided(RATE, pairs_of(ratios)).outcome is Outcome.FAIL


def test_no_pairs_ask_for_the_minimum() -> None:
    assert decide(RATE, [], FLOOR) == MorePairs(wanted=10)
    assert decide(RATE, [], replace(FLOOR, minimum_pairs=16)) == MorePairs(wanted=16)


def test_where_less_is_better_a_longer_time_is_a_loss() -> None:
    assert decided(LATENCY, pairs_of(around(1.2, 10))).outcome is Outcome.FAIL
    decision = decided(LATENCY, pairs_of(around(0.8, 10)))
    assert decision.outcome is Outcome.PASS
    assert decision.estimate == pytest.approx(1.25, rel=0.01)


@pytest.mark.parametrize(("rate", "outcome"), [(2.1e9, Outcome.PASS), (1.8e9, Outcome.FAIL)])
def test_a_rate_is_held_against_a_rate(rate: float, outcome: Outcome) -> None:
    floor = Criterion(scale=Scale.RATE, limit=2e9)
    decision = decided(ALONE, pairs_of(around(rate, 10), dom0=None), floor)
    assert decision.outcome is outcome
    assert decision.estimate == pytest.approx(rate / 2e9, rel=0.01)
    assert decision.floor == 1
    assert "of 2e+09 bytes/s in 10 pairs" in decision.reason


@pytest.mark.parametrize(("guest_s", "outcome"), [(170e-6, Outcome.PASS), (230e-6, Outcome.FAIL)])
def test_what_is_added_is_held_against_what_may_be(guest_s: float, outcome: Outcome) -> None:
    pairs = pairs_of(around(guest_s / 100e-6, 10), dom0=100e-6)
    ceiling = Criterion(scale=Scale.ADDED, limit=100e-6)
    assert decided(LATENCY, pairs, ceiling).outcome is outcome


@pytest.mark.parametrize(
    ("rate", "dom0", "outcome", "floor"),
    [
        (1.4e9, 1.5e9, Outcome.PASS, 0.8),
        (2.1e9, 4.2e9, Outcome.PASS, 1.0),
        (2.1e9, 2.2e9, Outcome.PASS, 0.8),
        (1.4e9, 2.8e9, Outcome.FAIL, 0.8),
    ],
)
def test_where_a_ratio_or_a_rate_is_enough_both_must_be_missed_for_a_loss(
    rate: float, dom0: float, outcome: Outcome, floor: float
) -> None:
    pairs = pairs_of(around(rate / dom0, 10), dom0=dom0)
    decision = decided(RATE, pairs, EITHER)
    assert (decision.outcome, decision.floor, decision.source) == (outcome, floor, "a floor")
    estimate = rate / dom0 if floor < 1 else rate / 2e9
    assert decision.estimate == pytest.approx(estimate, rel=0.01)
    by_ratio, by_rate, rule = decision.reason.split("; ")
    assert "of Dom0 in 10 pairs: " in by_ratio
    assert "of 2e+09 bytes/s in 10 pairs: " in by_rate
    assert rule == "one of both has to hold"


def test_a_rate_that_is_close_takes_more_pairs_only_where_no_ratio_passes() -> None:
    close = pairs_of(around(0.6, 20), dom0=2e9 / 0.6)
    assert decide(RATE, close[:10], EITHER) == MorePairs(wanted=10)
    decision = decided(RATE, close, EITHER)
    assert (decision.outcome, decision.floor) == (Outcome.WARN, 1.0)
    passed = decided(RATE, close[:10], replace(EITHER, limit=0.5))
    assert (passed.outcome, passed.floor) == (Outcome.PASS, 0.5)


def test_pairs_that_do_not_count_are_invalid_by_a_ratio_and_by_a_rate() -> None:
    bad = [pair(number, 3e9, 3e9, invalid="cached") for number in range(1, 4)]
    decision = decided(RATE, bad, EITHER)
    assert decision.outcome is Outcome.INVALID
    assert decision.reason == "3 of 3 pairs do not count: cached"


def test_a_margin_is_no_loss() -> None:
    before = Criterion(scale=Scale.RATIO, limit=0.96, margin=0.05)
    assert decided(RATE, pairs_of(around(0.93, 10)), before).outcome is Outcome.PASS
    assert decided(RATE, pairs_of(around(0.86, 10)), before).outcome is Outcome.FAIL


def test_a_host_that_is_too_noisy_gets_a_warning_and_no_verdict() -> None:
    for ratio in (0.5, 1.5):
        decision = decided(RATE, pairs_of(around(ratio, 10)), replace(FLOOR, noise=0.18))
        assert decision.outcome is Outcome.WARN
        assert (
            "noise asks for a margin of 18%, and with more than 15% nothing is decided"
            in decision.reason
        )
    at_most = replace(FLOOR, noise=NOISE_MOST)
    assert decided(RATE, pairs_of(around(0.5, 10)), at_most).outcome is Outcome.FAIL


def test_a_few_invalid_pairs_are_made_up_for() -> None:
    bad = [pair(number, 500, 100, invalid="cached") for number in (11, 12)]
    pairs = [*bad, *pairs_of(around(0.95, 10))]
    assert decide(RATE, pairs[:10], FLOOR) == MorePairs(wanted=2)
    decision = decided(RATE, pairs)
    assert decision.outcome is Outcome.PASS
    assert decision.pairs == tuple(pairs)


def test_more_invalid_pairs_make_the_metric_invalid_at_once() -> None:
    bad = [pair(number, 500, 100, invalid="read from Dom0's cache") for number in range(1, 4)]
    decision = decided(RATE, bad)
    assert decision.outcome is Outcome.INVALID
    assert decision.reason == "3 of 3 pairs do not count: read from Dom0's cache"
    assert decision.estimate is None
    assert decided(RATE, [*pairs_of(around(0.95, 9)), *bad]).outcome is Outcome.INVALID


@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf])
def test_what_is_no_positive_number_does_not_count(value: float) -> None:
    assert "guest gave" in pair(1, value, 100).invalid
    assert "dom0 gave" in pair(1, 100, value).invalid
    decision = decided(RATE, [pair(number, value, 100) for number in range(1, 4)])
    assert decision.outcome is Outcome.INVALID


@pytest.mark.parametrize(("metric", "whom"), [(RATE, "Dom0"), (ALONE, "itself")])
def test_whom_a_leg_is_held_against_is_told(metric: Metric, whom: str) -> None:
    decision = decided(metric, pairs_of(around(1, 10)))
    assert f" of {whom} in 10 pairs: " in decision.reason


def test_a_ratio_without_a_reference_is_our_mistake() -> None:
    with pytest.raises(ValueError, match="pair 1 has no reference"):
        decide(RATE, pairs_of(around(1, 10), dom0=None), FLOOR)


@pytest.mark.parametrize(
    "wrong",
    [
        {"limit": 0.0},
        {"limit": math.nan},
        {"margin": 1.0},
        {"noise": -0.1},
        {"minimum_pairs": 7},
        {"enough_rate": 0.0},
        {"enough_rate": math.inf},
        {"enough_rate": 2e9, "scale": Scale.RATE},
    ],
)
def test_a_criterion_that_decides_nothing_cannot_be(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"positive number|fraction|decide nothing|beside a ratio"):
        replace(FLOOR, **wrong)  # type: ignore[arg-type]


CRITERIA = st.sampled_from([FLOOR, replace(FLOOR, enough_rate=95.0)])


@given(
    CRITERIA,
    st.lists(st.tuples(st.floats(50, 150), st.floats(80, 125)), max_size=26),
    st.lists(st.integers(0, 25), max_size=6),
)
def test_further_pairs_never_change_a_decision(
    criterion: Criterion, values: list[tuple[float, float]], invalid: list[int]
) -> None:
    pairs = [
        pair(number, guest, dom0, invalid="cached" if number in invalid else "")
        for number, (guest, dom0) in enumerate(values)
    ]
    said = [decide(RATE, pairs[:count], criterion) for count in range(len(pairs) + 1)]
    decisions = [one for one in said if isinstance(one, Decision)]
    assert all(isinstance(one, MorePairs) for one in said[: len(said) - len(decisions)])
    assert len({(one.outcome, one.reason) for one in decisions}) <= 1


@given(CRITERIA, st.lists(st.floats(0.5, 1.5), min_size=20, max_size=20), st.floats(1, 1.5))
def test_a_faster_guest_is_never_judged_worse(
    criterion: Criterion, values: list[float], faster: float
) -> None:
    order = [Outcome.FAIL, Outcome.WARN, Outcome.PASS]
    slow = decided(RATE, pairs_of(values), criterion)
    fast = decided(RATE, pairs_of([value * faster for value in values]), criterion)
    assert order.index(fast.outcome) >= order.index(slow.outcome)


WOBBLES = st.floats(0.95, 1.05)


@given(
    st.floats(0.86, 0.94),
    st.floats(90, 120),
    st.lists(st.tuples(WOBBLES, WOBBLES), min_size=20, max_size=20),
)
def test_where_either_is_enough_the_gate_closes_only_if_it_does_by_each_alone(
    ratio: float, dom0: float, wobbles: list[tuple[float, float]]
) -> None:
    pairs = [pair(n, ratio * dom0 * one, dom0 * two) for n, (one, two) in enumerate(wobbles)]
    by_rate = Criterion(scale=Scale.RATE, limit=95.0)
    alone = {decided(RATE, pairs, one).outcome for one in (FLOOR, by_rate)}
    either = decided(RATE, pairs, replace(FLOOR, enough_rate=95.0)).outcome
    if either is Outcome.FAIL:
        assert alone == {Outcome.FAIL}
    if Outcome.PASS in alone:
        assert either is Outcome.PASS


@given(st.lists(st.floats(0.5, 1.5), min_size=20, max_size=20))
def test_a_time_is_judged_as_the_speed_that_it_is(values: list[float]) -> None:
    by_speed = decided(RATE, pairs_of(values))
    by_time = decided(LATENCY, pairs_of([1 / value for value in values]))
    assert by_time.estimate == pytest.approx(by_speed.estimate)


@pytest.mark.parametrize("loss", [0.0, 0.05, 0.1])
def test_the_simulated_gate_is_this_gate(loss: float) -> None:
    logs = interleaved(Trial(noise=NOISES[1], loss=loss, sessions=60))
    looks = gate(logs, margin=0.05)
    criterion = Criterion(scale=Scale.RATIO, limit=1, margin=0.05)
    for number, session in enumerate(np.exp(logs)):
        outcome = decided(RATE, pairs_of(session), criterion).outcome
        assert (outcome is Outcome.FAIL) == looks.closed[number]
        assert (outcome is Outcome.PASS) == looks.passed[number]
        took = int(looks.pairs[number])
        assert isinstance(decide(RATE, pairs_of(session[: took - 1]), criterion), MorePairs)
        assert isinstance(decide(RATE, pairs_of(session[:took]), criterion), Decision)


def test_the_margin_of_noise_is_three_standard_errors_of_the_estimate() -> None:
    logs = 0.04 * norm.ppf(np.arange(0.5, 400) / 400)
    margin = noise_margin(RATE, pairs_of(np.exp(logs)))
    assert -math.log1p(-margin) == pytest.approx(3 * 0.04 / math.sqrt(10), rel=0.01)
    halved = noise_margin(RATE, pairs_of(np.exp(logs)), minimum_pairs=40)
    assert halved == pytest.approx(margin / 2, rel=0.05)


def test_a_few_slow_runs_do_not_widen_the_margin() -> None:
    calm = around(1.0, 10, spread=0.05)
    assert noise_margin(RATE, pairs_of([*calm[:8], 0.5, 0.4])) < 0.05
    assert noise_margin(RATE, pairs_of(around(1.0, 10, spread=2))) > NOISE_MOST
    assert noise_margin(RATE, pairs_of([1.0])) == 0


def test_a_baseline_takes_what_counted() -> None:
    pairs = [pair(9, 900, 100, invalid="cached"), *pairs_of(around(0.96, 10))]
    found = figure(RATE, pairs)
    assert (found.metric, found.pairs) == (RATE.name, 10)
    assert found.rate == pytest.approx(96, rel=0.01)
    assert found.ratio == pytest.approx(0.96, rel=0.01)
    assert figure(ALONE, pairs_of([5.0] * 3, dom0=None)).ratio is None
    with pytest.raises(ValueError, match="none of 1 pairs"):
        figure(RATE, pairs[:1])


@pytest.mark.parametrize(
    ("good", "bad", "sound"),
    [(10, 0, True), (10, 2, True), (8, 1, True), (10, 3, False), (2, 1, False), (0, 0, False)],
)
def test_nothing_is_concluded_where_more_than_one_in_five_pairs_does_not_count(
    *, good: int, bad: int, sound: bool
) -> None:
    cached = [pair(number, 500, 100, invalid="cached") for number in range(bad)]
    assert is_sound([*pairs_of(around(1.0, good)), *cached]) is sound


BEFORE = BaselineFigure(metric=RATE.name, rate=150e6, ratio=0.97, pairs=20)


def test_a_floor_and_a_baseline_are_two_criteria() -> None:
    threshold = Threshold(metrics=(RATE.name,), scale=Scale.RATIO, margin=0.05, limit=0.85)
    floor, before = criteria(RATE, threshold, BEFORE, noise=0.08)
    assert (floor.scale, floor.limit, floor.margin, floor.noise) == (Scale.RATIO, 0.85, 0, 0.08)
    assert (before.scale, before.limit, before.margin) == (Scale.RATIO, 0.97, 0.08)
    assert criteria(RATE, threshold, None) == (replace(floor, noise=0),)


def test_where_a_ratio_or_a_rate_is_enough_the_ratio_is_compared() -> None:
    threshold = Threshold(
        metrics=(RATE.name,), scale=Scale.RATIO, margin=0.05, limit=0.8, enough_rate=2e9
    )
    floor, before = criteria(RATE, threshold, BEFORE)
    assert (floor.scale, floor.limit, floor.enough_rate) == (Scale.RATIO, 0.8, 2e9)
    assert (before.scale, before.limit, before.enough_rate) == (Scale.RATIO, 0.97, None)


def test_a_rate_is_compared_where_the_threshold_says_so_or_no_ratio_is_known() -> None:
    rate = Threshold(metrics=(RATE.name,), scale=Scale.RATE, margin=0.15)
    (before,) = criteria(RATE, rate, BEFORE)
    assert (before.scale, before.limit, before.margin) == (Scale.RATE, 150e6, 0.15)
    (before,) = criteria(ALONE, None, replace(BEFORE, ratio=None))
    assert (before.scale, before.margin) == (Scale.RATE, 0.15)
    (before,) = criteria(RATE, None, BEFORE)
    assert (before.scale, before.margin) == (Scale.RATIO, 0.05)
    assert criteria(RATE, None, None) == ()


def test_added_time_is_compared_as_a_ratio() -> None:
    added = Threshold(metrics=(LATENCY.name,), scale=Scale.ADDED, margin=0.05, limit=1e-4)
    floor, before = criteria(LATENCY, added, replace(BEFORE, metric=LATENCY.name))
    assert (floor.scale, floor.limit) == (Scale.ADDED, 1e-4)
    assert (before.scale, before.limit) == (Scale.RATIO, 0.97)
