"""Measured times, told to pytest-benchmark by a clock that knows no other time.

A benchmark's statistics are then of what fio or iperf3 measured in the guest, and never of how long
the controller waited for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from xenvm.formats.json_fields import JsonValue


class Benchmark(Protocol):
    """The part of pytest-benchmark's fixture that a replay needs.

    Attributes:
        disabled: Whether nothing is timed, so that benchmarks are only seen to work.
        extra_info: What goes beside the statistics.
    """

    disabled: bool
    extra_info: dict[str, JsonValue]

    def pedantic(
        self, target: Callable[[], None], *, setup: Callable[[], None], rounds: int
    ) -> object:
        """Time ``target`` so many times, each after ``setup``."""


class ReplayClock:
    """A clock that stands still but while a measured time is replayed."""

    def __init__(self) -> None:
        self._now_s = 0.0

    def now(self) -> float:
        """Return the time, in seconds."""
        return self._now_s

    def replay(self, benchmark: Benchmark, times_s: Sequence[float]) -> None:
        """Let pytest-benchmark, whose timer is :meth:`now`, see so many rounds, each so long.

        Args:
            benchmark: pytest-benchmark's fixture.
            times_s: Seconds, one a round; one at least.
        """
        left_s = iter(times_s)
        # Each round begins at 0: as a difference of two large numbers it would lose digits.
        benchmark.pedantic(
            lambda: self._set(next(left_s)), setup=lambda: self._set(0.0), rounds=len(times_s)
        )

    def _set(self, now_s: float) -> None:
        self._now_s = now_s


CLOCK = ReplayClock()
"""The timer of every benchmark of PV I/O."""
