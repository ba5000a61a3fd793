"""When which domain has how much of a host: a day of periods, each with its allocations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from itertools import pairwise

from xenvm.errors import SpecError

from .allocation import Allocation


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """From a time of day on, until the next period begins.

    Attributes:
        name: Such as ``day``.
        start: When it begins, every day, on the clock of whoever applies it.
        allocations: What each domain has then, by the domain's name.
    """

    name: str
    start: time
    allocations: Mapping[str, Allocation]


@dataclass(frozen=True, slots=True)
class ResourceSchedule:
    """The periods of a day, in the order of their starts.

    Attributes:
        periods: At least one; in any order when made. All allocate the same things to the same
            domains, so that what one changes the next changes back.
    """

    periods: tuple[Period, ...]

    def __post_init__(self) -> None:
        if not self.periods:
            raise SpecError("a schedule has at least one period: give it a name and a start")
        ordered = tuple(sorted(self.periods, key=lambda period: period.start))
        object.__setattr__(self, "periods", ordered)
        for period, later in pairwise(ordered):
            if period.start == later.start:
                both = f"{period.name} and {later.name}"
                raise SpecError(f"{both} both start at {period.start:%H:%M}: change one of them")
        for period in ordered[1:]:
            _refuse_difference(ordered[0], period)

    def at(self, moment: time) -> Period:
        """Return the period that holds at a time of day; the last one runs past midnight."""
        begun = [period for period in self.periods if period.start <= moment]
        return begun[-1] if begun else self.periods[-1]


def _refuse_difference(one: Period, other: Period) -> None:
    """Refuse two periods of which one changes what the other does not change back.

    Raises:
        SpecError: They do; says what, and where to add it.
    """
    ours, theirs = _allocated(one), _allocated(other)
    for lacking, having, missing in ((other, one, ours - theirs), (one, other, theirs - ours)):
        for domain, name in sorted(missing):
            raise SpecError(
                f"{having.name} sets {name} of {domain} and {lacking.name} does not, so that it"
                f" would stay: say it in [{lacking.name}.domains.{domain}] too"
            )


def _allocated(period: Period) -> set[tuple[str, str]]:
    return {
        (domain, name)
        for domain, allocation in period.allocations.items()
        for name in allocation.said
    }
