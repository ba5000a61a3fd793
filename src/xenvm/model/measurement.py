"""What a run found on one metric: its pairs, and what was decided on them."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from .benchmark import Decision, Metric, Outcome, Pair

BESIDE_DOM0, AGAINST_ITSELF = ("guest", "Dom0"), ("once", "again")
"""What people call both sides of a pair; in an A/A run they are one and the same leg."""

_GRAVEST_FIRST = (Outcome.FAIL, Outcome.INVALID, Outcome.WARN, Outcome.PASS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """How good the guest is beside Dom0: above 1 is better, whichever way the metric goes.

    Attributes:
        estimate: Hodges-Lehmann estimate over the pairs.
        lower: Its one-sided lower bound; None when there are too few pairs.
        upper: Its one-sided upper bound; None when there are too few pairs.
    """

    estimate: float
    lower: float | None = None
    upper: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One metric, measured.

    Attributes:
        metric: The metric.
        pairs: All of them, in the order measured, the invalid ones too.
        decisions: One for each limit that it was held against, without the pairs; empty when there
            is none.
        beside_dom0: How the guest compares; None without a reference, or when no pair counts.
        noise: The margin that the host's own noise asks for, as a fraction; None when nobody
            looked.
    """

    metric: Metric
    pairs: tuple[Pair, ...]
    decisions: tuple[Decision, ...] = ()
    beside_dom0: Interval | None = None
    noise: float | None = None

    @property
    def sides(self) -> tuple[str, str]:
        """Return what people call the candidate and the reference."""
        twice = any(p.reference and p.reference.leg is p.candidate.leg for p in self.pairs)
        return AGAINST_ITSELF if twice else BESIDE_DOM0

    @property
    def decision(self) -> Decision | None:
        """Return the gravest decision; None when the metric was held against nothing."""
        return min(self.decisions, key=lambda d: _GRAVEST_FIRST.index(d.outcome), default=None)

    @property
    def interval(self) -> Interval | None:
        """Return how the guest compares with what it was held against, or else with Dom0."""
        decision = self.decision
        if decision is None or decision.estimate is None:
            return self.beside_dom0
        return Interval(estimate=decision.estimate, lower=decision.lower, upper=decision.upper)

    @property
    def must_reach(self) -> float | None:
        """Return what ``interval`` must reach; None when the metric was held against nothing."""
        decision = self.decision
        if decision is None or decision.floor is None:
            return None
        return decision.floor * (1 - (decision.margin or 0.0))

    @property
    def values(self) -> tuple[float, ...]:
        """Return what the guest gave in each pair that counts, in the metric's unit."""
        return tuple(pair.candidate.value for pair in self.pairs if not pair.invalid)

    @property
    def dom0_values(self) -> tuple[float, ...]:
        """Return what Dom0 gave in each pair that counts, in the metric's unit."""
        return tuple(pair.reference.value for pair in self.pairs
                     if pair.reference is not None and not pair.invalid)  # fmt: skip

    @property
    def value(self) -> float | None:
        """Return the median of ``values``; None when no pair counts."""
        return median(self.values) if self.values else None

    @property
    def dom0_value(self) -> float | None:
        """Return the median of ``dom0_values``; None when there is none."""
        return median(self.dom0_values) if self.dom0_values else None

    @property
    def invalid(self) -> str:
        """Return why pairs do not count, when none does; empty when one counts."""
        return "" if self.values else next((pair.invalid for pair in self.pairs), "")
