"""What an inventory keeps of a domain's libvirt XML: of anybody's, so nothing is insisted on."""

from __future__ import annotations

import re

from xenvm.errors import ParseError
from xenvm.model.domain import GuestType
from xenvm.model.inventory import DomainFacts

from ._xml import Element, child_text, memory_kib, read_xml

_GUEST_TYPES = {
    "linux": GuestType.PV,
    "xen": GuestType.PV,
    "xenpvh": GuestType.PVH,
    "hvm": GuestType.HVM,
}
"""By libvirt's ``<os><type>``, which calls PV guests "linux" whatever they run."""

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
        guest_type=_GUEST_TYPES.get(child_text(root, "os/type") or ""),
        memory_kib=_memory_now_kib(root),
        vcpus=_number(child_text(root, "vcpu")),
        macs=tuple(mac.lower() for mac in macs if mac),
        guest_os=None if guest_os is None else guest_os.get("id"),
    )


def _memory_now_kib(root: Element) -> int | None:
    element = root.find("currentMemory")
    if element is None:
        element = root.find("memory")
    try:
        return None if element is None else memory_kib(element)
    except ParseError:
        return None


def _number(text: str | None) -> int | None:
    return int(text) if text and re.fullmatch(r"\d{1,9}", text) else None
