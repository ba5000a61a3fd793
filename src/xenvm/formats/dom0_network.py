"""Dom0's network interfaces, bonds and the guests' VIFs, as facts."""

from __future__ import annotations

import re
from collections.abc import Mapping

from xenvm.model.inventory import Bond, BondLink, Interface, InterfaceKind, Vif

_STANDS_FOR: tuple[tuple[str, InterfaceKind], ...] = (
    ("bridge", InterfaceKind.BRIDGE),
    ("bonding", InterfaceKind.BOND),
    ("vlan", InterfaceKind.VLAN),
    ("device/physfn", InterfaceKind.OTHER),
)
"""What an interface with such an entry is, in the order in which entries decide."""

_ENTRY = re.compile(
    r"(?:/sys/class/net/(?P<name>[^/\s]+)(?:/(?P<entry>\S+))?|/proc/net/vlan/(?P<vlan>\S+))"
    r"(?: -> (?:\S*/)?(?P<target>[^/\s]+))?$"
)
_BUS, _MASTER, _LOWER = "device/subsystem", "master", "lower_"
_BACKEND_BUS = "xen-backend"
_FRONTEND_BUS = "xen"
_EMULATED_TWIN = re.compile(r".*-emu|tap\d+\.\d+")
_VIF_PATH = re.compile(r"^/local/domain/0/backend/vif/(\d+)/(\d+)/([\w-]+) = \"(.*)\"$")
_BOND_MODE = re.compile(r"^Bonding Mode: (.*)$", re.MULTILINE)
_BOND_LINK = re.compile(r"^Slave Interface: (\S+)\n(?:.*\n)*?MII Status: (\w+)", re.MULTILINE)


def parse_interfaces(text: str) -> tuple[Interface, ...]:
    """Return Dom0's interfaces, by name.

    Args:
        text: ``ls -l`` of ``/sys/class/net/*``, of the entries in there that tell what each is
            and what it hangs on, and of ``/proc/net/vlan/*``.
    """
    found: dict[str, dict[str, str]] = {}
    vlans = set()
    for line in text.splitlines():
        if not (match := _ENTRY.search(line)):
            continue
        if match["vlan"]:
            vlans.add(match["vlan"])
        elif match["entry"]:
            found.setdefault(match["name"], {})[match["entry"]] = match["target"] or ""
        elif match["target"]:
            # A file beside the interfaces, such as bonding_masters, is no link.
            found.setdefault(match["name"], {})
    for name in vlans & found.keys():
        found[name]["vlan"] = ""
    return tuple(_interface(name, entries) for name, entries in sorted(found.items()))


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


def _interface(name: str, entries: Mapping[str, str]) -> Interface:
    lowers = (entry.removeprefix(_LOWER) for entry in entries if entry.startswith(_LOWER))
    return Interface(
        name=name,
        kind=_kind(name, entries),
        master=entries.get(_MASTER, ""),
        lowers=tuple(sorted(lowers)),
    )


def _kind(name: str, entries: Mapping[str, str]) -> InterfaceKind:
    for entry, kind in _STANDS_FOR:
        if entry in entries:
            return kind
    if bus := entries.get(_BUS):
        # Xen's two ends have a device too; only their bus tells them from a physical port. Dom0
        # has front ends as well: QEMU gives one to the "dom0" it serves disks for (seen on 4.20).
        return {_BACKEND_BUS: InterfaceKind.VIF, _FRONTEND_BUS: InterfaceKind.OTHER}.get(
            bus, InterfaceKind.NIC
        )
    return InterfaceKind.EMULATED if _EMULATED_TWIN.fullmatch(name) else InterfaceKind.OTHER
