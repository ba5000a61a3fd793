"""Which guest leaves by which NIC: section 5.7 of the white paper."""

from __future__ import annotations

import pytest

from xenvm.errors import BlockedError
from xenvm.host import Host
from xenvm.host.probe import ProbeGuest
from xenvm.model.bridge_tree import BridgeTree
from xenvm.model.inventory import InterfaceKind, Inventory
from xenvm.model.verdict import Evidence
from xenvm.model.vnif import Vnif
from xenvm.qualify.checking import Check, held_against_host
from xenvm.qualify.journal import Ledger
from xenvm.qualify.workshop import Workshop, link_addresses

NOBODY = "198.51.100.1"
"""An address for documentation (RFC 5737): who is asked for it is never there."""

TRIES = 4
"""The guest asks at least so often; a bridge by itself says less."""


@pytest.fixture
def nics(inventory: Inventory, allow_list: frozenset[str]) -> list[str]:
    """The NICs that the user lets us use."""
    allowed = [n.name for n in inventory.network.of_kind(InterfaceKind.NIC) if n.name in allow_list]
    if not allowed:
        raise BlockedError("no NIC is in the allow-list: name one that nothing uses, --allow NIC")
    return allowed


def leaves_by(host: Host, guest: ProbeGuest, vnif: Vnif, nic: str) -> bool:
    """Return whether all that a guest says when it asks the LAN for somebody leaves by a NIC."""
    assert vnif.mac is not None
    end = guest.domain.vnifs.link(vnif.mac)
    counters = f"{end}/statistics/rx_packets", f"{nic}/statistics/tx_packets"
    command = "cat " + " ".join(f"/sys/class/net/{counter}" for counter in counters)
    before = [*map(int, host.shell.run(command).stdout.split())]
    ours = link_addresses(0)[1].partition("/")[0]
    name = guest.facts().nic(str(vnif.mac)).name
    guest.ask("ping", targets=f"{name}={ours}/0={NOBODY}", tries=TRIES)
    after = [*map(int, host.shell.run(command).stdout.split())]
    said, left = (then - now for now, then in zip(before, after, strict=True))
    return left >= said >= TRIES


def ports(tree: BridgeTree, bridge: str) -> tuple[str, ...]:
    return next(node.state.ports for node in tree.bridges if node.state.name == bridge)


def other_external_bridge(tree: BridgeTree, ours: str, nic: str) -> str:
    """Return a bridge that leaves by another NIC; a guest on it is not let speak there."""
    for node in tree.bridges:
        if node.state.name != ours and any(link.name != nic for link in node.uplinks):
            return node.state.name
    raise BlockedError("the host has no second bridge with a NIC: name two with --allow NIC")


@pytest.mark.timeout(900)
@pytest.mark.requirement("WP-5.7-02", "WP-5.7-03", "WP-5.7-04", "WP-5.7-05")
def test_guests_leave_by_the_nic_of_their_bridge(
    journal: Ledger, check: Check, workshop: Workshop, nics: list[str]
) -> None:
    """Give a NIC to one guest alone, then to two; then two NICs to one guest."""
    host, nic = workshop.host, nics[0]
    workshop.require_memory(2)
    bridge = workshop.bridge_over(nic, "e0")
    first, second = (Vnif(bridge=bridge, mac=workshop.next_mac()) for _ in range(2))
    guests = [workshop.guest("g0", vnifs=[first])]
    guests[0].wait_until_up()
    alone = ports(host.devices.bridge_tree(), bridge)
    left = leaves_by(host, guests[0], first, nic)
    check(
        "WP-5.7-05",
        observed=len(alone),
        expected=2,
        passed=len(alone) == 2 and left,
        unit="ports",
        detail=f"{bridge} has {', '.join(alone)}; the guest's packets left by {nic}: {left}",
    )
    journal.progress(0.4, "a second guest on the same NIC")
    guests.append(workshop.guest("g1", vnifs=[second]))
    guests[1].wait_until_up()
    both = [leaves_by(host, g, v, nic) for g, v in zip(guests, (first, second), strict=True)]
    check(
        "WP-5.7-02",
        observed=sum(both),
        expected=2,
        unit="guests that leave by one NIC",
        detail=f"counted in the packets that {nic} sent while each guest asked",
    )
    journal.progress(0.7, "a second NIC for the first guest")
    elsewhere = second_bridge(workshop, nics, bridge)
    with held_against_host():
        guests[0].domain.vnifs.attach(Vnif(bridge=elsewhere, mac=workshop.next_mac()))
    check_the_map(check, host.devices.bridge_tree(), guests)


def second_bridge(workshop: Workshop, nics: list[str], ours: str) -> str:
    """Return a bridge over the user's second NIC, or else one that is there already."""
    if len(nics) > 1:
        return workshop.bridge_over(nics[1], "e1")
    return other_external_bridge(workshop.host.devices.bridge_tree(), ours, nics[0])


def check_the_map(check: Check, tree: BridgeTree, guests: list[ProbeGuest]) -> None:
    """Check what Dom0 tells of the guests' VNIFs; the first has two, on two NICs."""
    mapped = {v.mac: n.state.name for n in tree.bridges for v in n.vnifs}
    asked = {str(v.mac): v.bridge for guest in guests for v in guest.domain.vnifs}
    evidence = [Evidence(command="ip -json -details address; xenstore-ls", output=str(mapped))]
    check(
        "WP-5.7-03",
        observed=sum(mapped.get(mac) == name for mac, name in asked.items()),
        expected=len(guests) + 1,
        unit="VNIFs that Dom0 tells the bridge of",
        evidence=evidence,
    )
    by = sorted(tree.nics_of(guests[0].name))
    check(
        "WP-5.7-04",
        observed=len(by),
        expected=2,
        unit="NICs of one guest",
        detail=f"{guests[0].name} leaves by {', '.join(by)}",
        evidence=evidence,
    )
