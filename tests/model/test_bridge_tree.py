"""Which guest hangs on which NIC."""

from __future__ import annotations

from xenvm.model.bridge import BridgeState
from xenvm.model.bridge_tree import bridge_tree
from xenvm.model.inventory import Interface, InterfaceKind, Vif
from xenvm.model.quantities import MacAddress

LINKS = [
    Interface(name="eth0", kind=InterfaceKind.NIC, master="bond0"),
    Interface(name="eth1", kind=InterfaceKind.NIC, master="bond0"),
    Interface(name="eth2", kind=InterfaceKind.NIC),
    Interface(name="bond0", kind=InterfaceKind.BOND, lowers=("eth0", "eth1")),
    Interface(name="bond0.12", kind=InterfaceKind.VLAN, master="br0", lowers=("bond0",)),
    Interface(name="br0", kind=InterfaceKind.BRIDGE),
    Interface(name="br1", kind=InterfaceKind.BRIDGE),
    Interface(name="tap9", kind=InterfaceKind.OTHER, master="br1"),
    Interface(name="vif3.0", kind=InterfaceKind.VIF, master="br0"),
    Interface(name="vif3.1", kind=InterfaceKind.VIF, master="br1"),
    Interface(name="vif4.0", kind=InterfaceKind.VIF),
]


def state(name: str, *ports: str) -> BridgeState:
    return BridgeState(name=name, mac=MacAddress.xen(1), mtu_bytes=1500, is_up=True, ports=ports)


def vif(domid: int, number: int) -> Vif:
    return Vif(
        name=f"vif{domid}.{number}", domid=domid, bridge="", script="", mac="00:16:3e:00:00:01"
    )


TREE = bridge_tree(
    [state("br0", "bond0.12", "vif3.0"), state("br1", "tap9", "vif3.1")],
    LINKS,
    [vif(3, 0), vif(3, 1), vif(4, 0)],
    {3: "web"},
)


def test_an_uplink_is_told_down_to_its_nics() -> None:
    (uplink,) = TREE.bridges[0].uplinks
    assert (uplink.name, uplink.kind) == ("bond0.12", InterfaceKind.VLAN)
    (bond,) = uplink.lowers
    assert [nic.name for nic in bond.lowers] == ["eth0", "eth1"]


def test_a_guest_leaves_by_the_nics_of_its_bridges() -> None:
    assert TREE.nics_of("web") == {"eth0", "eth1"}
    assert TREE.nics_of("nobody") == frozenset()


def test_what_is_neither_uplink_nor_vnif_is_another_port() -> None:
    assert TREE.bridges[1].others == ("tap9",)
    assert [vnif.domain for vnif in TREE.bridges[1].vnifs] == ["web"]


def test_what_hangs_on_no_bridge_is_told_too() -> None:
    assert TREE.spare_nics == ("eth2",)
    assert [(vnif.link, vnif.domain) for vnif in TREE.loose_vnifs] == [("vif4.0", "domain 4")]
