"""Who is measured with a network's leg, seen without a network."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from xenvm.bench import network, programs
from xenvm.bench.measuring import Setting
from xenvm.bench.network import NetworkDriver, Server
from xenvm.host import Host
from xenvm.host.probe import ProbeGuest
from xenvm.host.probe.protocol import Reply
from xenvm.model.benchmark import Leg
from xenvm.model.verdict import EvidenceClass

DATA = Path(__file__).parents[1] / "formats/data/bench"


class Guest:
    """A guest whose programs say what they once said."""

    hello = SimpleNamespace(nics=[SimpleNamespace(name="eth0")])

    def __init__(self, name: str):
        self.name = name

    def ask(self, verb: str, **_values: str | int) -> Reply:
        return Reply(id=1, ok=True, fields={"mtu": 1500, "queues": 2} if verb == "link" else {})


@pytest.fixture
def watched_guests(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of the guests that the last leg watched."""
    names: list[str] = []

    @contextmanager
    def watched(
        _host: Host, guests: Collection[ProbeGuest], *_more: object
    ) -> Iterator[SimpleNamespace]:
        names[:] = [guest.name for guest in guests]
        yield SimpleNamespace(objections=(), counters=())

    said = (DATA / "sockperf-3.7-tcp-rr.txt").read_text()
    monkeypatch.setattr(network, "watched", watched)
    monkeypatch.setattr(programs.GuestPrograms, "run", lambda *_a, **_k: said)
    return names


def driver(server: Server) -> NetworkDriver:
    guest: ProbeGuest = Guest("g0")  # type: ignore[assignment] # the part of it that is needed
    host: Host = None  # type: ignore[assignment] # nobody asks it
    setting = Setting(evidence=EvidenceClass.HARDWARE)
    return NetworkDriver(host, guest, server, setting, path="guest")


def test_a_guest_that_serves_is_measured_and_no_noise_beside_it(watched_guests: list[str]) -> None:
    other: ProbeGuest = Guest("g1")  # type: ignore[assignment] # the part of it that is needed
    made = driver(Server.in_guest(other, "198.18.0.3"))
    trips = next(each for each in made.metrics if each.name.endswith("tcp-rr"))
    sample = made.sample(trips, Leg.GUEST, number=1)
    assert watched_guests == ["g0", "g1"]
    assert sample.details["mtu_bytes"] == 1500
    driver(Server(address="192.0.2.7")).sample(trips, Leg.GUEST, number=1)
    assert watched_guests == ["g0"]
