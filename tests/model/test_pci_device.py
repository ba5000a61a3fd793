"""Which PCI functions go to a guest together."""

from __future__ import annotations

import pytest

from xenvm.errors import ParseError
from xenvm.formats.dom0_pci import parse_pci_devices
from xenvm.model.pci_device import group_of

TEXT = """\
pci 0000:00:03.1 0x8086 0x100e 0x020000 e1000 -
pci 0000:00:03.0 0x8086 0x100e 0x020000 pciback -
pci 0000:00:04.0 0x1af4 0x1000 0x020000 - -
pci 0000:01:00.0 0x8086 0x1521 0x020000 vfio-pci 7
pci 0000:02:00.0 0x8086 0x1521 0x020000 vfio-pci 7
pci 0000:00:1c.0 0x8086 0x9d10 0x060400 pcieport 7
assignable 0000:00:03.0
"""


def test_functions_are_told_with_their_drivers() -> None:
    devices = parse_pci_devices(TEXT)
    assert [str(device.address) for device in devices][:2] == ["0000:00:03.0", "0000:00:03.1"]
    assert [device.driver for device in devices[:3]] == ["pciback", "e1000", ""]
    assert [device.is_assignable for device in devices[:2]] == [True, False]


def test_functions_of_one_slot_go_together_where_no_group_is_known() -> None:
    devices = parse_pci_devices(TEXT)
    assert [str(d.address) for d in group_of(devices[0], devices)] == [
        "0000:00:03.0",
        "0000:00:03.1",
    ]
    assert group_of(devices[2], devices) == (devices[2],)


def test_an_iommu_group_goes_together_but_for_its_bridges() -> None:
    devices = parse_pci_devices(TEXT)
    card = next(device for device in devices if device.iommu_group == 7 and not device.is_bridge)
    assert [str(d.address) for d in group_of(card, devices)] == ["0000:01:00.0", "0000:02:00.0"]


@pytest.mark.parametrize("text", ["pci 1", "pci x 0 0 0 - -", "pci 0000:00:03.0 g 0 0 - -"])
def test_what_dom0_did_not_print_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        parse_pci_devices(text)
