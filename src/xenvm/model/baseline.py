"""What a host gave before, and by what it is known again as the same hardware."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from enum import StrEnum

from .verdict import Tier

BASELINE_SCHEMA = "xenvm-baseline/1"
"""The name of the JSON form; :mod:`xenvm.formats.baseline_json` reads and writes it."""


class DeviceClass(StrEnum):
    """What kind of device a disk is."""

    HDD = "hdd"
    SSD = "ssd"
    NVME = "nvme"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """What makes two hosts the same for a benchmark; a fact that nobody could see is empty.

    Attributes:
        machine: Manufacturer and product, as DMI says.
        firmware: Vendor, version and date, as DMI says.
        cpu: The processor's model.
        pcpus: How many Xen runs on.
        memory_mib: Memory that Xen has.
        disk: Vendor and model of the disk that was measured; empty when none was.
        disk_class: What kind of disk it is.
        nic: PCI ids and driver of the NIC that was measured; empty when none was.
        link_mbit_s: The NIC's link speed, Mbit/s.
        xen: Xen's release.
        kernel: Dom0's kernel release.
    """

    machine: str = ""
    firmware: str = ""
    cpu: str = ""
    pcpus: int | None = None
    memory_mib: int | None = None
    disk: str = ""
    disk_class: DeviceClass | None = None
    nic: str = ""
    link_mbit_s: int | None = None
    xen: str = ""
    kernel: str = ""

    def differences(self, other: Fingerprint) -> Iterator[tuple[str, object, object]]:
        """Yield ``(field, mine, the other's)`` for each field that differs."""
        for field in fields(self):
            mine, others = getattr(self, field.name), getattr(other, field.name)
            if mine != others:
                yield field.name, mine, others


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineFigure:
    """What one metric gave.

    Attributes:
        metric: Its name.
        rate: The guest's own value, in the metric's unit.
        ratio: Guest ÷ Dom0, turned round where lower is better; None without a reference.
        pairs: How many pairs it stands on.
    """

    metric: str
    rate: float
    ratio: float | None
    pairs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """What a host gave in one run.

    Attributes:
        fingerprint: Which hardware.
        recorded_at: ISO 8601, UTC.
        tier: How far the run went: a longer leg gives other figures.
        span_mib: How much of a device its legs drove: a cache answers more of a smaller one.
        figures: One a metric.
    """

    fingerprint: Fingerprint
    recorded_at: str
    tier: Tier
    span_mib: int
    figures: tuple[BaselineFigure, ...]

    def find(self, metric: str) -> BaselineFigure | None:
        """Return the figure of that metric, or None."""
        return next((figure for figure in self.figures if figure.metric == metric), None)
