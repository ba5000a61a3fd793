"""What the tests of movement share: the second host, and the way there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from xenvm.host import Host
from xenvm.host.probe import deploy
from xenvm.model.inventory import Inventory
from xenvm.model.kinds import GuestType
from xenvm.qualify.crossing import Crossing
from xenvm.qualify.journal import Ledger
from xenvm.qualify.workshop import Workshop


@pytest.fixture
def peer_workshop(peer: Host, journal: Ledger) -> Iterator[Workshop]:
    """Makes what the test needs on the second host; all of it is gone afterwards."""
    made = Workshop(peer, journal, deploy(peer.shell))
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def crossing(workshop: Workshop, peer_workshop: Workshop, peer_uri: str | None) -> Crossing:
    """The way from the host under test to its peer."""
    return Crossing(workshop, peer_workshop, uri=peer_uri)


@pytest.fixture
def movable(inventory: Inventory) -> GuestType:
    """The kind of guest that can move while it runs: PV takes a Xen with shadow paging."""
    return GuestType.PV if "shadow" in (inventory.hypervisor.virt_caps or ()) else GuestType.PVH
