"""What metrics must reach, and on which hardware."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .baseline import DeviceClass, Fingerprint
from .benchmark import PAIRS_USUAL, Scale

USUAL_MARGIN: Mapping[Scale, float] = {Scale.RATIO: 0.05, Scale.RATE: 0.15, Scale.ADDED: 0.05}
"""How far below its baseline a metric may be where nothing else is said, as a fraction.

A rate without a reference drifts from one day to the next, and is given more. The figures are held
against simulated runs by ``benchmarks/bench_gate.py``.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class HardwareCondition:
    """On which hardware a threshold stands; what the host does not tell, it does not fulfil.

    Attributes:
        devices: The classes of disk; empty for any.
        link_from_mbit_s: The slowest link, Mbit/s; None for any.
        link_below_mbit_s: Only slower links than this, Mbit/s; None for any.
    """

    devices: tuple[DeviceClass, ...] = ()
    link_from_mbit_s: int | None = None
    link_below_mbit_s: int | None = None

    def holds_on(self, hardware: Fingerprint) -> bool:
        """Return whether ``hardware`` fulfils all of it."""
        link, low, high = hardware.link_mbit_s, self.link_from_mbit_s, self.link_below_mbit_s
        if self.devices and hardware.disk_class not in self.devices:
            return False
        if low is not None and (link is None or link < low):
            return False
        return high is None or (link is not None and link < high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """What some metrics must reach.

    Attributes:
        metrics: Their names.
        scale: What of a pair is held against the floor, and against a baseline.
        margin: How far below its baseline a metric may be, as a fraction.
        limit: The floor; None for metrics that are held against a baseline only.
        enough_rate: Beside a floor of a ratio, a rate that is enough whatever the ratio, in the
            metric's unit; None for none.
        minimum_pairs: How many pairs the first look takes.
        condition: On which hardware.
        source: Where the figures come from.
    """

    metrics: tuple[str, ...]
    scale: Scale
    margin: float
    limit: float | None = None
    enough_rate: float | None = None
    minimum_pairs: int = PAIRS_USUAL
    condition: HardwareCondition = field(default_factory=HardwareCondition)
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """A file of them.

    Attributes:
        name: The file, as people call it.
        title: What it is for; empty when it does not say.
        thresholds: In the file's order; the first that fits a metric and the hardware stands.
    """

    name: str
    title: str
    thresholds: tuple[Threshold, ...]

    def find(self, metric: str, hardware: Fingerprint) -> Threshold | None:
        """Return what ``metric`` must reach on ``hardware``, or None when nothing is said."""
        fitting = (
            one
            for one in self.thresholds
            if metric in one.metrics and one.condition.holds_on(hardware)
        )
        return next(fitting, None)
