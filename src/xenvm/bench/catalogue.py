"""Every metric that the benchmarks of PV I/O give, by name."""

from __future__ import annotations

import difflib
import itertools

from xenvm.errors import UsageError
from xenvm.model.benchmark import Better, Metric

BACKINGS = ("lvm", "partition", "file")
"""What a VBD stands on: the middle of the names of block metrics."""
PATHS = ("dom0", "guest", "peer")
"""To whom the measured guest talks: the middle of the names of network metrics."""
GUESTS = (2, 4, 8)
"""How many guests at once are held against one; a host takes as many as its memory allows."""

BYTES_PER_S, PER_S, SECONDS, RATIO, PERCENT = "bytes/s", "1/s", "s", "ratio", "percent"

_BLOCK = {
    "seqread": ("sequential reads of 1 MiB", BYTES_PER_S),
    "seqwrite": ("sequential writes of 1 MiB", BYTES_PER_S),
    "randread-qd32": ("random reads of 4 KiB, four times 32 at once", PER_S),
    "randwrite-qd32": ("random writes of 4 KiB, four times 32 at once", PER_S),
    "randread-qd1": ("median latency of random reads of 4 KiB", SECONDS),
}
_NETWORK = {
    "tcp-tx-1": ("one TCP stream out of the guest", BYTES_PER_S),
    "tcp-tx-4": ("four TCP streams out of the guest", BYTES_PER_S),
    "tcp-rx-1": ("one TCP stream into the guest", BYTES_PER_S),
    "tcp-rx-4": ("four TCP streams into the guest", BYTES_PER_S),
    "udp-64b": ("UDP packets of 64 bytes that arrive", PER_S),
    "tcp-rr": ("median time from a request over TCP to its answer", SECONDS),
}
_TO = {"dom0": "guest and Dom0", "guest": "two guests on one bridge", "peer": "guest and peer"}


def _better(unit: str) -> Better:
    return Better.LOWER if unit == SECONDS else Better.HIGHER


def _block(backing: str, kind: str) -> Metric:
    title, unit = _BLOCK[kind]
    return Metric(
        name=f"block.{backing}.{kind}",
        title=f"{backing}: {title}",
        unit=unit,
        better=_better(unit),
    )


def _network(path: str, kind: str) -> Metric:
    title, unit = _NETWORK[kind]
    return Metric(
        name=f"network.{path}.{kind}",
        title=f"{_TO[path]}: {title}",
        unit=unit,
        better=_better(unit),
        reference=path == "peer",
    )


def _aggregate(deed: str, guests: int) -> Metric:
    return Metric(
        name=f"aggregate.block.{deed}.guests-{guests}",
        title=f"{deed}s of {guests} guests at once, over those of one alone",
        unit=RATIO,
        reference=False,
    )


METRICS: tuple[Metric, ...] = (
    *itertools.starmap(_block, itertools.product(BACKINGS, _BLOCK)),
    *itertools.starmap(_network, itertools.product(PATHS, _NETWORK)),
    *itertools.starmap(_aggregate, itertools.product(("read", "write"), GUESTS)),
    Metric(
        name="aggregate.block.fairness",
        title="Jain's index over the reads of guests at once",
        unit=RATIO,
        reference=False,
    ),
    Metric(
        name="aggregate.dom0-cpu",
        title="Dom0's CPU time while guests read at once; 100 is one pCPU",
        unit=PERCENT,
        better=Better.LOWER,
        reference=False,
    ),
    Metric(
        name="aggregate.network.dom0-capped",
        title="one TCP stream between two guests while Dom0 is capped",
        unit=BYTES_PER_S,
        reference=False,
    ),
    Metric(name="compute.memory-bandwidth", title="copying memory", unit=BYTES_PER_S),
    Metric(name="compute.cpu", title="SHA-256 on one vCPU", unit=BYTES_PER_S),
)
"""All of them; a network or block metric's reference is Dom0 on the same device or to the same
peer, a compute metric's is Dom0 itself, and the others are rates without one."""

_BY_NAME = {metric.name: metric for metric in METRICS}


def metric(name: str) -> Metric:
    """Return the metric of that name.

    Raises:
        UsageError: There is none; names the nearest.
    """
    if name in _BY_NAME:
        return _BY_NAME[name]
    near = difflib.get_close_matches(name, _BY_NAME, n=1)
    kinds = ", ".join(dict.fromkeys(name.partition(".")[0] for name in _BY_NAME))
    cure = f"did you mean {near[0]}?" if near else f"they begin with {kinds}"
    raise UsageError(f"there is no metric {name!r}: {cure}")


def rig_of(one: Metric) -> str:
    """Return the prefix of the metrics that are measured on the same guests and devices."""
    first, second, *_ = one.name.split(".")
    return f"{first}.{second}" if first in {"block", "network"} else first


def under(prefix: str) -> tuple[Metric, ...]:
    """Return the metrics whose names begin with ``prefix`` and a dot, such as ``block.lvm``."""
    return tuple(each for each in METRICS if each.name.startswith(f"{prefix}."))
