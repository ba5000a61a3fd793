"""What fio says of itself as JSON, and the speeds that its own tests print."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from xenvm.errors import ParseError

NS_PER_S = 1_000_000_000
_MIB = 1 << 20
_SPEED = re.compile(r"^\s*([\w -]+):\s+([\d.]+) MiB/sec\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class FioJob:
    """What one group of fio's jobs did; reads and writes together, of which it did one only.

    Attributes:
        name: Its name.
        moved_bytes: What it read or wrote.
        requests: In how many requests.
        runtime_s: In how many seconds.
        latency_s: How long a request took at some percentiles, by percentile, in seconds.
    """

    name: str
    moved_bytes: int
    requests: int
    runtime_s: float
    latency_s: Mapping[float, float] = field(default_factory=dict)

    @property
    def bytes_per_s(self) -> float:
        """Return its throughput."""
        return self.moved_bytes / self.runtime_s

    @property
    def requests_per_s(self) -> float:
        """Return its rate."""
        return self.requests / self.runtime_s


def parse_fio(text: str) -> tuple[FioJob, ...]:
    """Return what fio's jobs did, in their order.

    Args:
        text: What it printed with ``--output-format=json``; remarks may stand before it.

    Raises:
        ParseError: It is none such, or a job failed, or did nothing.
    """
    try:
        document = json.loads(text[max(text.find("{"), 0) :])
        jobs = tuple(map(_job, document["jobs"]))
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as exc:
        raise ParseError(f"fio said what we do not understand: {exc!r}", text=text) from exc
    if not jobs:
        raise ParseError("fio told of no job", text=text)
    return jobs


def _job(said: Mapping[str, object]) -> FioJob:
    name = str(said["jobname"])
    if said["error"]:
        raise ParseError(f"fio's job {name} failed with error {said['error']}")
    read, write = _side(said["read"]), _side(said["write"])
    busy = read if read["io_bytes"] else write
    if not busy["io_bytes"] or not busy["runtime"]:
        raise ParseError(f"fio's job {name} moved nothing")
    latency = busy.get("clat_ns")
    percentiles = latency.get("percentile", {}) if isinstance(latency, dict) else {}
    return FioJob(
        name=name,
        moved_bytes=int(str(busy["io_bytes"])),
        requests=int(str(busy["total_ios"])),
        runtime_s=float(str(busy["runtime"])) / 1000,
        latency_s={float(key): float(value) / NS_PER_S for key, value in percentiles.items()},
    )


def _side(said: object) -> Mapping[str, object]:
    if not isinstance(said, dict):
        raise TypeError("neither reads nor writes")
    return said


def parse_speeds(text: str) -> Mapping[str, float]:
    """Return what ``fio --crctest`` or ``--memcpytest`` printed: bytes/s by what was done.

    Raises:
        ParseError: There is no speed in it.
    """
    speeds = {name.strip(): float(mib) * _MIB for name, mib in _SPEED.findall(text)}
    if not speeds or min(speeds.values()) <= 0:
        raise ParseError("fio told no speed", text=text)
    return speeds
