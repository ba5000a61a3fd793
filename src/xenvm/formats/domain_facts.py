"""What an inventory keeps of a domain's libvirt XML: of anybody's, so nothing is insisted on."""

from __future__ import annotations

import re

from xenvm.model.inventory import DomainFacts
from xenvm.model.kinds import GuestType

from ._xml import Element, child_text, read_xml
from .binding import read_guest_type, read_kib

_LIBOSINFO = "{http://libosinfo.org/xmlns/libvirt/domain/1.0}"


def domain_facts(text: str) -> DomainFacts:
    """Return the facts of one domain.

    Raises:
        ParseError: It is no libvirt domain XML.
    """
    root = read_xml(text, "domain")
    macs = (mac.get("address", "") for mac in root.iterfind("devices/interface/mac"))
    guest_os = root.find(f"metadata/{_LIBOSINFO}libosinfo/{_LIBOSINFO}os")
    return DomainFacts(
        name=child_text(root, "name") or "",
        domid=_number(root.get("id")),
        guest_type=_guest_type(root),
        memory_kib=_memory_now_kib(root),
        vcpus=_number(child_text(root, "vcpu")),
        macs=tuple(mac.lower() for mac in macs if mac),
        guest_os=None if guest_os is None else guest_os.get("id"),
    )


def _guest_type(root: Element) -> GuestType | None:
    element = root.find("os/type")
    kind = None if element is None else read_guest_type(element)
    return kind if isinstance(kind, GuestType) else None


def _memory_now_kib(root: Element) -> int | None:
    element = root.find("currentMemory")
    if element is None:
        element = root.find("memory")
    try:
        return None if element is None else read_kib(element)
    except ValueError:
        return None


def _number(text: str | None) -> int | None:
    return int(text) if text and re.fullmatch(r"\d{1,9}", text) else None
