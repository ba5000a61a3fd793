"""Which guest hangs on which NIC, as a value that can be drawn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from .bridge import BridgeState
from .inventory import Interface, InterfaceKind, NetworkFacts, Vif


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkNode:
    """A link of Dom0, and what it stands on: a VLAN on a bond, a bond on its NICs.

    Attributes:
        name: Such as ``bond0.12``.
        kind: What it is.
        lowers: What it stands on, by name.
    """

    name: str
    kind: InterfaceKind
    lowers: tuple[LinkNode, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VnifNode:
    """A guest's VNIF.

    Attributes:
        link: Its end in Dom0, such as ``vif3.0``.
        domain: The guest's name; its number in words where nobody knows it.
        domid: The guest's number.
        mac: Its address in the guest.
    """

    link: str
    domain: str
    domid: int
    mac: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeNode:
    """A bridge, and what hangs on it.

    Attributes:
        state: The bridge.
        uplinks: What joins it to the outside.
        vnifs: The guests' VNIFs in it, by domid and number.
        others: Its other ports.
    """

    state: BridgeState
    uplinks: tuple[LinkNode, ...] = ()
    vnifs: tuple[VnifNode, ...] = ()
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeTree:
    """All bridges of a host.

    Attributes:
        bridges: By name.
        spare_nics: NICs that no bridge stands on, by name.
        loose_vnifs: VNIFs in no bridge, by domid and number.
    """

    bridges: tuple[BridgeNode, ...] = ()
    spare_nics: tuple[str, ...] = ()
    loose_vnifs: tuple[VnifNode, ...] = ()

    def nics_of(self, domain: str) -> frozenset[str]:
        """Return the NICs that a guest's packets can leave by."""
        return frozenset(
            nic
            for bridge in self.bridges
            if any(vnif.domain == domain for vnif in bridge.vnifs)
            for uplink in bridge.uplinks
            for nic in _nics(uplink)
        )


def bridge_tree(
    bridges: Sequence[BridgeState],
    interfaces: Sequence[Interface],
    vifs: Sequence[Vif],
    names: Mapping[int, str],
) -> BridgeTree:
    """Return the tree.

    Args:
        bridges: All bridges.
        interfaces: All links.
        vifs: The guests' VNIFs.
        names: The guests' names, by domid.
    """
    network = NetworkFacts(interfaces=tuple(interfaces), vifs=tuple(vifs))
    vnifs = {vif.name: _vnif(vif, names) for vif in vifs}
    nodes = tuple(_bridge(state, network, vnifs) for state in bridges)
    used = {nic for node in nodes for uplink in node.uplinks for nic in _nics(uplink)}
    return BridgeTree(
        bridges=nodes,
        spare_nics=tuple(n.name for n in network.of_kind(InterfaceKind.NIC) if n.name not in used),
        loose_vnifs=_ordered(
            vnif
            for name, vnif in vnifs.items()
            if not any(name in state.ports for state in bridges)
        ),
    )


def _bridge(state: BridgeState, network: NetworkFacts, vnifs: Mapping[str, VnifNode]) -> BridgeNode:
    links = [link for port in state.ports if (link := network.find(port))]
    inside = (InterfaceKind.VIF, InterfaceKind.EMULATED)
    reaching = [
        link
        for link in links
        if link.kind not in inside
        and any(lower.kind is InterfaceKind.NIC for lower in network.beneath(link))
    ]
    return BridgeNode(
        state=state,
        uplinks=tuple(_link(link, network) for link in reaching),
        vnifs=_ordered(vnifs[port] for port in state.ports if port in vnifs),
        others=tuple(
            port
            for port in state.ports
            if port not in vnifs and port not in {link.name for link in reaching}
        ),
    )


def _link(link: Interface, network: NetworkFacts) -> LinkNode:
    lowers = (found for name in link.lowers if (found := network.find(name)))
    return LinkNode(
        name=link.name, kind=link.kind, lowers=tuple(_link(lower, network) for lower in lowers)
    )


def _vnif(vif: Vif, names: Mapping[int, str]) -> VnifNode:
    name = names.get(vif.domid, f"domain {vif.domid}")
    return VnifNode(link=vif.name, domain=name, domid=vif.domid, mac=vif.mac)


def _nics(link: LinkNode) -> set[str]:
    own = {link.name} if link.kind is InterfaceKind.NIC else set()
    return own.union(*map(_nics, link.lowers))


def _ordered(vnifs: Iterable[VnifNode]) -> tuple[VnifNode, ...]:
    return tuple(sorted(vnifs, key=lambda vnif: (vnif.domid, len(vnif.link), vnif.link)))
