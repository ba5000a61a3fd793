"""Deadlines, and the only module that sleeps."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from xenvm.errors import WaitTimeoutError

T = TypeVar("T")


class Deadline:
    """A moment in the future, on the monotonic clock.

    Attributes:
        length_s: How long it was when made.
    """

    __slots__ = ("_end_s", "length_s")

    def __init__(self, length_s: float):
        self.length_s = length_s
        self._end_s = time.monotonic() + length_s

    @property
    def left_s(self) -> float:
        """Return the seconds left, never negative."""
        return max(0.0, self._end_s - time.monotonic())

    @property
    def passed(self) -> bool:
        """Return whether no time is left."""
        return self.left_s <= 0.0


def pause(length_s: float) -> None:
    """Sleep ``length_s`` seconds; the one place that may."""
    time.sleep(length_s)


def wait_until(
    what: str, probe: Callable[[], T | None], *, deadline_s: float, every_s: float = 0.2
) -> T:
    """Call ``probe`` until it returns something true, and return that.

    Args:
        what: What is waited for, as a noun phrase for the error.
        probe: Asked once immediately, then every ``every_s`` seconds.
        deadline_s: Seconds after which to give up.
        every_s: Seconds between questions.

    Returns:
        The first true value of ``probe``.

    Raises:
        WaitTimeoutError: ``deadline_s`` passed; carries the last value seen.
    """
    deadline = Deadline(deadline_s)
    while True:
        seen = probe()
        if seen:
            return seen
        if deadline.passed:
            raise WaitTimeoutError(what, waited_s=deadline_s, last_state=str(seen or ""))
        pause(min(every_s, deadline.left_s))
