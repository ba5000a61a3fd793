"""Devices of the host in xl.cfg, and what they are plugged into: ``pci``, ``usbdev``, ``usbctrl``.

The limits of grants and event channels are a controller's in libvirt, and so they are here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from xenvm.formats.xl import XlDocument, XlSpec, parse_device, parse_pci
from xenvm.model.devices import Controller
from xenvm.model.domain import DomainConfig
from xenvm.model.hostdev import Hostdev, UsbAddress
from xenvm.model.kinds import ControllerKind, HostdevKind

from .items import Devices, Parameters
from .lens import Fields, Keys, Lens
from .source import Source

_USB_VERSIONS = {"1": "qusb1", "2": "qusb2"}
_USB_NUMBERS = {model: version for version, model in _USB_VERSIONS.items()}
_DEFAULT_PORTS = 8


def _read_pci(spec: XlSpec, source: Source) -> Hostdev | None:
    """Return a PCI device; ``pci_permissive`` and ``pci_seize`` hold for those that do not say.

    One that is called by a name, or whose functions are all meant, has no place in the model.
    """
    pci = parse_pci(str(spec))
    if pci.address is None or pci.all_functions:
        return None
    permissive, seize = pci.option("permissive"), pci.option("seize")
    if permissive is None:
        permissive = source.boolean("pci_permissive")
    seize = source.boolean("pci_seize") if seize is None else seize
    return Hostdev(
        kind=HostdevKind.PCI,
        pci=pci.address,
        write_filtering=None if permissive is None else not permissive,
        managed=True if seize else None,
    )


def _write_pci(device: Hostdev, _: DomainConfig) -> Parameters:
    permissive = device.write_filtering
    return {
        "bdf": str(device.pci),
        "permissive": None if permissive is None else str(int(not permissive)),
        "seize": "1" if device.managed else None,
    }


def _usb_number(spec: XlSpec, name: str) -> int | None:
    """Return a number as xl reads it, in any base that C has; libvirt takes all for hexadecimal.

    Raises:
        ValueError: It is none.
    """
    text = spec.get(name)
    if not text:
        return None
    is_octal = text.startswith("0") and text.isdecimal()
    try:
        return int(text, 8 if is_octal else 0)
    except ValueError as exc:
        raise ValueError(f"{name}={text[:40]!r} is no number") from exc


def _read_usb(spec: XlSpec, _: Source) -> Hostdev | None:
    bus, device = _usb_number(spec, "hostbus"), _usb_number(spec, "hostaddr")
    if bus is None or device is None:
        return None
    return Hostdev(kind=HostdevKind.USB, usb=UsbAddress(bus=bus, device=device))


def _write_usb(device: Hostdev, _: DomainConfig) -> Parameters:
    address = device.usb or UsbAddress()
    return {"hostbus": str(address.bus), "hostaddr": str(address.device)}


def _read_usbctrl(spec: XlSpec, _: Source) -> Controller | None:
    """Return a USB controller of the PV kind that libvirt knows; others stay as they are."""
    if (spec.get("type") or "qusb") != "qusb":
        return None
    ports = _usb_number(spec, "ports")
    return Controller(
        kind=ControllerKind.USB,
        model=_USB_VERSIONS.get(spec.get("version") or "2", _USB_VERSIONS["2"]),
        ports=_DEFAULT_PORTS if ports is None else ports,
    )


def _write_usbctrl(controller: Controller, _: DomainConfig) -> Parameters:
    return {
        "type": "qusb",
        "version": _USB_NUMBERS.get(controller.model or "", "2"),
        "ports": None if controller.ports is None else str(controller.ports),
    }


def _agrees(told: Hostdev, wanted: Hostdev, _: DomainConfig) -> bool:
    return plain_hostdev(told) == plain_hostdev(wanted)


def plain_hostdev(device: Hostdev) -> Hostdev:
    """Return a device as xl understands it: what it is by default is left out."""
    return replace(device, managed=device.managed or None)


def _agrees_on_usbctrl(told: Controller, wanted: Controller, _: DomainConfig) -> bool:
    return plain_controller(told) == plain_controller(wanted)


def plain_controller(controller: Controller) -> Controller:
    """Return a controller as xl understands it: it gives no numbers, and 8 ports to USB."""
    if controller.kind != ControllerKind.USB:
        return replace(controller, index=None)
    return replace(
        controller,
        index=None,
        model=controller.model or _USB_VERSIONS["2"],
        ports=_DEFAULT_PORTS if controller.ports is None else controller.ports,
    )


PCI = Devices(
    key="pci",
    read=_read_pci,
    write=_write_pci,
    agrees=_agrees,
    start=lambda device: parse_device(str(device.pci), "pci"),
)
USB = Devices(
    key="usbdev",
    read=_read_usb,
    write=_write_usb,
    agrees=_agrees,
    start=lambda _: XlSpec(kind="usbdev"),
)
USB_CONTROLLERS = Devices(
    key="usbctrl",
    read=_read_usbctrl,
    write=_write_usbctrl,
    agrees=_agrees_on_usbctrl,
    start=lambda _: XlSpec(kind="usbctrl"),
)

_LIMITS = ("max_grant_frames", "max_event_channels")


def _read_hostdevs(source: Source) -> Fields:
    return {"hostdevs": PCI.values(source) + USB.values(source)}


def _write_hostdevs(config: DomainConfig, document: XlDocument) -> Keys:
    pci = [each for each in config.hostdevs if each.kind == HostdevKind.PCI and each.pci]
    usb = [each for each in config.hostdevs if is_usb_place(each)]
    return {
        "pci": PCI.texts(pci, config, document),
        "pci_permissive": document.get("pci_permissive"),
        "pci_seize": document.get("pci_seize"),
        "usbdev": USB.texts(usb, config, document),
    }


def _unsaid_hostdevs(source: Source) -> Iterator[str]:
    yield from PCI.unsaid(source)
    yield from USB.unsaid(source)


def is_usb_place(device: Hostdev) -> bool:
    """Return whether a device is a USB device that is called by its place, as xl does."""
    address = device.usb
    is_usb = device.kind == HostdevKind.USB and address is not None
    return is_usb and address is not None and None not in {address.bus, address.device}


def _read_controllers(source: Source) -> Fields:
    grants, channels = (source.integer(name) or None for name in _LIMITS)
    xenbus = Controller(
        kind=ControllerKind.XENBUS, max_grant_frames=grants, max_event_channels=channels
    )
    found = (xenbus,) if grants or channels else ()
    return {"controllers": found + USB_CONTROLLERS.values(source)}


def _write_controllers(config: DomainConfig, document: XlDocument) -> Keys:
    xenbus = [each for each in config.controllers if each.kind == ControllerKind.XENBUS]
    usb = [each for each in config.controllers if is_pv_usb(each)]
    return {
        **{name: next(filter(None, (getattr(c, name) for c in xenbus)), None) for name in _LIMITS},
        "usbctrl": USB_CONTROLLERS.texts(usb, config, document),
    }


def is_pv_usb(controller: Controller) -> bool:
    """Return whether a controller is a USB controller of the PV kind."""
    return controller.kind == ControllerKind.USB and controller.model in {None, *_USB_NUMBERS}


HOSTDEVS = (
    Lens(
        fields=("hostdevs",),
        keys=("pci", "pci_permissive", "pci_seize", "usbdev"),
        read=_read_hostdevs,
        write=_write_hostdevs,
        unsaid=_unsaid_hostdevs,
    ),
    Lens(
        fields=("controllers",),
        keys=("max_grant_frames", "max_event_channels", "usbctrl"),
        read=_read_controllers,
        write=_write_controllers,
        unsaid=USB_CONTROLLERS.unsaid,
    ),
)
