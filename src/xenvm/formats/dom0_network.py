"""Dom0's network interfaces, bonds and the guests' VIFs, as facts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from xenvm.model.inventory import Bond, BondLink, Interface, InterfaceKind, Vif

_STANDS_FOR: tuple[tuple[str, InterfaceKind], ...] = (
    ("bridge", InterfaceKind.BRIDGE),
    ("bond", InterfaceKind.BOND),
    ("vlan", InterfaceKind.VLAN),
    ("function", InterfaceKind.OTHER),
)
"""What the script marks, in the order in which a mark decides."""

_BACKEND_BUS = "xen-backend"
_EMULATED_TWIN = re.compile(r".*-emu|tap\d+\.\d+")
_VIF_PATH = re.compile(r"^/local/domain/0/backend/vif/(\d+)/(\d+)/([\w-]+) = \"(.*)\"$")
_BOND_MODE = re.compile(r"^Bonding Mode: (.*)$", re.MULTILINE)
_BOND_LINK = re.compile(r"^Slave Interface: (\S+)\n(?:.*\n)*?MII Status: (\w+)", re.MULTILINE)


def parse_interfaces(text: str) -> tuple[Interface, ...]:
    """Return Dom0's interfaces.

    Args:
        text: A line per interface: its name, then ``key=value`` words, as the script prints out
            of ``/sys/class/net``.
    """
    return tuple(_interface(line.split()) for line in text.splitlines() if line.strip())


def parse_bonds(text: str) -> tuple[Bond, ...]:
    """Return Dom0's bonds.

    Args:
        text: The files of ``/proc/net/bonding``, each after a line ``== NAME``.
    """
    parts = re.split(r"^== (\S+)\n", text, flags=re.MULTILINE)[1:]
    return tuple(
        Bond(
            name=name,
            mode=mode[1] if (mode := _BOND_MODE.search(said)) else "",
            links=tuple(
                BondLink(name=link, up=status == "up") for link, status in _BOND_LINK.findall(said)
            ),
        )
        for name, said in zip(parts[::2], parts[1::2], strict=True)
    )


def parse_vifs(text: str) -> tuple[Vif, ...]:
    """Return the back ends of VNIFs in Dom0, by domid and handle.

    Args:
        text: The output of ``xenstore-ls -f /local/domain/0``.
    """
    found: dict[tuple[int, int], dict[str, str]] = {}
    for line in text.splitlines():
        if match := _VIF_PATH.match(line):
            domid, handle, key, value = match.groups()
            found.setdefault((int(domid), int(handle)), {})[key] = value
    return tuple(
        Vif(
            name=said.get("vifname") or f"vif{domid}.{handle}",
            domid=domid,
            bridge=said.get("bridge", ""),
            script=said.get("script", "").rpartition("/")[2],
            mac=said.get("mac", "").lower(),
        )
        for (domid, handle), said in sorted(found.items())
    )


def _interface(words: list[str]) -> Interface:
    name, *pairs = words
    said = dict(_pairs(pairs))
    return Interface(
        name=name,
        kind=_kind(name, said),
        master=said.get("master", ""),
        lowers=tuple(sorted(value for key, value in _pairs(pairs) if key == "lower")),
    )


def _pairs(words: list[str]) -> Iterator[tuple[str, str]]:
    for word in words:
        key, _, value = word.partition("=")
        yield key, value


def _kind(name: str, said: Mapping[str, str]) -> InterfaceKind:
    for mark, kind in _STANDS_FOR:
        if mark in said:
            return kind
    bus = said.get("bus", "")
    # Back ends have a device too; only their bus tells them from a physical port.
    if bus:
        return InterfaceKind.VIF if bus == _BACKEND_BUS else InterfaceKind.NIC
    return InterfaceKind.EMULATED if _EMULATED_TWIN.fullmatch(name) else InterfaceKind.OTHER
