"""Which PCI function a live test may use, and how what it saw is read."""

from __future__ import annotations

import pytest

from xenvm.errors import BlockedError
from xenvm.model.pci_device import PciDevice
from xenvm.model.quantities import PciAddress
from xenvm.qualify.direct_io import allowed_function, drivers_of, parse_sent, sent_between

NIC = PciDevice(
    address=PciAddress.parse("0000:00:10.0"), vendor=0x8086, device=0x10D3, device_class=0x020000
)


def row(vendor: str, device: str, driver: str) -> dict[str, str]:
    return {"address": "0000:00:00.0", "vendor": vendor, "device": device, "driver": driver}


def test_the_first_function_among_what_is_allowed_is_used() -> None:
    allowed = {"eth1", "/dev/disk/by-id/virtio-x", "0000:0a:00.0", "0000:09:00.1"}
    assert allowed_function(allowed) == PciAddress.parse("0000:09:00.1")


@pytest.mark.parametrize("allowed", [set(), {"eth1", "/dev/disk/by-id/virtio-x"}])
def test_without_one_the_test_is_blocked_and_says_how_to_allow_one(allowed: set[str]) -> None:
    with pytest.raises(BlockedError, match="--allow 0000:03:00"):
        allowed_function(allowed)


@pytest.mark.parametrize(
    ("rows", "drivers"),
    [
        ([row("0x8086", "0x10d3", "e1000e"), row("0x8086", "0x7000", "x")], ["e1000e"]),
        ([row("0x8086", "0x10d3", "")], [""]),
        ([row("0x8086", "0x7000", "x")], []),
        ([], []),
        (None, []),
    ],
)
def test_a_guests_function_is_known_by_its_numbers(rows: object, drivers: list[str]) -> None:
    assert drivers_of(NIC, rows) == drivers


def test_what_was_sent_is_counted_on_the_nics_that_were_there_all_the_time() -> None:
    before = parse_sent("eth0 1000\neth1 5\neth2 70\n")
    after = parse_sent("eth0 1500\neth1 5\nvif7.0 90\n")
    assert sent_between(before, after) == 500
