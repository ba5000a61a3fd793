"""What iperf3 is told, and what it says of itself as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from xenvm.errors import ParseError

PORT = 5201


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """What goes over the network, as seen from the client.

    Attributes:
        flows: How many streams at once.
        into_client: Whether the server sends.
        udp_bytes: The size of a UDP packet's payload, sent as fast as can be; 0 for TCP.
    """

    flows: int = 1
    into_client: bool = False
    udp_bytes: int = 0


STREAMS = {
    "tcp-tx-1": Stream(),
    "tcp-tx-4": Stream(flows=4),
    "tcp-rx-1": Stream(into_client=True),
    "tcp-rx-4": Stream(flows=4, into_client=True),
    "udp-64b": Stream(udp_bytes=64),
}
"""By the end of a metric's name; the client is who is measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """What arrived.

    Attributes:
        received_bytes: How much.
        seconds: In how many seconds, by the receiver's clock.
        packets: How many UDP packets; 0 for TCP.
        lost_packets: How many of those that were sent did not arrive.
        retransmits: How many TCP segments were sent again; 0 where the sender does not tell.
    """

    received_bytes: int
    seconds: float
    packets: int = 0
    lost_packets: int = 0
    retransmits: int = 0

    @property
    def bytes_per_s(self) -> float:
        """Return the throughput."""
        return self.received_bytes / self.seconds

    @property
    def packets_per_s(self) -> float:
        """Return the rate of packets."""
        return self.packets / self.seconds


def client_argv(
    stream: Stream, address: str, port: int, *, lengths_s: tuple[int, int]
) -> tuple[str, ...]:
    """Return the command of the client.

    Args:
        stream: What goes over the network.
        address: The server's.
        port: The server's.
        lengths_s: Seconds that are left out at the start, and seconds that count.
    """
    omit_s, time_s = lengths_s
    udp = ("--udp", "--bitrate", "0", "--length", str(stream.udp_bytes)) if stream.udp_bytes else ()
    return (
        "iperf3", "--client", address, "--port", str(port), "--json",
        "--omit", str(omit_s), "--time", str(time_s), "--parallel", str(stream.flows),
        *(("--reverse",) if stream.into_client else ()), *udp,
    )  # fmt: skip


def server_argv(address: str, port: int) -> tuple[str, ...]:
    """Return the command of a server at an address of its own, which serves one client and ends."""
    return ("iperf3", "--server", "--one-off", "--bind", address, "--port", str(port))


def parse_iperf3(text: str) -> Transfer:
    """Return what the client's JSON says.

    Raises:
        ParseError: It is none, or iperf3 failed, or nothing arrived.
    """
    try:
        document = json.loads(text[max(text.find("{"), 0) :])
        failed = document.get("error")
        transfer = None if failed else _transfer(document)
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise ParseError(f"iperf3 said what we do not understand: {exc!r}", text=text) from exc
    if transfer is None:
        raise ParseError(f"iperf3 failed: {failed}", text=text)
    if transfer.received_bytes <= 0 or transfer.seconds <= 0:
        raise ParseError("nothing arrived at iperf3's other end", text=text)
    return transfer


def _transfer(document: Mapping[str, Any]) -> Transfer:
    end = document["end"]
    if "sum_received" not in end:
        raise ParseError("this iperf3 does not tell what arrived; 3.12 does", text=str(end))
    sent, received = end["sum_sent"], end["sum_received"]
    # What it calls lost is of no use: 3.12 counts what was lost in the seconds that are left out.
    arrived = int(received["bytes"]) // int(document["start"]["test_start"]["blksize"])
    is_udp = "packets" in sent
    return Transfer(
        received_bytes=int(received["bytes"]),
        seconds=float(received["seconds"]),
        packets=arrived if is_udp else 0,
        lost_packets=max(int(sent["packets"]) - arrived, 0) if is_udp else 0,
        retransmits=int(sent.get("retransmits", 0)),
    )
