"""Rules on the host's devices that a guest gets, and on its small ones."""

from __future__ import annotations

from collections.abc import Iterator

from xenvm.model.domain_fields import DomainFields
from xenvm.model.kinds import ControllerKind, GuestType, HostdevKind

from .rulebook import (
    LIBVIRT,
    LIBVIRT_11,
    XEN,
    Found,
    error,
    listed,
    numbered,
    repeated,
    shown,
    warning,
)

_SUBSYSTEM = "subsystem"
_USB_MODELS = ("qusb1", "qusb2")
_SOUNDS = ("ich6", "es1370", "ac97", "sb16")
_LISTS = LIBVIRT + "libxl/libxl_conf.c, libxlMakePCIList and libxlMakeUSBList"


@error(_LISTS + " (skip it silently); libxl_driver.c, libxlDomainAttachHostDevice (refuses it)")
def hostdev_kind_is_passed_through(config: DomainFields) -> Found:
    """Yield devices that the guest would silently not have."""
    for path, hostdev in numbered("hostdevs", config.hostdevs):
        if hostdev.kind not in {HostdevKind.PCI, HostdevKind.USB}:
            yield (
                f"{path}.kind",
                f"a {hostdev.kind} device is dropped silently, the guest starts without it: pass "
                "its PCI adapter through, or give its block device as a VBD",
            )


@warning("Linux 6.5, arch/x86/kernel/pci-dma.c, xen_swiotlb_enabled")
def pv_guest_can_drive_its_functions(config: DomainFields) -> Found:
    """Yield PV guests whose kernel would have a driver for its device, and no way to memory."""
    has_pci = any(hostdev.kind == HostdevKind.PCI for hostdev in config.hostdevs)
    is_told = config.e820_host or "iommu=soft" in (config.cmdline or "")
    if config.guest_type == GuestType.PV and has_pci and not is_told:
        yield (
            "e820_host",
            "no byte passes between a PCI function and a Linux guest of 6.5 or newer without it:"
            " set it, or iommu=soft in cmdline",
        )


@error(LIBVIRT + "libxl/libxl_domain.c, libxlDomainDeviceDefPostParse")
def hostdev_is_of_a_subsystem(config: DomainFields) -> Found:
    """Yield devices in the mode that is for containers."""
    for path, hostdev in numbered("hostdevs", config.hostdevs):
        if hostdev.mode != _SUBSYSTEM:
            yield f"{path}.mode", f"{shown(hostdev.mode)} is refused: use {_SUBSYSTEM}"


@error(LIBVIRT + "conf/domain_conf.c, virDomainHostdevDefParseXMLSubsys")
def hostdev_is_named(config: DomainFields) -> Found:
    """Yield devices that could be any."""
    for path, hostdev in numbered("hostdevs", config.hostdevs):
        if hostdev.kind == HostdevKind.PCI and hostdev.pci is None:
            yield f"{path}.pci", "no device is named: give its PCI address"
        named = hostdev.usb is not None or hostdev.usb_vendor is not None
        if hostdev.kind == HostdevKind.USB and not named:
            yield f"{path}.usb", "no device is named: give its bus and device, or its numbers"


@error(LIBVIRT + "conf/domain_validate.c, virDomainDefHostdevValidate")
def hostdevs_differ(config: DomainFields) -> Found:
    """Yield a PCI device that is there twice."""
    for path, address, first in repeated(_pci_addresses(config)):
        yield path, f"{address} is taken by {first}: take one out"


@error(XEN + "tools/libs/light/libxl_x86.c, libxl__arch_passthrough_mode_setdefault")
def pvh_has_no_pci(config: DomainFields) -> Found:
    """Yield PCI devices of a PVH domain, which cannot have any."""
    if config.guest_type == GuestType.PVH:
        for path, _ in _pci_addresses(config):
            yield path, "a PVH domain does not start with PCI devices: use PV or HVM"


@warning(LIBVIRT + "libxl/libxl_driver.c, libxlDomainAttachDeviceConfig (-1, and says no reason)")
def hostdev_can_be_added_later(config: DomainFields) -> Found:
    """Yield USB devices, which can be defined and not be added to a definition."""
    for path, hostdev in numbered("hostdevs", config.hostdevs):
        if hostdev.kind == HostdevKind.USB:
            yield (
                f"{path}.kind",
                "attaching it to the definition alone fails without a reason: define the whole "
                "domain with it, or attach it live",
            )


@error(LIBVIRT + "libxl/libxl_conf.c, libxlMakeUSBController")
def usb_controller_is_one_of_libxls(config: DomainFields) -> Found:
    """Yield USB controllers that libxl does not have."""
    for path, controller in numbered("controllers", config.controllers):
        is_usb = controller.kind == ControllerKind.USB
        if is_usb and controller.model not in {None, *_USB_MODELS}:
            said = shown(controller.model or "")
            yield f"{path}.model", f"{said} is refused: use {listed(_USB_MODELS)}"


@error(LIBVIRT + "libxl/libxl_conf.c, libxlBuildDomainConfig (has no code for TPMs)")
def tpms_are_none(config: DomainFields) -> Found:
    """Yield TPMs that the guest would silently not have."""
    for path, _ in numbered("tpms", config.tpms):
        yield path, "libvirt's Xen driver drops it silently, the guest has no TPM: take it out"


@error(LIBVIRT + "libxl/libxl_conf.c, libxlMakeDomBuildInfo")
def memballoon_is_xens(config: DomainFields) -> Found:
    """Yield a balloon that Xen does not have, or none."""
    if config.memballoon not in {None, "xen"}:
        said = shown(config.memballoon or "")
        yield "memballoon", f"{said} is refused, Xen's balloon cannot be left out: say xen"


@error(LIBVIRT_11 + "libxl/libxl_domain.c, libxlDomainDefValidate")
def sound_is_one_of_libxls(config: DomainFields) -> Found:
    """Yield a sound card that Xen's QEMU does not have."""
    if config.sounds and config.sounds[0].model not in _SOUNDS:
        said = shown(config.sounds[0].model)
        yield "sounds[0].model", f"{said} is refused: use {listed(_SOUNDS)}"


@warning(LIBVIRT + "libxl/libxl_conf.c, libxlMakeDomBuildInfo (the first, and for HVM only)")
def sound_is_heard(config: DomainFields) -> Found:
    """Yield sound cards that the guest silently does not get."""
    is_pv = config.guest_type in {GuestType.PV, GuestType.PVH}
    for number, (path, _) in enumerate(numbered("sounds", config.sounds)):
        if number or is_pv:
            yield path, "an HVM domain gets the first card, others none: take it out"


@error(LIBVIRT + "libxl/libxl_conf.c, libxlMakeDomBuildInfo")
def usb_input_is_one_of_libxls(config: DomainFields) -> Found:
    """Yield USB input devices that libxl does not have."""
    for path, device in numbered("inputs", config.inputs):
        is_usb = device.bus == "usb" and config.guest_type == GuestType.HVM
        if is_usb and device.kind not in {"mouse", "tablet"}:
            yield f"{path}.kind", f"a USB {device.kind} is refused: use bus ps2"


@warning(LIBVIRT + "libxl/libxl_conf.c, libxlMakeDomBuildInfo (reads os/boot only)")
def boot_order_is_the_domains(config: DomainFields) -> Found:
    """Yield a boot order that stands with a device."""
    for field in ("vbds", "vnifs", "hostdevs"):
        for path, device in numbered(field, getattr(config, field)):
            if device.boot_order is not None:
                yield f"{path}.boot_order", "it is dropped silently: say boot, for the domain"


def _pci_addresses(config: DomainFields) -> Iterator[tuple[str, str]]:
    for path, hostdev in numbered("hostdevs", config.hostdevs):
        if hostdev.kind == HostdevKind.PCI and hostdev.pci is not None:
            yield f"{path}.pci", str(hostdev.pci)
    for path, vnif in numbered("vnifs", config.vnifs):
        if vnif.hostdev is not None:
            yield f"{path}.hostdev", str(vnif.hostdev)
