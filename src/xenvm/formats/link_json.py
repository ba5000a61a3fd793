"""What ``ip -json -details address show`` prints → bridges; pure text."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from typing import TypeAlias

from xenvm.errors import ParseError
from xenvm.model.bridge import BridgeState
from xenvm.model.quantities import MacAddress

_Link: TypeAlias = Mapping[str, object]


def parse_bridges(text: str) -> tuple[BridgeState, ...]:
    """Return the bridges among all links of a Dom0, sorted by name.

    Args:
        text: What ``ip -json -details address show`` printed, for every link, so that the
            ports of each bridge are seen too.

    Raises:
        ParseError: It is not what iproute2 prints.
    """
    try:
        links: list[_Link] = [link for link in json.loads(text) if link]
        ports: dict[object, list[str]] = defaultdict(list)
        for link in links:
            ports[link.get("master")].append(str(link["ifname"]))
        bridges = [_bridge(link, ports[link["ifname"]]) for link in links if _is_bridge(link)]
    except (ValueError, LookupError, TypeError, AttributeError) as exc:
        raise ParseError(f"this is not what ip -json prints: {exc}", text=text) from exc
    return tuple(sorted(bridges, key=lambda bridge: bridge.name))


def _is_bridge(link: _Link) -> bool:
    info = link.get("linkinfo")
    return isinstance(info, dict) and info.get("info_kind") == "bridge"


def _bridge(link: _Link, ports: list[str]) -> BridgeState:
    flags, addresses = link["flags"], link.get("addr_info", [])
    if not isinstance(flags, list) or not isinstance(addresses, list):
        raise TypeError("flags and addr_info are no lists")
    return BridgeState(
        name=str(link["ifname"]),
        mac=MacAddress(str(link["address"])),
        mtu_bytes=int(str(link["mtu"])),
        is_up="UP" in flags,
        ports=tuple(sorted(ports)),
        addresses=tuple(
            f"{address['local']}/{address['prefixlen']}"
            for address in addresses
            if address.get("scope") != "link" and "local" in address
        ),
    )
