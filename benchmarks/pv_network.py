"""Network: iperf3 and sockperf between a guest and Dom0, another guest, or a peer outside."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from xenvm.bench.catalogue import PATHS
from xenvm.bench.measuring import Setting
from xenvm.bench.network import NetworkDriver, Peer
from xenvm.bench.replay import CLOCK
from xenvm.pytest_plugin import OpenWorkshop
from xenvm.qualify.gauge import Gauging, provided
from xenvm.qualify.rigs import network_rig

pytestmark = [
    pytest.mark.benchmark(group="network", timer=CLOCK.now),
    pytest.mark.metrics(*(f"network.{path}" for path in PATHS)),
]


@pytest.fixture(scope="module")
def driver(
    request: pytest.FixtureRequest,
    open_workshop: OpenWorkshop,
    setting: Setting,
    traffic_peer: Peer | None,
) -> Iterator[NetworkDriver]:
    """Drives one path: guests, a bridge, and who answers."""
    with open_workshop() as workshop, provided():
        yield network_rig(workshop, request.param.partition(".")[2], setting, peer=traffic_peer)


def test_network(driver: NetworkDriver, name: str, gauge: Gauging) -> None:
    """A PV network interface; beside Dom0's own where a peer answers."""
    gauge(driver, name)
