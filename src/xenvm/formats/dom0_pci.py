"""What the script of :mod:`xenvm.host.pci` prints → PCI functions; pure text."""

from __future__ import annotations

from xenvm.errors import ParseError, SpecError
from xenvm.model.pci_device import PciDevice
from xenvm.model.quantities import PciAddress


def parse_pci_devices(text: str) -> tuple[PciDevice, ...]:
    """Return the PCI functions, by address.

    Args:
        text: Lines ``pci ADDRESS VENDOR DEVICE CLASS DRIVER GROUP`` with ``-`` for none, and
            lines ``assignable ADDRESS``.

    Raises:
        ParseError: A line is none of those.
    """
    rows = [line.split() for line in text.splitlines()]
    assignable = {row[1] for row in rows if row[:1] == ["assignable"] and len(row) > 1}
    try:
        found = [_device(row[1:], assignable) for row in rows if row[:1] == ["pci"]]
    except (ValueError, SpecError) as exc:
        raise ParseError(f"this is not what was asked of Dom0: {exc}", text=text) from exc
    return tuple(sorted(found, key=lambda device: device.address))


def _device(row: list[str], assignable: set[str]) -> PciDevice:
    address, vendor, device, device_class, driver, group = row
    return PciDevice(
        address=PciAddress.parse(address),
        vendor=int(vendor, 16),
        device=int(device, 16),
        device_class=int(device_class, 16),
        driver="" if driver == "-" else driver,
        iommu_group=None if group == "-" else int(group),
        is_assignable=address in assignable,
    )
