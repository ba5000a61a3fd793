"""Pairs that nobody measured, for tests of what is made of them."""

from __future__ import annotations

from collections.abc import Iterable

from xenvm.model.benchmark import Better, Leg, Metric, Pair, Sample

RATE = Metric(name="block.lvm.seqread", title="reads", unit="bytes/s")
LATENCY = Metric(name="block.lvm.randread-qd1", title="latency", unit="s", better=Better.LOWER)
ALONE = Metric(name="network.dom0.tcp-tx-1", title="stream", unit="bytes/s", reference=False)


def pair(number: int, guest: float, dom0: float | None = None, invalid: str = "") -> Pair:
    return Pair(
        number=number,
        candidate=Sample(leg=Leg.GUEST, value=guest, invalid=invalid),
        reference=None if dom0 is None else Sample(leg=Leg.DOM0, value=dom0),
    )


def pairs_of(ratios: Iterable[float], dom0: float | None = 100.0) -> list[Pair]:
    """Return pairs whose guest is so many times its Dom0, or the guests alone."""
    return [
        pair(number, ratio * (1.0 if dom0 is None else dom0), dom0)
        for number, ratio in enumerate(ratios, start=1)
    ]


def around(ratio: float, count: int, spread: float = 0.01) -> list[float]:
    """Return ratios evenly spread around one, no two the same, the outer ones last."""
    steps = [(-1) ** i * (i // 2 + 0.5) / count for i in range(count)]
    return [ratio * (1 + spread * step) for step in steps]
