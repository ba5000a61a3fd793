"""How a whole element, not one string of it, becomes a field's value, and back.

Reading raises ``ValueError`` with what is wrong; whoever knows the path adds where.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from xenvm.errors import SpecError
from xenvm.formats._xml import Element
from xenvm.model.kinds import GuestType
from xenvm.model.quantities import PciAddress

from .amounts import BYTES, LEASE_S, SIZE_KIB
from .codecs import read_integer, text_of
from .sizes import read_cell_kib, read_kib, write_cell_kib, write_kib


@dataclass(frozen=True, slots=True)
class ElementCodec:
    """How an element becomes a value, and how a value is written into one."""

    read: Callable[[Element], object]
    write: Callable[[Element, object], None]


_OS_TYPES: Mapping[str, tuple[str, str]] = {
    GuestType.PV: ("linux", "xenpv"),
    GuestType.PVH: ("xenpvh", "xenpvh"),
    GuestType.HVM: ("hvm", "xenfv"),
}
"""libvirt's (os type, machine); it calls PV guests "linux" whatever they run."""

_GUEST_TYPES: Mapping[str, GuestType] = {
    "linux": GuestType.PV,
    "xen": GuestType.PV,
    "xenpvh": GuestType.PVH,
    "hvm": GuestType.HVM,
}


def read_guest_type(element: Element) -> GuestType | str | None:
    """Return what an ``<os><type>`` says: a kind of Xen guest, another word, or nothing."""
    # libxl takes <type machine='xenpvh'>xen</type> for PVH as well.
    if element.get("machine") == "xenpvh":
        return GuestType.PVH
    word = text_of(element).strip()
    return _GUEST_TYPES.get(word, word) or None


def _write_guest_type(element: Element, value: object) -> None:
    word, machine = _OS_TYPES.get(str(value), (str(value), ""))
    element.text = word
    if machine:
        element.set("machine", machine)


def _read_state(element: Element) -> object:
    state = element.get("state", "on")
    if state not in {"on", "off"}:
        raise ValueError(f"state {state[:40]!r} is neither 'on' nor 'off'")
    return state == "on"


def _write_state(element: Element, value: object) -> None:
    element.set("state", "on" if value else "off")


def _write_nothing(element: Element, value: object) -> None:
    """An element that says all by being there."""


_PCI = {"domain": 4, "bus": 2, "slot": 2, "function": 1}
"""The attributes of an address, and how many digits libvirt writes."""


def _read_pci(element: Element) -> PciAddress:
    parts = {name: read_integer(element.get(name, "0")) for name in _PCI}
    try:
        return PciAddress(**parts)
    except SpecError as exc:
        raise ValueError(str(exc)) from exc


def _write_pci(element: Element, value: object) -> None:
    for name, digits in _PCI.items():
        element.set(name, f"0x{getattr(value, name):0{digits}x}")


def _write_typed_pci(element: Element, value: object) -> None:
    """Write a PCI address where it could be another bus's, too."""
    element.set("type", "pci")
    _write_pci(element, value)


ELEMENT_CODECS: Mapping[str, ElementCodec] = {
    "present": ElementCodec(lambda _: True, _write_nothing),
    "state": ElementCodec(_read_state, _write_state),
    "kib": ElementCodec(read_kib, write_kib),
    "cell-kib": ElementCodec(read_cell_kib, write_cell_kib),
    "bytes": ElementCodec(BYTES.read, BYTES.write),
    "size-kib": ElementCodec(SIZE_KIB.read, SIZE_KIB.write),
    "lease-s": ElementCodec(LEASE_S.read, LEASE_S.write),
    "pci": ElementCodec(_read_pci, _write_pci),
    "typed-pci": ElementCodec(_read_pci, _write_typed_pci),
    "guest-type": ElementCodec(read_guest_type, _write_guest_type),
}
