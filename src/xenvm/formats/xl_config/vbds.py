"""Disks of xl.cfg as VBDs."""

from __future__ import annotations

from dataclasses import replace

from xenvm.errors import SpecError
from xenvm.formats.xl import ParameterStyle, XlDisk, XlDocument, XlSpec
from xenvm.model.domain import DomainConfig
from xenvm.model.kinds import DiskBacking, DiskDevice, DiskDriver, DiskFormat, GuestType
from xenvm.model.vbd import DiskHost, DriveAddress, Vbd

from .items import FLAG, Devices, Parameters
from .lens import Fields, Keys, Lens
from .rbd import PROTOCOL, format_rbd, is_rbd, parse_rbd
from .source import Source

_DRIVERS = {"phy": DiskDriver.PHY, "qdisk": DiskDriver.QEMU, "tap": DiskDriver.TAP}
_PREFIXES = {"phy": DiskDriver.PHY, "file": DiskDriver.FILE, "tap": DiskDriver.TAP, "tap2": "tap2"}
_BACKENDS = {"phy": "phy", "qemu": "qdisk", "file": "qdisk", "tap": "tap", "tap2": "tap"}
_LIKE = {str(DiskDriver.FILE): DiskDriver.QEMU, "tap2": DiskDriver.TAP}
"""Drivers that xl calls by the same word as another."""

_DISCARD, _NO_DISCARD = "discard", "no-discard"
_PATHS = (DiskBacking.BLOCK, DiskBacking.FILE)


def _read(spec: XlSpec, source: Source) -> Vbd:
    """Return the VBD of a disk.

    The driver is that of ``backendtype``, else of an old prefix such as ``phy:``, which libvirt's
    xm converter goes by and xl ignores; None leaves it to libxl, where libvirt's xl converter says
    qemu. A device path, and all that phy serves, is a block device; libvirt goes by phy alone.
    """
    disk = XlDisk(spec)
    driver = _driver(disk)
    vbd = Vbd(
        target=disk.vdev,
        source=disk.target or None,
        backing=_backing(disk.target or None, driver),
        device=DiskDevice.CDROM if disk.is_cdrom else DiskDevice.DISK,
        driver=driver,
        format=_format(disk),
        backend_domain=spec.get("backend") or None,
        readonly=disk.is_read_only,
        shareable=disk.is_shareable,
        discard=_discard(spec),
        bus=_bus(disk.vdev, source.guest_type),
    )
    if not is_rbd(disk.target):
        return vbd
    name, hosts = parse_rbd(disk.target)
    return replace(vbd, backing=DiskBacking.NETWORK, protocol=PROTOCOL, source=name, hosts=hosts)


def _driver(disk: XlDisk) -> DiskDriver | str | None:
    """Return who serves a disk, as far as its string says it."""
    if named := disk.spec.get("backendtype"):
        return _DRIVERS.get(named, named)
    for prefix in disk.prefixes:
        if prefix in _PREFIXES:
            return _PREFIXES[prefix]
    return DiskDriver.PHY if _is_xm(disk) else None


def _is_xm(disk: XlDisk) -> bool:
    """Return whether a string has xm's form without a prefix, ``,hdc:cdrom,r``: that means phy."""
    places = [p.name for p in disk.spec if p.style is ParameterStyle.POSITIONAL]
    return places[:2] == ["target", "vdev"] and not disk.prefixes


def _format(disk: XlDisk) -> DiskFormat | str:
    named = disk.format
    if named in {None, "empty"}:
        return DiskFormat.RAW
    return DiskFormat(named) if named in set(DiskFormat) else str(named)


def _backing(source: str | None, driver: object) -> DiskBacking:
    if driver == DiskDriver.PHY or (source or "").startswith("/dev/"):
        return DiskBacking.BLOCK
    return DiskBacking.FILE


def _bus(target: str, guest_type: object) -> str | None:
    """Return the bus, where the target's name would mean another one than the guest has."""
    return "xen" if guest_type != GuestType.HVM and not target.startswith("xvd") else None


def _discard(spec: XlSpec) -> str | None:
    if _DISCARD in spec:
        return "unmap"
    return "ignore" if _NO_DISCARD in spec else None


def _write(vbd: Vbd, _: DomainConfig) -> Parameters:
    """Return a disk's parameters; ``target``, which takes all the rest, is the last."""
    is_cdrom = vbd.device == DiskDevice.CDROM
    return {
        "format": str(vbd.format),
        "vdev": vbd.target,
        "access": "ro" if vbd.readonly or is_cdrom else "rw",
        "backendtype": _BACKENDS.get(str(vbd.driver), str(vbd.driver)) if vbd.driver else None,
        "devtype": "cdrom" if is_cdrom else None,
        "backend": vbd.backend_domain,
        _DISCARD: FLAG if vbd.discard == "unmap" else None,
        _NO_DISCARD: FLAG if vbd.discard == "ignore" else None,
        "target": _target(vbd),
    }


def _target(vbd: Vbd) -> str | None:
    """Return what stands for a VBD's source.

    Raises:
        SpecError: xl has no word for where it is.
    """
    if vbd.source is None or vbd.backing in _PATHS:
        return vbd.source
    if vbd.backing == DiskBacking.NETWORK and vbd.protocol == PROTOCOL:
        return format_rbd(vbd.source, vbd.hosts)
    what = f"{vbd.backing} {vbd.protocol or ''}".strip()
    raise SpecError(
        f"vbds[{vbd.target}]: xl has no word for a source of kind {what!r}: "
        "give it a path in Dom0, or an image of rbd"
    )


def plain_vbd(vbd: Vbd, guest_type: object) -> Vbd:
    """Return a VBD as xl understands it: what xl and libvirt tell by themselves is left out."""
    is_path = vbd.backing in _PATHS
    driver = _LIKE.get(str(vbd.driver), vbd.driver) if vbd.driver else None
    backing = _backing(vbd.source, driver) if is_path and vbd.source else DiskBacking.FILE
    is_implied = vbd.bus == _bus_of(vbd.target, guest_type)
    return replace(
        vbd,
        driver=driver,
        backing=backing if is_path else vbd.backing,
        bus=_bus(vbd.target, guest_type) if is_implied or vbd.bus is None else vbd.bus,
        readonly=vbd.readonly or vbd.device == DiskDevice.CDROM,
        address=None if vbd.address == _address_of(vbd.target) else vbd.address,
        hosts=tuple(_plain_host(host) for host in vbd.hosts),
    )


def _plain_host(host: DiskHost) -> DiskHost:
    return replace(host, transport=None if host.transport == "tcp" else host.transport)


def _bus_of(target: str, guest_type: object) -> str:
    """Return the bus that a disk is on to xl."""
    if target.startswith("xvd") or guest_type != GuestType.HVM:
        return "xen"
    return "scsi" if target.startswith("sd") else "ide"


def _address_of(target: str) -> DriveAddress | None:
    """Return where libvirt plugs in an IDE disk of that name; None for others."""
    if len(target) != len("hda") or not target.startswith("hd"):
        return None
    number = ord(target[-1]) - ord("a")
    return DriveAddress(controller=0, bus=number // 2, target=0, unit=number % 2)


def _agrees(told: Vbd, wanted: Vbd, config: DomainConfig) -> bool:
    return plain_vbd(told, config.guest_type) == plain_vbd(wanted, config.guest_type)


DISKS = Devices(
    key="disk",
    read=_read,
    write=_write,
    agrees=_agrees,
    start=lambda _: XlSpec(kind="disk"),
    also=frozenset({"cdrom"}),
)


def _read_all(source: Source) -> Fields:
    return {"vbds": DISKS.values(source)}


def _write_all(config: DomainConfig, document: XlDocument) -> Keys:
    """Return the disks; xl has no floppy drives."""
    vbds = [vbd for vbd in config.vbds if vbd.device != DiskDevice.FLOPPY]
    return {"disk": DISKS.texts(vbds, config, document)}


VBDS = (
    Lens(fields=("vbds",), keys=("disk",), read=_read_all, write=_write_all, unsaid=DISKS.unsaid),
)
