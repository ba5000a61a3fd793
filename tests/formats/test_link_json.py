"""Bridges out of what iproute2 prints."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from xenvm.errors import ParseError
from xenvm.formats.link_json import parse_bridges, parse_links
from xenvm.model.bridge import BridgeState
from xenvm.model.inventory import InterfaceKind
from xenvm.model.quantities import MacAddress

CAPTURED = Path(__file__).parent / "data" / "ip-address-bookworm.json"
"""``ip -json -details address show`` in the Dom0 of a lab, with two bridges more."""


def test_a_dom0s_bridges_have_their_ports_and_addresses() -> None:
    bridges = {bridge.name: bridge for bridge in parse_bridges(CAPTURED.read_text())}
    assert list(bridges) == ["xenbr0", "xvt0", "xvt1"]
    assert bridges["xenbr0"] == BridgeState(
        name="xenbr0",
        mac=MacAddress("52:54:00:00:00:fe"),
        mtu_bytes=1500,
        is_up=True,
        ports=("eth0",),
        addresses=("10.0.2.15/24",),
    )
    assert bridges["xvt0"].addresses == ("192.0.2.1/24",)
    assert (bridges["xvt1"].is_up, bridges["xvt1"].ports) == (False, ())


@pytest.mark.parametrize("text", ["", "[", "{}x", '["a"]', '[{"ifname": "a"', "[1]"])
def test_what_ip_does_not_print_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        parse_bridges(text)


def test_a_bridge_without_flags_is_refused() -> None:
    with pytest.raises(ParseError):
        parse_bridges('[{"ifname": "a", "linkinfo": {"info_kind": "bridge"}}]')


def test_a_host_without_links_has_no_bridges() -> None:
    assert parse_bridges("[{}]") == ()


def test_a_dom0s_links_are_told_by_kind() -> None:
    links = {link.name: link for link in parse_links(CAPTURED.read_text())}
    assert links["xenbr0"].kind is InterfaceKind.BRIDGE
    assert (links["eth0"].kind, links["eth0"].master) == (InterfaceKind.NIC, "xenbr0")
    assert links["lo"].kind is InterfaceKind.OTHER


def test_a_vlan_stands_on_its_bond_and_a_bond_on_its_nics() -> None:
    text = json.dumps(
        [
            {"ifname": "eth1", "master": "bond0", "parentbus": "pci"},
            {"ifname": "bond0", "linkinfo": {"info_kind": "bond"}},
            {"ifname": "bond0.7", "link": "bond0", "linkinfo": {"info_kind": "vlan"}},
            {"ifname": "vif3.0", "parentbus": "xen-backend"},
            {"ifname": "vif3.0-emu"},
        ]
    )
    links = {link.name: (link.kind.value, link.lowers) for link in parse_links(text)}
    assert links == {
        "eth1": ("nic", ()),
        "bond0": ("bond", ("eth1",)),
        "bond0.7": ("vlan", ("bond0",)),
        "vif3.0": ("vif", ()),
        "vif3.0-emu": ("emulated", ()),
    }
