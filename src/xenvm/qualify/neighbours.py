"""Guests that nothing beside them may touch, and how they fared while something happened."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from xenvm.errors import CommandTimeoutError, GuestError
from xenvm.host.probe import Hello, ProbeGuest
from xenvm.host.probe.protocol import pattern_sha256
from xenvm.model.kinds import DiskBacking
from xenvm.model.quantities import MacAddress
from xenvm.model.vbd import Vbd
from xenvm.model.verdict import EvidenceClass
from xenvm.model.vnif import Vnif

from .workshop import TEST_NETWORK, Workshop

BEAT_MS = 100
PORT = 5000
DISK_MIB = 8
WRITTEN_KIB = 64
ANSWER_DEADLINE_S = 30.0
"""For a neighbour, or Dom0, that may have been harmed."""
_UNHARMED_TIMES = 3
"""So often an emulated host is allowed what it takes unharmed: what a fault costs is slow too."""


def allowed_s(limit_s: float, unharmed_s: float, evidence: EvidenceClass) -> float:
    """Return what a time may be, where an emulated host is slow without being harmed.

    Args:
        limit_s: What the profile allows a machine.
        unharmed_s: The same time on the same host, while nothing happened.
        evidence: What kind of host it is; only an emulated one is allowed its own slowness.
    """
    return limit_s if evidence is EvidenceClass.HARDWARE else limit_s + _UNHARMED_TIMES * unharmed_s


def largest_gap_s(times_s: Iterable[float]) -> float:
    """Return the longest time between two that follow each other, in seconds; 0 for fewer."""
    pairs = itertools.pairwise(times_s)
    return max((after_s - before_s for before_s, after_s in pairs), default=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """How the neighbours, and Dom0, fared during a while.

    Attributes:
        gap_s: The longest time between two beats of one heart, by its own clock; where the guest
            booted again or answers no more, as long as was watched.
        answer_s: The longest that Dom0 took for ``xl list``; 0 when nobody asked.
        lost: What a neighbour lost, a phrase each: its boot, its stream, its disk, its voice.
        boots: The boots that were seen at the end.
    """

    gap_s: float
    answer_s: float
    lost: tuple[str, ...]
    boots: frozenset[str]

    @property
    def text(self) -> str:
        """Return all of it on one line."""
        asked = f", xl list within {self.answer_s:.2f} s" if self.answer_s else ""
        return f"largest gap {self.gap_s:.2f} s{asked}; lost: {', '.join(self.lost) or 'nothing'}"


class Neighbours:
    """Two guests whose hearts beat ten times a second; the first streams to the second by TCP.

    Attributes:
        bridge: The bridge that both are on, and whoever joins them.
        guests: Both; the first has a disk.
    """

    def __init__(self, workshop: Workshop):
        self._workshop = workshop
        (self.bridge,) = workshop.bridges(["b0"], [self.address(0)])
        disk = Vbd(
            target="xvda",
            source=workshop.image_file("n0.img", DISK_MIB),
            backing=DiskBacking.FILE,
        )
        sender, hearer = (self.vnif(), self.vnif())
        self.guests = (
            workshop.guest("n0", vnifs=[sender], vbds=[disk], paused=True),
            workshop.guest("n1", vnifs=[hearer], paused=True),
        )
        workshop.unpause_all(self.guests)
        self._stream(sender.mac, hearer.mac)
        for guest in self.guests:
            guest.ask("beat", every_ms=BEAT_MS)

    @staticmethod
    def address(number: int) -> str:
        """Return an address on the bridge, with prefix: 0 is Dom0's, 1 and 2 are the guests'."""
        return f"{TEST_NETWORK.network_address + 1 + number}/24"

    def vnif(self) -> Vnif:
        """Return a new VNIF on the bridge."""
        return Vnif(bridge=self.bridge, mac=self._workshop.next_mac())

    def watch(self) -> Watch:
        """Return a look at how both fare from now on."""
        return Watch(self, self._workshop)

    def _stream(self, sender: MacAddress | None, hearer: MacAddress | None) -> None:
        first, second = self.guests
        second.ask("listen", nic=nic_of(second, hearer), address=self.address(2), port=PORT)
        first.ask(
            "stream",
            nic=nic_of(first, sender),
            address=self.address(1),
            peer=self.address(2).partition("/")[0],
            port=PORT,
        )


def nic_of(guest: ProbeGuest, mac: MacAddress | None) -> str:
    """Return what a guest that is up calls the VNIF with an address."""
    return (guest.hello or guest.wait_until_up()).nic(str(mac)).name


class Watch:
    """How neighbours fare from when it is made until :meth:`end`."""

    def __init__(self, neighbours: Neighbours, workshop: Workshop):
        self._guests = neighbours.guests
        self._shell = workshop.host.shell
        self._since = {guest.name: guest.facts() for guest in self._guests}
        self._heard = self._guests[1].ask("heard").number("lines")
        self._answer_s = 0.0
        self._started_s = time.monotonic()

    def look(self) -> str:
        """Return what ``xl list`` prints; how long Dom0 took for it counts."""
        started_s = time.monotonic()
        try:
            return self._shell.run("xl list", deadline_s=ANSWER_DEADLINE_S).stdout
        except CommandTimeoutError:
            return ""
        finally:
            self._answer_s = max(self._answer_s, time.monotonic() - started_s)

    def end(self) -> Sight:
        """Return how they fared."""
        lost: list[str] = []
        now = {guest.name: facts for guest in self._guests if (facts := _facts(guest, lost))}
        lost += [f"{name} booted again" for name, facts in now.items()
                 if facts.boot_id != self._since[name].boot_id]  # fmt: skip
        lost += self._stream_lost() if len(now) == len(self._guests) else []
        lost += self._disk_lost() if self._guests[0].name in now else []
        return Sight(
            gap_s=max(self._gap_s(guest, now) for guest in self._guests),
            answer_s=self._answer_s,
            lost=tuple(lost),
            boots=frozenset(facts.boot_id for facts in now.values()),
        )

    def _gap_s(self, guest: ProbeGuest, now: Mapping[str, Hello]) -> float:
        """Return the largest gap; both ends of the watch count as beats, so that silence does."""
        since, until = self._since[guest.name], now.get(guest.name)
        if until is None or until.boot_id != since.boot_id:
            return time.monotonic() - self._started_s
        beats_s = [beat.uptime_s for beat in guest.beats]
        between_s = [at_s for at_s in beats_s if since.uptime_s < at_s < until.uptime_s]
        return largest_gap_s([since.uptime_s, *between_s, until.uptime_s])

    def _stream_lost(self) -> list[str]:
        sender, hearer = self._guests
        try:
            sent = sender.ask("stream_status", deadline_s=ANSWER_DEADLINE_S)
            heard = hearer.ask("heard", deadline_s=ANSWER_DEADLINE_S)
        except GuestError as exc:
            return [f"the TCP stream: {exc}"]
        if sent.fields.get("connected") is not True or sent.number("errors"):
            return ["the TCP stream's connection"]
        if heard.number("wrong") or heard.number("lines") <= self._heard:
            return ["lines of the TCP stream"]
        return []

    def _disk_lost(self) -> list[str]:
        seed = f"w{time.monotonic_ns()}"
        words = {"device": "xvda", "seed": seed, "kib": str(WRITTEN_KIB)}
        guest = self._guests[0]
        try:
            guest.answer(guest.send("write", **words), deadline_s=ANSWER_DEADLINE_S)
            read = guest.answer(guest.send("read", **words), deadline_s=ANSWER_DEADLINE_S)
        except GuestError as exc:
            return [f"its disk: {exc}"]
        ok = read.fields.get("sha256") == pattern_sha256(seed, WRITTEN_KIB)
        return [] if ok else ["bytes on its disk"]


def _facts(guest: ProbeGuest, lost: list[str]) -> Hello | None:
    """Return what a guest sees of itself, or None after noting that it answers no more."""
    try:
        return guest.facts(deadline_s=ANSWER_DEADLINE_S)
    except GuestError as exc:
        lost.append(str(exc))
        return None
