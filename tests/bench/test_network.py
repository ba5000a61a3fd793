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
from xenvm.host import CommandResult, Host
from xenvm.host.probe import ProbeGuest
from xenvm.host.probe.protocol import Reply
from xenvm.host.shell import LocalShell
from xenvm.model.benchmark import Leg
from xenvm.model.verdict import EvidenceClass

DATA = Path(__file__).parents[1] / "formats/data/bench"


class Guest:
    """A guest whose programs say what they once said."""

    hello = SimpleNamespace(nics=[SimpleNamespace(name="eth0")])
    domain = SimpleNamespace(domid=7)

    def __init__(self, name: str):
        self.name = name

    def ask(self, verb: str, **_values: str | int) -> Reply:
        return Reply(id=1, ok=True, fields={"mtu": 1500, "queues": 2} if verb == "link" else {})


class Dom0(LocalShell):
    """A Dom0 whose port counts 1000 bytes in and 10 out from one look to the next."""

    def __init__(self) -> None:
        super().__init__()
        self.looks = 0

    def run(
        self,
        command: str,
        *args: str,
        deadline_s: float = 30.0,
        check: bool = True,
        stdin: str = "",
    ) -> CommandResult:
        del deadline_s, check, stdin
        line = command % args
        said = '/local/domain/7/device/vif/0/feature-sg = "1"\n' if "xenstore-ls" in line else ""
        if "/sys/class/net/eth0/statistics" in line:
            self.looks += 1
            said = f"{1000 * self.looks}\n{10 * self.looks}\n"
        return CommandResult(command=line, returncode=0, stdout=said, stderr="")


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
    host: Host = SimpleNamespace(shell=Dom0())  # type: ignore[assignment] # the part that is needed
    setting = Setting(evidence=EvidenceClass.HARDWARE)
    return NetworkDriver(host, guest, server, setting, path="guest")


def test_a_guest_that_serves_is_measured_and_no_noise_beside_it(watched_guests: list[str]) -> None:
    other: ProbeGuest = Guest("g1")  # type: ignore[assignment] # the part of it that is needed
    made = driver(Server.in_guest(other, "198.18.0.3"))
    trips = next(each for each in made.metrics if each.name.endswith("tcp-rr"))
    sample = made.sample(trips, Leg.GUEST, number=1)
    assert watched_guests == ["g0", "g1"]
    driver(Server(address="192.0.2.7")).sample(trips, Leg.GUEST, number=1)
    assert watched_guests == ["g0"]
    assert "uplink_in_bytes" not in sample.details


@pytest.mark.usefixtures("watched_guests")
def test_a_sample_tells_of_the_link_and_of_the_port_to_the_peer() -> None:
    made = driver(Server(address="192.0.2.7", uplink="eth0"))
    trips = next(each for each in made.metrics if each.name.endswith("tcp-rr"))
    details = made.sample(trips, Leg.GUEST, number=1).details
    assert (details["mtu_bytes"], details["queues"], details["guest_sg"]) == (1500, 2, 1)
    assert (details["uplink_in_bytes"], details["uplink_out_bytes"]) == (1000, 10)
