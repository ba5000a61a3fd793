"""libvirt domain XML ⇄ :class:`~xenvm.model.domain.DomainConfig`; pure text."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from lxml import etree

from xenvm.errors import ParseError, SpecError
from xenvm.model.domain import DomainConfig, GuestType, LifecycleAction

from ._xml import (
    Element,
    child_text,
    memory_kib,
    read_xml,
    refuse,
    required,
    whole_number,
    word,
)
from .device_xml import append_vbd, append_vnif, parse_vbd, parse_vnif

_OS_TYPES: Mapping[GuestType, tuple[str, str]] = {
    GuestType.PV: ("linux", "xenpv"),
    GuestType.PVH: ("xenpvh", "xenpvh"),
    GuestType.HVM: ("hvm", "xenfv"),
}
"""libvirt's (os type, machine); it calls PV guests "linux" whatever they run."""

_GUEST_TYPES = {os_type: guest_type for guest_type, (os_type, _) in _OS_TYPES.items()}
_GUEST_TYPES["xen"] = GuestType.PV


def parse_domain_xml(text: str | bytes) -> DomainConfig:
    """Return what we model of a Xen domain; other elements are left aside.

    Args:
        text: A libvirt ``<domain type='xen'>`` document, of at most 16 MiB.

    Raises:
        ParseError: It is no such document, or it describes a device of a kind we do not model.
    """
    root = read_xml(text, "domain")
    if root.get("type") != "xen":
        refuse(root, f"type {root.get('type')!r} is not 'xen'", root.get("type", ""))
    memory = memory_kib(required(root, "memory"))
    current = root.find("currentMemory")
    vcpu = root.find("vcpu")
    max_vcpus = 1 if vcpu is None else whole_number(vcpu)
    try:
        return DomainConfig(
            name=child_text(root, "name") or "",
            uuid=_uuid(root),
            title=child_text(root, "title"),
            description=child_text(root, "description"),
            guest_type=_guest_type(required(root, "os/type")),
            memory_kib=memory if current is None else min(memory, memory_kib(current)),
            max_memory_kib=memory,
            vcpus=_vcpus_now(vcpu, max_vcpus),
            max_vcpus=max_vcpus,
            kernel=child_text(root, "os/kernel"),
            initrd=child_text(root, "os/initrd"),
            cmdline=child_text(root, "os/cmdline"),
            bootloader=child_text(root, "bootloader"),
            vbds=tuple(parse_vbd(disk) for disk in root.iterfind("devices/disk")),
            vnifs=tuple(parse_vnif(nic) for nic in root.iterfind("devices/interface")),
            on_poweroff=_action(root, "on_poweroff", LifecycleAction.DESTROY),
            on_reboot=_action(root, "on_reboot", LifecycleAction.RESTART),
            on_crash=_action(root, "on_crash", LifecycleAction.DESTROY),
        )
    except SpecError as exc:
        raise ParseError(f"this is no Xen guest: {exc}", path="/domain") from exc


def format_domain_xml(config: DomainConfig) -> str:
    """Return the libvirt document for ``config``; libvirt's own schema accepts it."""
    root = etree.Element("domain", type="xen")
    _append_texts(root, name=config.name, uuid=str(config.uuid) if config.uuid else None)
    _append_texts(root, title=config.title, description=config.description)
    _append(root, "memory", str(config.max_memory_kib), unit="KiB")
    _append(root, "currentMemory", str(config.memory_kib), unit="KiB")
    vcpu = _append(root, "vcpu", str(config.max_vcpus))
    if config.vcpus < config.max_vcpus:
        vcpu.set("current", str(config.vcpus))
    _append_texts(root, bootloader=config.bootloader)
    _append_os(root, config)
    _append_texts(
        root,
        on_poweroff=config.on_poweroff,
        on_reboot=config.on_reboot,
        on_crash=config.on_crash,
    )
    _append_devices(root, config)
    return etree.tostring(root, encoding="unicode", pretty_print=True)


def _append(parent: Element, tag: str, text: str | None = None, **attributes: str) -> Element:
    element = etree.SubElement(parent, tag, attributes)
    element.text = text
    return element


def _append_texts(parent: Element, **texts: str | None) -> None:
    """Append an element for each text that there is."""
    for tag, text in texts.items():
        if text:
            _append(parent, tag, text)


def _append_os(root: Element, config: DomainConfig) -> None:
    os_type, machine = _OS_TYPES[config.guest_type]
    system = _append(root, "os")
    _append(system, "type", os_type, arch="x86_64", machine=machine)
    _append_texts(system, kernel=config.kernel, initrd=config.initrd, cmdline=config.cmdline)
    if config.guest_type is GuestType.HVM:
        features = _append(root, "features")
        for feature in ("acpi", "apic", "pae"):
            _append(features, feature)


def _append_devices(root: Element, config: DomainConfig) -> None:
    devices = _append(root, "devices")
    for vbd in config.vbds:
        append_vbd(devices, vbd)
    for vnif in config.vnifs:
        append_vnif(devices, vnif)
    console = _append(devices, "console", type="pty")
    kind = "serial" if config.guest_type is GuestType.HVM else "xen"
    _append(console, "target", type=kind, port="0")


def _guest_type(os_type: Element) -> GuestType:
    name = (os_type.text or "").strip()
    if name not in _GUEST_TYPES:
        refuse(os_type, f"{name!r} is no kind of Xen guest", name)
    # libxl takes <type machine='xenpvh'>xen</type> for PVH as well.
    if os_type.get("machine") == "xenpvh":
        return GuestType.PVH
    return _GUEST_TYPES[name]


def _uuid(root: Element) -> UUID | None:
    text = child_text(root, "uuid")
    try:
        return UUID(text) if text else None
    except ValueError as exc:
        refuse(required(root, "uuid"), f"{text!r} is no UUID", text or "", cause=exc)


def _vcpus_now(vcpu: Element | None, max_vcpus: int) -> int:
    current = None if vcpu is None else vcpu.get("current")
    return max_vcpus if vcpu is None or current is None else whole_number(vcpu, current)


def _action(root: Element, tag: str, default: LifecycleAction) -> LifecycleAction:
    text = child_text(root, tag)
    return default if text is None else word(required(root, tag), LifecycleAction, text)
