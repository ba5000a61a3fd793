"""A move on its way: its two ends, and how long it has been going."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from xenvm.host import Domain
from xenvm.model.movement import MoveOptions, MoveProgress

from .standing import Place

Report = Callable[[MoveProgress], None]
"""Called about twice a second while a domain moves."""


def silent(progress: MoveProgress) -> None:
    """Show nothing."""
    del progress


class Telling:
    """A report that raises once what ``report`` raises, and is silent from then on.

    Attributes:
        broken: What it raised, if it did; Ctrl-C does not count.
    """

    def __init__(self, report: Report):
        self.broken: BaseException | None = None
        self._report = report

    def __call__(self, progress: MoveProgress) -> None:
        """Tell how it goes."""
        if self.broken:
            return
        try:
            self._report(progress)
        except BaseException as exc:
            self.broken = None if isinstance(exc, KeyboardInterrupt) else exc
            raise


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """A move on its way.

    Attributes:
        domain: The domain at its source.
        source: Where it was.
        destination: Where it is to go.
        options: How.
        report: Told how it goes.
        began_s: When it began, on the monotonic clock.
    """

    domain: Domain
    source: Place
    destination: Place
    options: MoveOptions
    report: Report
    began_s: float = field(default_factory=time.monotonic)

    @property
    def elapsed_s(self) -> float:
        """Return the seconds since it began."""
        return time.monotonic() - self.began_s

    @property
    def left_s(self) -> float:
        """Return the seconds until its deadline, at least one."""
        return max(1.0, self.options.deadline_s - self.elapsed_s)

    @property
    def is_late(self) -> bool:
        """Return whether its deadline has passed."""
        return self.elapsed_s > self.options.deadline_s

    def say(self, doing: str) -> None:
        """Tell whoever watches what is done now."""
        limit_s = self.options.deadline_s
        self.report(MoveProgress(doing=doing, elapsed_s=self.elapsed_s, deadline_s=limit_s))
