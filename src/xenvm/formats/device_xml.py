"""libvirt's ``<disk>`` and ``<interface>`` ⇄ :class:`Vbd` and :class:`Vnif`; pure text."""

from __future__ import annotations

from lxml import etree

from xenvm.errors import SpecError
from xenvm.model.domain import DiskBacking, DiskDriver, DiskFormat, Vbd, Vnif
from xenvm.model.quantities import MacAddress

from ._xml import Element, attribute, refuse, required, word

_SOURCE_ATTRIBUTE = {DiskBacking.BLOCK: "dev", DiskBacking.FILE: "file"}
_BUSES = {"xvd": "xen", "hd": "ide", "sd": "scsi"}


def format_vbd_xml(vbd: Vbd) -> str:
    """Return the ``<disk>`` for a VBD, as hot-plugging takes it."""
    return etree.tostring(append_vbd(etree.Element("devices"), vbd), encoding="unicode")


def format_vnif_xml(vnif: Vnif) -> str:
    """Return the ``<interface>`` for a VNIF, as hot-plugging takes it."""
    return etree.tostring(append_vnif(etree.Element("devices"), vnif), encoding="unicode")


def append_vbd(devices: Element, vbd: Vbd) -> Element:
    """Return the ``<disk>`` for a VBD, appended to ``devices``."""
    disk = etree.SubElement(devices, "disk", type=vbd.backing, device="disk")
    driver = etree.SubElement(disk, "driver", type=vbd.format)
    if vbd.driver:
        driver.set("name", vbd.driver)
    etree.SubElement(disk, "source", {_SOURCE_ATTRIBUTE[vbd.backing]: vbd.source})
    etree.SubElement(disk, "target", dev=vbd.target, bus=_bus(vbd.target))
    if vbd.readonly:
        etree.SubElement(disk, "readonly")
    if vbd.shareable:
        etree.SubElement(disk, "shareable")
    return disk


def append_vnif(devices: Element, vnif: Vnif) -> Element:
    """Return the ``<interface>`` for a VNIF, appended to ``devices``."""
    nic = etree.SubElement(devices, "interface", type="bridge")
    if vnif.mac:
        etree.SubElement(nic, "mac", address=str(vnif.mac))
    etree.SubElement(nic, "source", bridge=vnif.bridge)
    if vnif.script:
        etree.SubElement(nic, "script", path=vnif.script)
    if vnif.device:
        etree.SubElement(nic, "target", dev=vnif.device)
    if vnif.model:
        etree.SubElement(nic, "model", type=vnif.model)
    return nic


def parse_vbd(disk: Element) -> Vbd:
    """Return what a ``<disk>`` describes.

    Raises:
        ParseError: It is no disk on a block device or file, or no Xen guest can have it.
    """
    if disk.get("device", "disk") != "disk":
        refuse(disk, f"device {disk.get('device')!r} is not modelled, only 'disk' is")
    backing = word(disk, DiskBacking, disk.get("type", ""))
    driver = attribute(disk, "driver", "name")
    try:
        return Vbd(
            target=required(disk, "target").get("dev", ""),
            source=required(disk, "source").get(_SOURCE_ATTRIBUTE[backing], ""),
            backing=backing,
            driver=None if driver is None else word(disk, DiskDriver, driver),
            format=word(disk, DiskFormat, attribute(disk, "driver", "type") or "raw"),
            readonly=disk.find("readonly") is not None,
            shareable=disk.find("shareable") is not None,
        )
    except SpecError as exc:
        refuse(disk, str(exc), cause=exc)


def parse_vnif(nic: Element) -> Vnif:
    """Return what an ``<interface>`` describes.

    Raises:
        ParseError: It is not on a bridge, or no guest can have it.
    """
    if nic.get("type") != "bridge":
        refuse(nic, f"type {nic.get('type')!r} is not modelled, only 'bridge' is")
    mac = attribute(nic, "mac", "address")
    try:
        return Vnif(
            bridge=required(nic, "source").get("bridge", ""),
            mac=None if mac is None else MacAddress(mac),
            script=attribute(nic, "script", "path"),
            model=attribute(nic, "model", "type"),
            device=attribute(nic, "target", "dev"),
        )
    except SpecError as exc:
        refuse(nic, str(exc), cause=exc)


def _bus(target: str) -> str:
    return _BUSES[target[:3] if target.startswith("xvd") else target[:2]]
