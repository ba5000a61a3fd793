"""What a device of a host says of itself."""

from __future__ import annotations

import pytest

from xenvm.errors import SpecError
from xenvm.model.device_capability import NetCapability, NodeCapability
from xenvm.model.node_device import NodeDevice
from xenvm.model.pci_capability import PciCapability, PhysicalFunction, VirtualFunctions
from xenvm.model.quantities import MacAddress, PciAddress

VIRTUAL = (PciAddress(bus=3, slot=16), PciAddress(bus=3, slot=16, function=2))


def test_a_device_is_asked_what_it_is_on_the_bus_and_as_a_link() -> None:
    pci, net = PciCapability(bus=3, slot=0), NetCapability(interface="eth0")
    device = NodeDevice(name="nic", capabilities=(net, pci))
    assert (device.pci, device.net) == (pci, net)


def test_a_device_that_is_neither_says_so() -> None:
    device = NodeDevice(name="x", capabilities=(NodeCapability(kind="mdev"),))
    assert (device.pci, device.net) == (None, None)


def test_a_function_tells_its_virtual_ones_or_its_physical_one() -> None:
    whole = PciCapability(bus=3, slot=0, capabilities=(VirtualFunctions(addresses=VIRTUAL),))
    part = PciCapability(bus=3, slot=16, capabilities=(PhysicalFunction(address=whole.address),))
    assert (whole.virtual_functions, whole.physical_function) == (VIRTUAL, None)
    assert (part.virtual_functions, part.physical_function) == ((), PciAddress(bus=3, slot=0))


def test_an_address_that_no_bus_has_is_kept_but_not_told() -> None:
    function = PciCapability(domain=0, bus=2**32 - 1, slot=0)
    with pytest.raises(SpecError, match="the bus of a PCI address"):
        _ = function.address


@pytest.mark.parametrize(
    ("address", "mac"),
    [
        ("00:16:3e:00:00:01", MacAddress("00:16:3e:00:00:01")),
        ("80:00:00:48:fe:80:00:00:00:00:00:00:00:02:c9:03:00:00:00:01", None),
        ("00:00:00:00", None),
        (None, None),
    ],
)
def test_only_an_ethernet_link_has_a_mac(address: str | None, mac: MacAddress | None) -> None:
    assert NetCapability(interface="x0", address=address).mac == mac


def test_the_class_of_a_capability_says_its_kind() -> None:
    assert VirtualFunctions().kind == "virt_functions"
    assert PciCapability(bus=0, slot=0) != NodeCapability(kind="pci")
