"""Runs that nobody measured: how often a rule closes the gate on a loss that is known.

The noise is synthetic: each run has its own, something else slows some runs, and the machine
drifts, so that two runs back to back share what two days do not. Speeds are logarithms, one
session a row; a rule says of each session whether it closes the gate.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.signal import lfilter
from scipy.stats import mannwhitneyu

from xenvm.model.benchmark import PAIRS_USUAL

from .decision import ALPHA, LOOKS
from .signed_rank import Floats, bounds, estimate, walsh_averages

Flags: TypeAlias = npt.NDArray[np.bool_]
"""One truth a session."""

RUNS = PAIRS_USUAL
"""Of each side, in the rules that look once; pairs, in each look of the gate."""

_LOSS_SHOWN = 0.05
"""From which loss on pytest-benchmark's ``mean:5%`` and ``min:5%`` fail."""

_SIGNIFICANT = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """How the speed of a machine varies where nothing was changed.

    Attributes:
        title: What people call such a machine.
        run: Standard deviation of a run, as a fraction.
        drift: Standard deviation of what changes slowly, as a fraction.
        memory: How much of its drift a run hands on to the next.
        slow_share: The share of runs that something else slows.
        slow_by: By how much it does: the mean of an exponential distribution.
    """

    title: str
    run: float
    drift: float = 0.05
    memory: float = 0.95
    slow_share: float = 0.05
    slow_by: float = 0.25


NOISES = (
    Noise(title="quiet", run=0.01),
    Noise(title="typical", run=0.03),
    Noise(title="nested", run=0.08),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What is simulated.

    Attributes:
        noise: The machine.
        loss: By which fraction the candidate is slower than its reference.
        sessions: How many times.
        seed: Of the random numbers.
    """

    noise: Noise
    loss: float
    sessions: int
    seed: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """What the gate says of each session.

    Attributes:
        closed: It is a loss.
        passed: It is none; neither of both is a warning.
        pairs: How many pairs it took.
    """

    closed: Flags
    passed: Flags
    pairs: npt.NDArray[np.int_]


def gate(log_ratios: Floats, margin: float) -> Looks:
    """Return what :func:`xenvm.bench.decision.decide` says, of many sessions at once.

    Args:
        log_ratios: One session a row, with the pairs of both looks.
        margin: How much loss is none, as a fraction.
    """
    sessions, most = log_ratios.shape
    limit = np.log1p(-margin)
    closed, passed = np.zeros((2, sessions), dtype=bool)
    pairs = np.full(sessions, most)
    for look in range(1, LOOKS + 1):
        count = most * look // LOOKS
        still = np.flatnonzero(~(closed | passed))
        lower, upper = bounds(walsh_averages(log_ratios[still, :count]), count, ALPHA)
        closed[still], passed[still] = upper < limit, lower >= limit
        pairs[still] = count
    return Looks(closed=closed, passed=passed, pairs=pairs)


def interleaved(trial: Trial, pairs: int = LOOKS * RUNS) -> Floats:
    """Return the log-ratios of pairs that were measured back to back, in random order."""
    rng = np.random.default_rng(trial.seed)
    both = _runs(trial, 2 * pairs, rng).reshape(trial.sessions, pairs, 2)
    swapped = rng.random((trial.sessions, pairs)) < 1 / 2
    differences = both[..., 0] - both[..., 1]
    return np.asarray(np.where(swapped, -differences, differences) + np.log1p(-trial.loss))


def apart(trial: Trial, count: int = RUNS) -> tuple[Floats, Floats]:
    """Return the references of one day, and the candidates of another."""
    rng = np.random.default_rng(trial.seed)
    before, now = _runs(trial, count, rng), _runs(trial, count, rng)
    return before, now + np.log1p(-trial.loss)


def in_blocks(trial: Trial) -> tuple[Floats, Floats]:
    """Return references and after them candidates, of one day."""
    runs = _runs(trial, 2 * RUNS, np.random.default_rng(trial.seed))
    return runs[:, :RUNS], runs[:, RUNS:] + np.log1p(-trial.loss)


def against_stored_ratio(trial: Trial, margin: float) -> Looks:
    """Return what the gate says against the ratio that as many pairs gave on another day."""
    before = replace(trial, loss=0, seed=trial.seed + 1)
    stored = estimate(walsh_averages(interleaved(before)))
    return gate(interleaved(trial) - stored[:, None], margin)


def against_stored_rate(trial: Trial, margin: float) -> Looks:
    """Return what the gate says of a metric without reference, against another day's rate."""
    before, now = apart(trial, LOOKS * RUNS)
    return gate(now - estimate(walsh_averages(before))[:, None], margin)


def mean_is_lower(before: Floats, now: Floats) -> Flags:
    """Return where the mean time grew by more than 5 %: ``--benchmark-compare-fail=mean:5%``."""
    grown = np.exp(-now).mean(axis=1) / np.exp(-before).mean(axis=1)
    return np.asarray(grown > 1 + _LOSS_SHOWN)


def best_is_lower(before: Floats, now: Floats) -> Flags:
    """Return where the least time grew by more than 5 %: ``--benchmark-compare-fail=min:5%``."""
    grown = np.exp(-now).min(axis=1) / np.exp(-before).min(axis=1)
    return np.asarray(grown > 1 + _LOSS_SHOWN)


def mann_whitney(before: Floats, now: Floats) -> Flags:
    """Return where a Mann-Whitney test calls the two different, and the candidate is slower."""
    p_value = mannwhitneyu(now, before, axis=1, method="exact").pvalue
    is_slower = np.median(now, axis=1) < np.median(before, axis=1)
    return np.asarray((p_value < _SIGNIFICANT) & is_slower)


RULES: Mapping[str, Callable[[Trial], Flags]] = MappingProxyType(
    {
        "mean over 5 % slower than stored (`mean:5%`)": lambda t: mean_is_lower(*apart(t)),
        "best over 5 % slower than stored (`min:5%`)": lambda t: best_is_lower(*apart(t)),
        "Mann-Whitney, p < 0.05, against stored": lambda t: mann_whitney(*apart(t)),
        "Mann-Whitney, p < 0.05, A…A B…B in one session": lambda t: mann_whitney(*in_blocks(t)),
        "pairs, signed rank, two looks, no margin": lambda t: gate(interleaved(t), 0).closed,
        "**the gate**: the same, margin 5 %": lambda t: gate(interleaved(t), 0.05).closed,
    }
)
"""Rules by what people call them; each says of the sessions of a trial where it closes the gate."""


def _runs(trial: Trial, count: int, rng: np.random.Generator) -> Floats:
    """Return the logarithms of the speeds of ``count`` runs in a row, one session a row."""
    noise, shape = trial.noise, (trial.sessions, count)
    steps = rng.normal(0, noise.drift, shape)
    steps[:, 1:] *= np.sqrt(1 - noise.memory**2)
    drift = lfilter([1.0], [1.0, -noise.memory], steps, axis=1)
    slowed = (rng.random(shape) < noise.slow_share) * rng.exponential(noise.slow_by, shape)
    return np.asarray(drift + rng.normal(0, noise.run, shape) - slowed)
