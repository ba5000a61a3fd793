"""What ``ip -json -details address show`` prints → bridges; pure text."""

from __future__ import annotations

import contextlib
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import TypeAlias

from xenvm.errors import ParseError
from xenvm.model.bridge import BridgeState
from xenvm.model.inventory import Interface, InterfaceKind
from xenvm.model.quantities import MacAddress

_Link: TypeAlias = Mapping[str, object]

_KINDS = {
    "bridge": InterfaceKind.BRIDGE,
    "bond": InterfaceKind.BOND,
    "vlan": InterfaceKind.VLAN,
}
_VIF = re.compile(r"vif\d+\.\d+")
_EMULATED = re.compile(r".*-emu|tap\d+\.\d+")
_XEN_BUSES = frozenset({"xen-backend", "xen"})


def parse_bridges(text: str) -> tuple[BridgeState, ...]:
    """Return the bridges among all links of a Dom0, sorted by name.

    Args:
        text: What ``ip -json -details address show`` printed, for every link, so that the
            ports of each bridge are seen too.

    Raises:
        ParseError: It is not what iproute2 prints.
    """
    with _understood(text):
        links = _links(text)
        ports: dict[object, list[str]] = defaultdict(list)
        for link in links:
            ports[link.get("master")].append(str(link["ifname"]))
        bridges = [
            _bridge(link, ports[link["ifname"]]) for link in links if _kind(link) == "bridge"
        ]
    return tuple(sorted(bridges, key=lambda bridge: bridge.name))


def parse_links(text: str) -> tuple[Interface, ...]:
    """Return all links of a Dom0, by name: what each is, and what it stands on.

    Args:
        text: What ``ip -json -details address show`` printed.

    Raises:
        ParseError: It is not what iproute2 prints.
    """
    with _understood(text):
        links = _links(text)
        members: dict[str, list[str]] = defaultdict(list)
        for link in links:
            members[str(link.get("master"))].append(str(link["ifname"]))
        found = [_interface(link, members) for link in links]
    return tuple(sorted(found, key=lambda link: link.name))


def _interface(link: _Link, members: Mapping[str, list[str]]) -> Interface:
    name = str(link["ifname"])
    kind = _interface_kind(name, link)
    lowers = members.get(name, []) if kind is InterfaceKind.BOND else []
    if kind is InterfaceKind.VLAN and "link" in link:
        lowers = [str(link["link"])]
    return Interface(
        name=name, kind=kind, master=str(link.get("master", "")), lowers=tuple(sorted(lowers))
    )


def _interface_kind(name: str, link: _Link) -> InterfaceKind:
    """Return what a link is: by its kind, by our toolstack's names, else by the bus it is on."""
    if (kind := _kind(link)) in _KINDS:
        return _KINDS[kind]
    if _EMULATED.fullmatch(name):
        return InterfaceKind.EMULATED
    if _VIF.fullmatch(name):
        return InterfaceKind.VIF
    is_nic = link.get("parentbus") not in {None, *_XEN_BUSES}
    return InterfaceKind.NIC if is_nic else InterfaceKind.OTHER


def _links(text: str) -> list[_Link]:
    return [link for link in json.loads(text) if link]


@contextlib.contextmanager
def _understood(text: str) -> Iterator[None]:
    try:
        yield
    except (ValueError, LookupError, TypeError, AttributeError) as exc:
        raise ParseError(f"this is not what ip -json prints: {exc}", text=text) from exc


def _kind(link: _Link) -> str:
    info = link.get("linkinfo")
    return str(info.get("info_kind", "")) if isinstance(info, dict) else ""


def _data(link: _Link) -> Mapping[str, object]:
    info = link.get("linkinfo")
    data = info.get("info_data") if isinstance(info, dict) else None
    return data if isinstance(data, dict) else {}


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
        stp=bool(_data(link).get("stp_state")),
        vlan_filtering=bool(_data(link).get("vlan_filtering")),
    )
