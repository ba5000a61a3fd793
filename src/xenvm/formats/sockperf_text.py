"""What sockperf is told, and what it prints of round trips over TCP."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from xenvm.errors import ParseError

PORT = 11111
MEDIAN = 50.0
_US_PER_S = 1_000_000
_PERCENTILE = re.compile(r"percentile\s+([\d.]+)\s*=\s*([\d.]+)")
_COUNT = re.compile(r"\[Valid Duration\].*ReceivedMessages=(\d+)")
_ERROR = re.compile(r"ERROR: (.*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundTrips:
    """How long an answer took.

    Attributes:
        count: How many round trips.
        latency_s: How long they took at some percentiles, by percentile, in seconds.
    """

    count: int
    latency_s: Mapping[float, float]

    @property
    def median_s(self) -> float:
        """Return the median, in seconds."""
        return self.latency_s[MEDIAN]


def client_argv(address: str, port: int, *, length_s: int) -> tuple[str, ...]:
    """Return the command of the client; it sends one request after the other."""
    return (
        "sockperf", "ping-pong", "--tcp", "--ip", address, "--port", str(port),
        "--time", str(length_s), "--full-rtt",
    )  # fmt: skip


def server_argv(address: str, port: int) -> tuple[str, ...]:
    """Return the command of a server, which runs until it is ended."""
    return ("sockperf", "server", "--tcp", "--ip", address, "--port", str(port))


def parse_sockperf(text: str) -> RoundTrips:
    """Return what the client printed, with ``--full-rtt``.

    Raises:
        ParseError: It failed, or there is no round trip in it.
    """
    if failed := _ERROR.search(text):
        raise ParseError(f"sockperf failed: {failed[1].strip()}", text=text)
    latency_s = {float(key): float(us) / _US_PER_S for key, us in _PERCENTILE.findall(text)}
    counted = _COUNT.search(text)
    if MEDIAN not in latency_s or not counted or not int(counted[1]):
        raise ParseError("sockperf told of no round trip", text=text)
    return RoundTrips(count=int(counted[1]), latency_s=latency_s)
