"""Devices of the host that a guest gets."""

from __future__ import annotations

from dataclasses import dataclass, field

from .kinds import HostdevKind
from .mapping import at, at_either
from .quantities import PciAddress
from .residue import Modelled


@dataclass(frozen=True, slots=True, kw_only=True)
class UsbAddress(Modelled):
    """Where a USB device is plugged in now.

    Attributes:
        bus: The bus' number.
        device: The device's number on it.
    """

    bus: int | None = field(default=None, metadata=at("@bus", xl="usbdev.hostbus"))
    device: int | None = field(default=None, metadata=at("@device", xl="usbdev.hostaddr"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ScsiAddress(Modelled):
    """Where a SCSI device is on its host adapter.

    Attributes:
        bus: The channel.
        target: The target.
        unit: The LUN.
    """

    bus: int | None = field(default=None, metadata=at("@bus"))
    target: int | None = field(default=None, metadata=at("@target"))
    unit: int | None = field(default=None, metadata=at("@unit"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Hostdev(Modelled):
    """A PCI, USB or SCSI device of the host that the guest drives itself.

    Attributes:
        mode: ``subsystem``; ``capabilities`` is for containers.
        kind: PCI, USB or SCSI; it says which of the addresses counts.
        managed: Whether libvirt takes it from Dom0's driver and gives it back; None when not said.
        write_filtering: Whether writes to the configuration space are filtered; False is what xl
            calls permissive; None when not said.
        pci: A PCI function.
        usb: A USB device, by its place.
        usb_vendor: A USB device by its maker's number instead.
        usb_product: And by its own.
        scsi_adapter: The host adapter of a SCSI device, such as ``scsi_host0``.
        scsi: Its place there.
        boot_order: Its turn when the guest boots, from 1.

    Source:
        libvirt formatdomain, "Host device assignment"; xl-pci-configuration(5); xl.cfg(5)
        ``usbdev``.
    """

    mode: str = field(default="subsystem", metadata=at("@mode"))
    kind: HostdevKind | str = field(default=HostdevKind.PCI, metadata=at("@type"))
    managed: bool | None = field(default=None, metadata=at("@managed", xl="pci.seize"))
    write_filtering: bool | None = field(
        default=None, metadata=at("source/@writeFiltering", xl="pci.permissive")
    )
    usb_vendor: int | None = field(default=None, metadata=at("source/vendor/@id", codec="hex"))
    usb_product: int | None = field(default=None, metadata=at("source/product/@id", codec="hex"))
    scsi_adapter: str | None = field(default=None, metadata=at("source/adapter/@name"))
    pci: PciAddress | None = field(
        default=None, metadata=at_either("kind", {"pci": "source/address"}, xl="pci.bdf")
    )
    usb: UsbAddress | None = field(
        default=None, metadata=at_either("kind", {"usb": "source/address"}, xl="usbdev")
    )
    scsi: ScsiAddress | None = field(
        default=None, metadata=at_either("kind", {"scsi": "source/address"})
    )
    boot_order: int | None = field(default=None, metadata=at("boot/@order"))
