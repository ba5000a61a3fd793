"""What a host's device can be: a network link, a SCSI host, a disk, a USB device."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias
from uuid import UUID

from xenvm.errors import SpecError

from .interface import LinkState
from .mapping import at
from .quantities import MacAddress
from .residue import Modelled


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeCapability(Modelled):
    """What a device can do, of a kind that has no class of its own here.

    Attributes:
        kind: libvirt's word for it, such as ``mdev``.
    """

    kind: str = field(metadata=at("@type"))


@dataclass(frozen=True, slots=True, kw_only=True)
class NetCapability(NodeCapability):
    """A network link.

    Attributes:
        interface: Its name in Dom0.
        address: Its hardware address: six octets for Ethernet, but other links have other ones.
        link_speed_mbit_per_s: Its speed, in Mbit/s; None when it has no carrier.
        link_state: Whether it carries.
        features: What the hardware does for the kernel, such as ``tso`` or ``rdma``.
        capabilities: What it is beside: ``80203`` (wired) or ``80211`` (wireless).
    """

    kind: str = field(default="net", metadata=at("@type"))
    interface: str = field(metadata=at("interface"))
    address: str | None = field(default=None, metadata=at("address"))
    link_speed_mbit_per_s: int | None = field(default=None, metadata=at("link/@speed"))
    link_state: LinkState | str | None = field(default=None, metadata=at("link/@state"))
    features: tuple[str, ...] = field(default=(), metadata=at("feature/@name"))
    capabilities: tuple[NodeCapability, ...] = field(default=(), metadata=at("capability"))

    @property
    def mac(self) -> MacAddress | None:
        """Return its Ethernet address, or None if it has none."""
        try:
            return MacAddress(self.address or "")
        except SpecError:
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class FcHostCapability(NodeCapability):
    """A Fibre Channel port.

    Attributes:
        wwnn: The node's world-wide name, 16 hexadecimal digits.
        wwpn: The port's.
        fabric_wwn: The fabric's.
    """

    kind: str = field(default="fc_host", metadata=at("@type"))
    wwnn: str | None = field(default=None, metadata=at("wwnn"))
    wwpn: str | None = field(default=None, metadata=at("wwpn"))
    fabric_wwn: str | None = field(default=None, metadata=at("fabric_wwn"))


@dataclass(frozen=True, slots=True, kw_only=True)
class VportCapability(NodeCapability):
    """A Fibre Channel port that can be many (NPIV).

    Attributes:
        max_vports: How many virtual ports it can have.
        vports: How many it has.
    """

    kind: str = field(default="vport_ops", metadata=at("@type"))
    max_vports: int | None = field(default=None, metadata=at("max_vports"))
    vports: int | None = field(default=None, metadata=at("vports"))


ScsiHostPart: TypeAlias = FcHostCapability | VportCapability | NodeCapability


@dataclass(frozen=True, slots=True, kw_only=True)
class ScsiHostCapability(NodeCapability):
    """A SCSI host adapter.

    Attributes:
        host: Its number in Linux.
        unique_id: Its number among those of one PCI function.
        capabilities: What it is beside.
    """

    kind: str = field(default="scsi_host", metadata=at("@type"))
    host: int | None = field(default=None, metadata=at("host"))
    unique_id: int | None = field(default=None, metadata=at("unique_id"))
    capabilities: tuple[ScsiHostPart, ...] = field(default=(), metadata=at("capability"))


@dataclass(frozen=True, slots=True, kw_only=True)
class FcRemotePortCapability(NodeCapability):
    """A Fibre Channel port of a target.

    Attributes:
        kind: ``fc_remote_port``.
        rport: Linux' name for it, such as ``rport-0:0-1``.
        wwpn: Its world-wide port name, 16 hexadecimal digits.
    """

    kind: str = field(default="fc_remote_port", metadata=at("@type"))
    rport: str | None = field(default=None, metadata=at("rport"))
    wwpn: str | None = field(default=None, metadata=at("wwpn"))


ScsiTargetPart: TypeAlias = FcRemotePortCapability | NodeCapability


@dataclass(frozen=True, slots=True, kw_only=True)
class ScsiTargetCapability(NodeCapability):
    """A SCSI target.

    Attributes:
        target: Linux' name for it, such as ``target0:0:0``.
        capabilities: What it is beside.
    """

    kind: str = field(default="scsi_target", metadata=at("@type"))
    target: str | None = field(default=None, metadata=at("target"))
    capabilities: tuple[ScsiTargetPart, ...] = field(default=(), metadata=at("capability"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ScsiCapability(NodeCapability):
    """A SCSI logical unit, by its four numbers.

    Attributes:
        host: The adapter.
        bus: The adapter's channel.
        target: The target there.
        lun: The unit in it.
        device_type: What it is, such as ``disk`` or ``cdrom``.
    """

    kind: str = field(default="scsi", metadata=at("@type"))
    host: int | None = field(default=None, metadata=at("host"))
    bus: int | None = field(default=None, metadata=at("bus"))
    target: int | None = field(default=None, metadata=at("target"))
    lun: int | None = field(default=None, metadata=at("lun"))
    device_type: str | None = field(default=None, metadata=at("type"))


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovableCapability(NodeCapability):
    """A drive whose medium may be taken out.

    Attributes:
        media_available: 1 when there is one, 0 when not.
        media_size_bytes: The medium's size.
        media_label: The medium's name.
        logical_block_size_bytes: The size of its blocks.
        num_blocks: How many it has.
    """

    kind: str = field(default="removable", metadata=at("@type"))
    media_available: int | None = field(default=None, metadata=at("media_available"))
    media_size_bytes: int | None = field(default=None, metadata=at("media_size"))
    media_label: str | None = field(default=None, metadata=at("media_label"))
    logical_block_size_bytes: int | None = field(default=None, metadata=at("logical_block_size"))
    num_blocks: int | None = field(default=None, metadata=at("num_blocks"))


StoragePart: TypeAlias = RemovableCapability | NodeCapability


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageCapability(NodeCapability):
    """A drive.

    Attributes:
        block: Its file in Dom0, such as ``/dev/sda``.
        bus: What it is plugged into, such as ``scsi``.
        drive_type: What it is, such as ``disk`` or ``cdrom``.
        model: Its maker's name for it.
        vendor: Its maker.
        serial: Its serial number.
        size_bytes: Its size; None for a drive with removable media.
        logical_block_size_bytes: The size of its blocks.
        num_blocks: How many it has.
        capabilities: What it is beside: ``removable``, ``hotpluggable``.
    """

    kind: str = field(default="storage", metadata=at("@type"))
    block: str | None = field(default=None, metadata=at("block"))
    bus: str | None = field(default=None, metadata=at("bus"))
    drive_type: str | None = field(default=None, metadata=at("drive_type"))
    model: str | None = field(default=None, metadata=at("model"))
    vendor: str | None = field(default=None, metadata=at("vendor"))
    serial: str | None = field(default=None, metadata=at("serial"))
    size_bytes: int | None = field(default=None, metadata=at("size"))
    logical_block_size_bytes: int | None = field(default=None, metadata=at("logical_block_size"))
    num_blocks: int | None = field(default=None, metadata=at("num_blocks"))
    capabilities: tuple[StoragePart, ...] = field(default=(), metadata=at("capability"))


@dataclass(frozen=True, slots=True, kw_only=True)
class UsbDeviceCapability(NodeCapability):
    """A USB device.

    Attributes:
        bus: The bus that it is on.
        device: Its number there; another one whenever it is plugged in.
        product_id: Its maker's number for it.
        product: Its name.
        vendor_id: Its maker's number.
        vendor: Its maker.
    """

    kind: str = field(default="usb_device", metadata=at("@type"))
    bus: int | None = field(default=None, metadata=at("bus"))
    device: int | None = field(default=None, metadata=at("device"))
    product_id: int | None = field(default=None, metadata=at("product/@id", codec="hex"))
    product: str | None = field(default=None, metadata=at("product"))
    vendor_id: int | None = field(default=None, metadata=at("vendor/@id", codec="hex"))
    vendor: str | None = field(default=None, metadata=at("vendor"))


@dataclass(frozen=True, slots=True, kw_only=True)
class UsbCapability(NodeCapability):
    """An interface of a USB device.

    Attributes:
        number: Its number in the device.
        device_class: What it is, by the USB forum's numbers; 8 is storage, 9 a hub.
        subclass: The same, finer.
        protocol: The same, finer still.
        description: The same in words.
    """

    kind: str = field(default="usb", metadata=at("@type"))
    number: int | None = field(default=None, metadata=at("number"))
    device_class: int | None = field(default=None, metadata=at("class"))
    subclass: int | None = field(default=None, metadata=at("subclass"))
    protocol: int | None = field(default=None, metadata=at("protocol"))
    description: str | None = field(default=None, metadata=at("description"))


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemCapability(NodeCapability):
    """The machine itself, as its firmware tells (SMBIOS).

    Attributes:
        product: Its name.
        vendor: Its maker.
        version: Its maker's name for the version.
        serial: Its serial number.
        uuid: Its identity.
        firmware_vendor: Who wrote the firmware.
        firmware_version: The firmware's version.
        firmware_date: The firmware's date, as it is written there.
    """

    kind: str = field(default="system", metadata=at("@type"))
    product: str | None = field(default=None, metadata=at("product"))
    vendor: str | None = field(default=None, metadata=at("hardware/vendor"))
    version: str | None = field(default=None, metadata=at("hardware/version"))
    serial: str | None = field(default=None, metadata=at("hardware/serial"))
    uuid: UUID | None = field(default=None, metadata=at("hardware/uuid"))
    firmware_vendor: str | None = field(default=None, metadata=at("firmware/vendor"))
    firmware_version: str | None = field(default=None, metadata=at("firmware/version"))
    firmware_date: str | None = field(default=None, metadata=at("firmware/release_date"))
