"""Virtual block devices."""

from __future__ import annotations

from dataclasses import dataclass, field

from .kinds import DiskBacking, DiskDevice, DiskDriver, DiskFormat
from .mapping import at, at_either
from .residue import Modelled


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskHost(Modelled):
    """A machine that serves a network disk.

    Attributes:
        name: Its name or address.
        port: Its TCP port; None for the protocol's own.
        transport: ``tcp``, ``rdma`` or ``unix``; None for TCP.
        socket: For ``unix``: the socket in Dom0.
    """

    name: str | None = field(default=None, metadata=at("@name"))
    port: int | None = field(default=None, metadata=at("@port"))
    transport: str | None = field(default=None, metadata=at("@transport"))
    socket: str | None = field(default=None, metadata=at("@socket"))


@dataclass(frozen=True, slots=True, kw_only=True)
class DriveAddress(Modelled):
    """Where a VBD is plugged in on an emulated controller.

    Attributes:
        kind: ``drive``; another kind has other numbers, which are kept as they are.
        controller: The controller's index.
        bus: The bus on it.
        target: The SCSI target.
        unit: The place on the bus.
    """

    kind: str = field(default="drive", metadata=at("@type"))
    controller: int | None = field(default=None, metadata=at("@controller"))
    bus: int | None = field(default=None, metadata=at("@bus"))
    target: int | None = field(default=None, metadata=at("@target"))
    unit: int | None = field(default=None, metadata=at("@unit"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Vbd(Modelled):
    """A virtual block device.

    Attributes:
        target: Its name in the guest, such as ``xvda`` or ``xvda1``.
        source: The device or image in Dom0, an absolute path; the image's name when ``backing`` is
            ``network``, the volume's when it is ``volume``; None for an empty drive.
        backing: What ``source`` is.
        device: What the guest takes it for.
        driver: Who serves it; None lets libxl choose.
        format: The layout of its blocks.
        cache: How the backend caches, such as ``none`` or ``writeback``.
        discard: What becomes of blocks that the guest gives back: ``unmap`` or ``ignore``.
        bus: What it is plugged into, such as ``xen`` or ``ide``; None lets libvirt tell by the
            target's name.
        protocol: How a network disk is served, such as ``rbd``.
        hosts: Who serves a network disk.
        pool: The storage pool of a volume.
        backend_domain: The name of the domain that serves it; None for Dom0.
        readonly: Whether the guest may only read.
        shareable: Whether other domains may have it too.
        boot_order: Its turn when the guest boots, from 1.
        address: Where it is plugged in; None lets libvirt choose.

    Source:
        libvirt formatdomain, "Hard drives, floppy disks, CDROMs"; xl-disk-configuration(5).
    """

    backing: DiskBacking | str = field(
        default=DiskBacking.BLOCK, metadata=at("@type", missing=DiskBacking.FILE)
    )
    device: DiskDevice | str = field(
        default=DiskDevice.DISK, metadata=at("@device", xl="disk.devtype")
    )
    driver: DiskDriver | str | None = field(
        default=None, metadata=at("driver/@name", xl="disk.backendtype")
    )
    format: DiskFormat | str = field(
        default=DiskFormat.RAW, metadata=at("driver/@type", xl="disk.format")
    )
    cache: str | None = field(default=None, metadata=at("driver/@cache"))
    discard: str | None = field(default=None, metadata=at("driver/@discard", xl="disk.discard"))
    protocol: str | None = field(default=None, metadata=at("source/@protocol", xl="disk.target"))
    pool: str | None = field(default=None, metadata=at("source/@pool"))
    source: str | None = field(
        default=None,
        metadata=at_either(
            "backing",
            {
                "block": "source/@dev",
                "file": "source/@file",
                "network": "source/@name",
                "volume": "source/@volume",
                "dir": "source/@dir",
            },
            xl="disk.target",
        ),
    )
    hosts: tuple[DiskHost, ...] = field(default=(), metadata=at("source/host", xl="disk.target"))
    backend_domain: str | None = field(
        default=None, metadata=at("backenddomain/@name", xl="disk.backend")
    )
    target: str = field(metadata=at("target/@dev", xl="disk.vdev"))
    bus: str | None = field(default=None, metadata=at("target/@bus"))
    readonly: bool = field(
        default=False, metadata=at("readonly", codec="present", xl="disk.access")
    )
    shareable: bool = field(
        default=False,
        metadata=at("shareable", codec="present", note="xm's ``w!``; xl has no word for it"),
    )
    boot_order: int | None = field(default=None, metadata=at("boot/@order"))
    address: DriveAddress | None = field(default=None, metadata=at("address"))
