"""How long, on how much and under which conditions a leg is measured, and who measures it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from xenvm.errors import UsageError
from xenvm.model.baseline import DeviceClass
from xenvm.model.benchmark import Leg, Metric, Sample
from xenvm.model.verdict import EvidenceClass, Tier

SPAN_MIB = 256
"""Of a device that is measured, unless told: larger than what an emulated disk remembers."""
LEAST_SPAN_MIB = 64
"""Disks themselves cache a smaller one whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How far a run of benchmarks goes: figures of another extent are other figures.

    Attributes:
        tier: How long its legs are.
        span_mib: How much of a device they drive, from its start; 64 or more.

    Raises:
        UsageError: The span is too small.
    """

    tier: Tier = Tier.QUICK
    span_mib: int = SPAN_MIB

    def __post_init__(self) -> None:
        if self.span_mib < LEAST_SPAN_MIB:
            raise UsageError(
                f"--span {self.span_mib} is too small, as disks themselves cache as much: give"
                f" {LEAST_SPAN_MIB} MiB or more"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How long a leg is.

    Attributes:
        ramp_s: Seconds of the same load before it counts.
        runtime_s: Seconds that count.
    """

    ramp_s: int
    runtime_s: int

    @property
    def length_s(self) -> int:
        """Return both together, in seconds."""
        return self.ramp_s + self.runtime_s


TIMING = {Tier.QUICK: Timing(ramp_s=1, runtime_s=3), Tier.FULL: Timing(ramp_s=10, runtime_s=30)}
"""By tier; the full one as storage people measure."""
ONCE = Timing(ramp_s=1, runtime_s=1)
"""Where nothing is timed, and a benchmark is only seen to work."""
SPINNING = Timing(ramp_s=10, runtime_s=60)
"""For a disk that spins, tier full."""


def timing_for(tier: Tier, disk: DeviceClass | None) -> Timing:
    """Return how long a leg is.

    Args:
        tier: How far the run goes.
        disk: What kind of disk is measured; None where nobody knows.
    """
    spins = tier is Tier.FULL and disk is DeviceClass.HDD
    return SPINNING if spins else TIMING[tier]


def settles(tier: Tier, disk: DeviceClass | None) -> bool:
    """Return whether a real disk is written until it is steady: tier full, unless it spins."""
    return tier is Tier.FULL and disk is not DeviceClass.HDD


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What every leg on a host has in common.

    Attributes:
        evidence: What kind of host it is; an emulated one is never quiet, and nobody's speed is
            judged there.
        timing: How long a leg is.
        settles: Whether disks are written until they are steady, before they are measured.
    """

    evidence: EvidenceClass
    timing: Timing = field(default_factory=lambda: TIMING[Tier.QUICK])
    settles: bool = False


def setting_for(evidence: EvidenceClass, tier: Tier, disk: DeviceClass | None) -> Setting:
    """Return what every leg of a run has in common.

    Args:
        evidence: What kind of host it is.
        tier: How far the run goes.
        disk: What kind of disk is measured; None where nobody knows.
    """
    real = evidence is EvidenceClass.HARDWARE
    return Setting(
        evidence=evidence, timing=timing_for(tier, disk), settles=real and settles(tier, disk)
    )


class Driver(Protocol):
    """Whoever gives the samples of some metrics; what it needs is on the host already."""

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """Return those that it can give here."""
        ...

    def sample(self, metric: Metric, leg: Leg, *, number: int) -> Sample:
        """Return one leg's measurement of a metric.

        Args:
            metric: One of ``metrics``.
            leg: Who drives the device; Dom0 only where the metric has a reference.
            number: The pair's: both its legs see the same offsets.

        Returns:
            The sample; one that counts for nothing says why.

        Raises:
            BlockedError: A measuring program is missing or too old, or a peer does not answer.
            GuestError: The guest failed.
            CommandError: A command in Dom0 failed.
            ParseError: A measuring program said what we do not understand.
        """
        ...
