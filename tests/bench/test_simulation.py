"""The rates of false alarms and of real ones, as promised, on simulated sessions."""

from __future__ import annotations

import numpy as np
import pytest
from pytest_benchmark.utils import PercentageRegressionCheck

from xenvm.bench.simulation import (
    NOISES,
    RULES,
    Trial,
    against_stored_rate,
    against_stored_ratio,
    apart,
    best_is_lower,
    gate,
    interleaved,
    mean_is_lower,
)

SESSIONS = 1500
QUIET, TYPICAL, NESTED = NOISES


def closed(loss: float, margin: float, noise: int = 1) -> float:
    trial = Trial(noise=NOISES[noise], loss=loss, sessions=SESSIONS)
    return float(gate(interleaved(trial), margin).closed.mean())


@pytest.mark.parametrize("noise", range(len(NOISES)))
def test_no_change_closes_the_gate_in_less_than_one_of_a_thousand(noise: int) -> None:
    assert closed(0.0, 0.05, noise) <= 0.001


@pytest.mark.parametrize("noise", range(len(NOISES)))
def test_a_loss_of_just_the_margin_closes_it_in_one_of_a_hundred(noise: int) -> None:
    most = 0.01 + 3 * np.sqrt(0.01 * 0.99 / SESSIONS)
    assert closed(0.05, 0.05, noise) <= most


def test_a_loss_of_two_margins_closes_it_in_four_of_five() -> None:
    assert closed(0.1, 0.05) >= 0.8
    assert closed(0.2, 0.1) >= 0.9


def test_the_rivals_raise_alarms_where_nothing_changed() -> None:
    trial = Trial(noise=TYPICAL, loss=0, sessions=SESSIONS)
    alarms = {name: float(rule(trial).mean()) for name, rule in RULES.items()}
    *rivals, bare, ours = alarms
    assert all(alarms[name] > 0.1 for name in rivals)
    assert alarms[bare] <= 0.02
    assert alarms[ours] <= 0.001


def test_a_stored_ratio_raises_no_alarm_and_a_stored_rate_few_at_its_margin() -> None:
    trial = Trial(noise=TYPICAL, loss=0, sessions=SESSIONS)
    assert against_stored_ratio(trial, 0.05).closed.mean() <= 0.001
    assert against_stored_rate(trial, 0.15).closed.mean() <= 0.005
    assert against_stored_rate(trial, 0.05).closed.mean() > 0.05


def test_the_rival_is_what_pytest_benchmark_does() -> None:
    before, now = apart(Trial(noise=TYPICAL, loss=0.03, sessions=100))
    for name, rule, statistic in (("mean", mean_is_lower, np.mean), ("min", best_is_lower, np.min)):
        check = PercentageRegressionCheck(name, 5.0)
        fails = [
            bool(check.fails({name: statistic(np.exp(-b))}, {name: statistic(np.exp(-a))}))
            for a, b in zip(before, now, strict=True)
        ]
        assert rule(before, now).tolist() == fails
        assert len({*fails}) == 2
