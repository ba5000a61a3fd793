"""Bridges out of what iproute2 prints."""

from __future__ import annotations

from pathlib import Path

import pytest

from xenvm.errors import ParseError
from xenvm.formats.link_json import parse_bridges
from xenvm.model.bridge import BridgeState
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
