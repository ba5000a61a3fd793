"""PCI functions of a host, as candidates for pass-through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .quantities import PciAddress

BRIDGE_CLASS = 0x06
"""The base class of bridges, which stay with Dom0 whatever their group.

Source:
    PCI Code and ID Assignment Specification.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PciDevice:
    """A PCI function of a host.

    Attributes:
        address: Where it sits.
        vendor: Its maker's number.
        device: Its own number.
        device_class: Its class code: base class, subclass and interface, 24 bits.
        driver: Dom0's driver that has it; empty for none.
        iommu_group: The number of its IOMMU group, where Dom0's Linux knows it: under Xen the IOMMU
            is Xen's, and Linux knows none.
        is_assignable: Whether Xen's toolstack may give it to a guest.
    """

    address: PciAddress
    vendor: int
    device: int
    device_class: int
    driver: str = ""
    iommu_group: int | None = None
    is_assignable: bool = False

    @property
    def is_bridge(self) -> bool:
        """Return whether it leads to other devices."""
        return self.device_class >> 16 == BRIDGE_CLASS


def group_of(device: PciDevice, devices: Sequence[PciDevice]) -> tuple[PciDevice, ...]:
    """Return the functions that can only go to one guest together, itself among them.

    By Linux' IOMMU groups where it knows them; else the functions of one slot, as a card without
    access control can reach from one of its functions to another. Bridges are left out.
    """

    def is_with(other: PciDevice) -> bool:
        if device.iommu_group is not None:
            return other.iommu_group == device.iommu_group
        here, there = device.address, other.address
        return (here.domain, here.bus, here.slot) == (there.domain, there.bus, there.slot)

    return tuple(d for d in devices if d == device or (is_with(d) and not d.is_bridge))
