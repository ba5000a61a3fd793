"""A PCI function of a host: what it is, whom it shares an IOMMU group with, SR-IOV."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeAlias

from .device_capability import NodeCapability
from .mapping import at
from .quantities import PciAddress
from .residue import Modelled


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualFunctions(NodeCapability):
    """A function that can be many (SR-IOV).

    Attributes:
        max_count: How many virtual functions it can have; None when not said.
        addresses: Those that it has.
    """

    kind: str = field(default="virt_functions", metadata=at("@type"))
    max_count: int | None = field(default=None, metadata=at("@maxCount"))
    addresses: tuple[PciAddress, ...] = field(default=(), metadata=at("address"))


@dataclass(frozen=True, slots=True, kw_only=True)
class PhysicalFunction(NodeCapability):
    """A function that is one of another's virtual ones.

    Attributes:
        address: That other.
    """

    kind: str = field(default="phys_function", metadata=at("@type"))
    address: PciAddress | None = field(default=None, metadata=at("address"))


@dataclass(frozen=True, slots=True, kw_only=True)
class MdevType(Modelled):
    """A kind of mediated device that a device can be split into.

    Attributes:
        identity: What to ask for, such as ``i915-GVTg_V5_8``.
        name: The same for people.
        api: How a guest would get it, such as ``vfio-pci``.
        available_instances: How many can still be made.
    """

    identity: str = field(metadata=at("@id"))
    name: str | None = field(default=None, metadata=at("name"))
    api: str | None = field(default=None, metadata=at("deviceAPI"))
    available_instances: int | None = field(default=None, metadata=at("availableInstances"))


@dataclass(frozen=True, slots=True, kw_only=True)
class MdevTypes(NodeCapability):
    """A function that can be split into mediated devices.

    Attributes:
        kind: ``mdev_types``.
        types: Into which.
    """

    kind: str = field(default="mdev_types", metadata=at("@type"))
    types: tuple[MdevType, ...] = field(default=(), metadata=at("type"))


PciPart: TypeAlias = VirtualFunctions | PhysicalFunction | MdevTypes | NodeCapability


@dataclass(frozen=True, slots=True, kw_only=True)
class PcieLink(Modelled):
    """A PCI Express link.

    Attributes:
        validity: ``cap`` for what the port can do, ``sta`` for what it does now.
        port: The port's number.
        speed_gt_per_s: Its speed, in GT/s, such as 2.5.
        width_lanes: How many lanes it has.
    """

    validity: str = field(metadata=at("@validity"))
    port: int | None = field(default=None, metadata=at("@port"))
    speed_gt_per_s: Decimal | None = field(default=None, metadata=at("@speed"))
    width_lanes: int | None = field(default=None, metadata=at("@width"))


@dataclass(frozen=True, slots=True, kw_only=True)
class PciCapability(NodeCapability):
    """A PCI function.

    Attributes:
        class_code: What it is, by the PCI SIG's numbers: class, subclass and interface, eight
            bits each; 0x020000 is an Ethernet controller.
        domain: The PCI segment.
        bus: 0 to 255.
        slot: 0 to 31.
        function: 0 to 7.
        product_id: Its maker's number for it.
        product: Its name.
        vendor_id: Its maker's number.
        vendor: Its maker.
        capabilities: What it is beside: SR-IOV, mediated devices, ``pci-bridge``, ``vpd`` …
        iommu_group: The number of its IOMMU group; None when Linux has none in use, as in
            a Dom0, where the IOMMU is Xen's.
        iommu_group_addresses: All functions of that group, itself among them.
        numa_node: The NUMA node that it is near to; None when not said.
        pcie_links: Its PCI Express links.

    Source:
        libvirt formatnode, "pci"; src/conf/schemas/nodedev.rng.
    """

    kind: str = field(default="pci", metadata=at("@type"))
    class_code: int | None = field(default=None, metadata=at("class", codec="hex-6"))
    domain: int = field(default=0, metadata=at("domain"))
    bus: int = field(metadata=at("bus"))
    slot: int = field(metadata=at("slot"))
    function: int = field(default=0, metadata=at("function"))
    product_id: int | None = field(default=None, metadata=at("product/@id", codec="hex"))
    product: str | None = field(default=None, metadata=at("product"))
    vendor_id: int | None = field(default=None, metadata=at("vendor/@id", codec="hex"))
    vendor: str | None = field(default=None, metadata=at("vendor"))
    capabilities: tuple[PciPart, ...] = field(default=(), metadata=at("capability"))
    iommu_group: int | None = field(default=None, metadata=at("iommuGroup/@number"))
    iommu_group_addresses: tuple[PciAddress, ...] = field(
        default=(), metadata=at("iommuGroup/address")
    )
    numa_node: int | None = field(default=None, metadata=at("numa/@node"))
    pcie_links: tuple[PcieLink, ...] = field(default=(), metadata=at("pci-express/link"))

    @property
    def address(self) -> PciAddress:
        """Return where it sits.

        Raises:
            SpecError: One of its numbers is too high for the PCI bus.
        """
        return PciAddress(domain=self.domain, bus=self.bus, slot=self.slot, function=self.function)

    @property
    def virtual_functions(self) -> tuple[PciAddress, ...]:
        """Return its virtual functions; empty when it has none, or SR-IOV is not there."""
        return tuple(
            address
            for each in self.capabilities
            if isinstance(each, VirtualFunctions)
            for address in each.addresses
        )

    @property
    def physical_function(self) -> PciAddress | None:
        """Return the function of which it is a virtual one, or None if it is none."""
        found = (each.address for each in self.capabilities if isinstance(each, PhysicalFunction))
        return next(found, None)
