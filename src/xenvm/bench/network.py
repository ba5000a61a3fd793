"""Network: iperf3 and sockperf between a guest and somebody else."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from xenvm.errors import BlockedError, UsageError
from xenvm.formats import iperf3_json, sockperf_text, vnif_offloads
from xenvm.formats.iperf3_json import STREAMS, Stream, Transfer, parse_iperf3
from xenvm.formats.sockperf_text import parse_sockperf
from xenvm.host import Host, HostShell
from xenvm.host.probe import ProbeGuest
from xenvm.model.benchmark import Leg, Metric, Sample
from xenvm.model.statistics import HostSample, VnifCounters

from . import accounting
from .catalogue import under
from .environment import contract_for, watched
from .measuring import Setting, Timing
from .programs import Dom0Programs, GuestPrograms, Programs

GRACE_S = 30.0
ROUND_TRIPS = "tcp-rr"

_UPLINK = r"""
set -- %s %s
next=$(ip -o route get "$1" | sed -n 's/.* via \([^ ]*\).*/\1/p')
mac=$(ip neigh show "${next:-$1}" dev "$2" | sed -n 's/.*lladdr \([^ ]*\).*/\1/p')
[ -n "$mac" ] || exit 0
PATH=$PATH:/sbin bridge fdb show br "$2" | sed -n "s/^$mac dev \([^ ]*\).*/\1/p" | head -n 1
"""
"""Prints the port of a bridge behind which an address is; takes both."""
_UPLINK_BYTES = "cd /sys/class/net/%s/statistics && cat rx_bytes tx_bytes"

_ADDRESS = re.compile(r"[A-Za-z0-9.:-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A machine outside the host that runs ``iperf3 -s`` and ``sockperf server --tcp``.

    Attributes:
        address: Its address.
        port: Of its iperf3.
        sockperf_port: Of its sockperf.
        guest_address: The guest's in its network, with prefix; empty to ask DHCP.
    """

    address: str
    port: int = iperf3_json.PORT
    sockperf_port: int = sockperf_text.PORT
    guest_address: str = ""

    def __post_init__(self) -> None:
        if not _ADDRESS.fullmatch(self.address):
            raise UsageError(f"{self.address!r} is no address of a peer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Whom the measured guest, and Dom0, talk to.

    Attributes:
        address: Its address.
        port: Of its iperf3.
        sockperf_port: Of its sockperf.
        programs: Where both are started for each sample; None where they run already.
        guest: The guest that it is, which a leg keeps busy too; None where it is none.
        uplink: The port of Dom0's bridge behind which it is; empty where its bytes are not read.
    """

    address: str
    port: int = iperf3_json.PORT
    sockperf_port: int = sockperf_text.PORT
    programs: Programs | None = None
    guest: ProbeGuest | None = None
    uplink: str = ""

    @classmethod
    def in_guest(cls, guest: ProbeGuest, address: str) -> Server:
        """Return a guest that serves.

        Args:
            guest: It has unpacked iperf3 and sockperf.
            address: Its address.
        """
        return cls(address=address, programs=GuestPrograms(guest), guest=guest)

    @classmethod
    def of_peer(cls, peer: Peer, *, uplink: str = "") -> Server:
        """Return a peer, on which both run already.

        Args:
            peer: The peer.
            uplink: The port of Dom0's bridge behind which it is.
        """
        return cls(
            address=peer.address, port=peer.port, sockperf_port=peer.sockperf_port, uplink=uplink
        )

    def serving(self, kind: str) -> AbstractContextManager[None]:
        """Return what has the server of a kind of metric listen."""
        if self.programs is None:
            return nullcontext()
        if kind == ROUND_TRIPS:
            argv = sockperf_text.server_argv(self.address, self.sockperf_port)
            return self.programs.serving(argv, self.sockperf_port)
        argv = iperf3_json.server_argv(self.address, self.port)
        return self.programs.serving(argv, self.port)


class NetworkDriver:
    """Gives samples of the metrics of one path.

    Attributes:
        path: Which: ``dom0``, ``guest`` or ``peer``.
        guest: The guest that is measured, and has unpacked iperf3 and sockperf.
        server: Whom it talks to.
    """

    def __init__(
        self, host: Host, guest: ProbeGuest, server: Server, setting: Setting, *, path: str
    ):
        self.path = path
        self.guest = guest
        self.server = server
        self._nic = (guest.hello or guest.wait_until_up()).nics[0].name
        self._host = host
        self._setting = setting

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """Return those of its path."""
        return under(f"network.{self.path}")

    def sample(
        self,
        metric: Metric,
        leg: Leg,
        *,
        number: int,
        during: AbstractContextManager[None] | None = None,
    ) -> Sample:
        """Return one leg's measurement of a metric; see :meth:`Driver.sample`.

        Args:
            metric: Which.
            leg: Who.
            number: The pair's.
            during: Entered while bytes flow, and not for what is looked at before and after.
        """
        del number
        kind = metric.name.rpartition(".")[2]
        programs: Programs = GuestPrograms(self.guest)
        if leg is Leg.DOM0:
            programs = Dom0Programs(self._host.shell)
        contract = contract_for(self._setting.evidence)
        guests = [self.guest, *([self.server.guest] if self.server.guest else [])]
        with watched(self._host, guests, contract) as watch, self.server.serving(kind):
            before = self._uplink_bytes()
            with during or nullcontext():
                made = exchange(programs, self.server, kind, self._setting.timing)
            passed = {name: count - before[name] for name, count in self._uplink_bytes().items()}
        reasons = watch.objections
        if leg is Leg.GUEST and made.arrived_bytes:
            moved = vnif_bytes(self.guest.name, *watch.counters, into_guest=made.into_client)
            reasons = (accounting.network_objection(moved, made.arrived_bytes), *reasons)
        return Sample(
            leg=leg,
            value=made.value,
            invalid="; ".join(filter(None, reasons)),
            details={**made.details, **self._link(), **passed},
        )

    def _link(self) -> dict[str, float]:
        """Return what the guest's VNIF is like, without which a figure says little."""
        link = self.guest.ask("link", nic=self._nic)
        domid = str(self.guest.domain.domid)
        told = self._host.shell.run(vnif_offloads.ASK, domid, domid, check=False).stdout
        return {
            "mtu_bytes": link.number("mtu"),
            "queues": link.number("queues"),
            **vnif_offloads.parse_offloads(told),
        }

    def _uplink_bytes(self) -> dict[str, float]:
        """Return what has passed through the uplink so far, by direction."""
        if not self.server.uplink:
            return {}
        counts = self._host.shell.run(_UPLINK_BYTES, self.server.uplink).stdout.split()
        return dict(zip(("uplink_in_bytes", "uplink_out_bytes"), map(float, counts), strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """What went between a client and a server.

    Attributes:
        value: In the metric's unit.
        details: Further figures, by name with unit.
        arrived_bytes: How much arrived; 0 where that is not told.
        into_client: Whether the server sent it.
    """

    value: float
    details: dict[str, float]
    arrived_bytes: int = 0
    into_client: bool = False


def exchange(programs: Programs, server: Server, kind: str, timing: Timing) -> Exchange:
    """Return what a client measured.

    Args:
        programs: Of the client, who is measured.
        server: Whom it talks to; it listens.
        kind: The end of a metric's name.
        timing: How long.

    Raises:
        GuestError, CommandError: The client failed.
        CommandTimeoutError: It did not end in time.
        ParseError: It said what we do not understand, or that nothing arrived.
    """
    deadline_s = timing.length_s + GRACE_S
    if kind == ROUND_TRIPS:
        argv = sockperf_text.client_argv(
            server.address, server.sockperf_port, length_s=timing.length_s
        )
        trips = parse_sockperf(programs.run(argv, deadline_s=deadline_s))
        details = {f"p{each:g}_s": latency_s for each, latency_s in trips.latency_s.items()}
        return Exchange(value=trips.median_s, details=details)
    stream = STREAMS[kind]
    argv = iperf3_json.client_argv(
        stream, server.address, server.port, lengths_s=(timing.ramp_s, timing.runtime_s)
    )
    return _of_transfer(stream, parse_iperf3(programs.run(argv, deadline_s=deadline_s)))


def _of_transfer(stream: Stream, transfer: Transfer) -> Exchange:
    details = {"bytes_per_s": transfer.bytes_per_s}
    if stream.udp_bytes:
        details["lost_ratio"] = transfer.lost_packets / (transfer.lost_packets + transfer.packets)
    else:
        details["retransmits"] = float(transfer.retransmits)
    return Exchange(
        value=transfer.packets_per_s if stream.udp_bytes else transfer.bytes_per_s,
        details=details,
        arrived_bytes=transfer.received_bytes,
        into_client=stream.into_client,
    )


def vnif_bytes(name: str, before: HostSample, after: HostSample, *, into_guest: bool) -> int:
    """Return the bytes that a guest's VNIFs moved between two samples, in one direction."""

    def moved(sample: HostSample) -> int:
        vnifs = [v for domain in sample.domains if domain.name == name for v in domain.vnifs]
        count: Callable[[VnifCounters], int] = (
            (lambda vnif: vnif.received_bytes) if into_guest else (lambda vnif: vnif.sent_bytes)
        )
        return sum(map(count, vnifs))

    return moved(after) - moved(before)


def uplink_to(shell: HostShell, peer: Peer, bridge: str) -> str:
    """Return the port of a bridge of Dom0's behind which a peer is; empty where nobody can tell."""
    return shell.run(_UPLINK, peer.address, bridge, check=False).stdout.strip()


def require_peer(shell: HostShell, peer: Peer) -> None:
    """Refuse a peer that is the machine itself, that no way leads to, or that does not answer.

    Args:
        shell: The shell of Dom0, or of a machine without Xen.
        peer: The peer.

    Raises:
        BlockedError: It is; names the port and the cure.
    """
    way = shell.run("ip route get %s", peer.address, check=False)
    if way.returncode != 0:
        raise BlockedError(f"no way leads to {peer.address}: name the peer by an IP address of its")
    if way.stdout.startswith("local"):
        raise BlockedError(f"{peer.address} is the measured machine's own: name another as peer")
    cures = {peer.port: "iperf3 -s", peer.sockperf_port: "sockperf server --tcp"}
    for port, cure in cures.items():
        asked = f"exec 3<>/dev/tcp/{peer.address}/{port}"
        if shell.run("timeout 5 bash -c %s", asked, check=False).returncode != 0:
            raise BlockedError(f"peer {peer.address} does not answer on port {port}: {cure} there")
