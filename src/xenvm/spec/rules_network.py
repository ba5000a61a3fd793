"""Rules on Dom0's network: bridges, their ports, NICs and bonds."""

from __future__ import annotations

from collections.abc import Iterator

from xenvm.formats.dom0_commands import BONDS, INTERFACES, XENSTORE
from xenvm.model.inventory import Interface, InterfaceKind, Inventory, NetworkFacts
from xenvm.model.profile import Profile

from .limits import number_of
from .rulebook import Finding, judged, rule, unseen

_INTERFACES = "Dom0's network interfaces"
_GUEST_PORTS = frozenset({InterfaceKind.VIF, InterfaceKind.EMULATED})
_LINKS_LEAST = 2


@rule("WP-3.4-11", INTERFACES, XENSTORE, lines="vif")
def vifs_on_bridges(inventory: Inventory, _: Profile) -> Finding:
    """Return a pass when every running guest's VIF is a port of a Linux bridge."""
    network, guests = inventory.network, inventory.running
    if network.interfaces is None or network.vifs is None or guests is None:
        return unseen("the guests' VIFs and Dom0's bridges")
    running = {guest.domid for guest in guests}
    vifs = [vif for vif in network.vifs if vif.domid in running]
    astray = [vif for vif in vifs if not _on_bridge(network, vif.name)]
    said = "; ".join(f"{vif.name} ({vif.script or 'no script'}) is on none" for vif in astray)
    observed = f"{len(vifs) - len(astray)} of {len(vifs)}"
    return judged(not astray, observed, "all on Linux bridges", detail=said)


@rule("WP-3.4-12", INTERFACES, limit="bridges_max", lines="/bridge$")
def number_of_bridges(inventory: Inventory, profile: Profile) -> Finding:
    """Return a pass when there are no more bridges than the profile allows."""
    if inventory.network.interfaces is None:
        return unseen(_INTERFACES)
    count = len(inventory.network.of_kind(InterfaceKind.BRIDGE))
    most = number_of(profile, "bridges_max")
    return judged(count <= most, count, most, "bridges")


@rule("WP-3.4-13", INTERFACES, lines="lower_|/bridge$|subsystem")
def external_bridges(inventory: Inventory, _: Profile) -> Finding:
    """Return a pass when no more bridges reach outside than there are physical NICs."""
    network = inventory.network
    if network.interfaces is None:
        return unseen(_INTERFACES)
    external = [bridge.name for bridge, _ in _uplinks(network)]
    nics = len(network.of_kind(InterfaceKind.NIC))
    count = len(dict.fromkeys(external))
    return judged(count <= nics, count, nics, "external bridges", f"{nics} physical NICs")


@rule("WP-3.4-14", INTERFACES, limit="vnifs_per_bridge_max", lines="vif.*/master|/bridge$")
def vnifs_per_bridge(inventory: Inventory, profile: Profile) -> Finding:
    """Return a pass when no bridge has too many VNIFs; emulated twins and uplinks are none."""
    network = inventory.network
    if network.interfaces is None:
        return unseen(_INTERFACES)
    counts = {
        bridge.name: sum(port.kind is InterfaceKind.VIF for port in network.ports(bridge.name))
        for bridge in network.of_kind(InterfaceKind.BRIDGE)
    }
    fullest = max(counts, key=lambda name: counts[name], default="")
    count = counts.get(fullest, 0)
    most = number_of(profile, "vnifs_per_bridge_max")
    detail = f"on {fullest}, the fullest" if fullest else "there is no bridge"
    return judged(count <= most, count, most, "VNIFs", detail)


@rule("WP-3.4-19", INTERFACES, BONDS)
def bonded_uplinks(inventory: Inventory, _: Profile) -> Finding:
    """Return a pass when each bridge that reaches outside does so by a bond of two links."""
    network = inventory.network
    if network.interfaces is None or network.bonds is None:
        return unseen("Dom0's bridges and bonds")
    uplinks = list(_uplinks(network))
    single = [
        f"{bridge.name} by {port.name}" for bridge, port in uplinks if not _bonded(network, port)
    ]
    if not uplinks:
        return unseen("an uplink (no bridge has one yet)")
    observed = f"{len(uplinks) - len(single)} of {len(uplinks)}"
    said = f"no bond: {', '.join(single)}" if single else ""
    return judged(not single, observed, "all bonds of 2 links or more", detail=said)


def _on_bridge(network: NetworkFacts, name: str) -> bool:
    interface = network.find(name)
    master = network.find(interface.master) if interface else None
    return master is not None and master.kind is InterfaceKind.BRIDGE


def _uplinks(network: NetworkFacts) -> Iterator[tuple[Interface, Interface]]:
    """Yield each bridge with each of its ports that stands on a physical NIC."""
    for bridge in network.of_kind(InterfaceKind.BRIDGE):
        for port in network.ports(bridge.name):
            beneath = network.beneath(port)
            if port.kind not in _GUEST_PORTS and any(
                found.kind is InterfaceKind.NIC for found in beneath
            ):
                yield bridge, port


def _bonded(network: NetworkFacts, port: Interface) -> bool:
    bonds = {bond.name: bond for bond in network.bonds or ()}
    return any(
        found.name in bonds and len(bonds[found.name].links) >= _LINKS_LEAST
        for found in network.beneath(port)
    )
