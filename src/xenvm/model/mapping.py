"""Where a field stands in the field's formats: its libvirt XML path, its xl.cfg key, its unit.

The facts are declared beside each field and read by everybody: the XML binding, the xl.cfg
conversion, the comparison of two configs, and the reference page of the model.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypedDict, Unpack

_KEY = "xenvm"

DEFAULT = object()
"""What a document means that lacks a field: the field's default."""

NAMESPACES: Mapping[str, str] = {
    "xen": "http://libvirt.org/schemas/domain/xen/1.0",
    "qemu": "http://libvirt.org/schemas/domain/qemu/1.0",
    "libosinfo": "http://libosinfo.org/xmlns/libvirt/domain/1.0",
    "xenvm": "urn:xenvm:domain:1",
}
"""The prefixes that paths may use."""


class Facts(TypedDict, total=False):
    """What else may be said of a place; see :class:`Place`."""

    xl: str
    codec: str
    note: str
    also: str
    missing: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a field is written.

    Attributes:
        xml: Its path below the element of its class: ``os/kernel`` is text, ``mac/@address`` an
            attribute, ``.`` the element itself. Empty: no XML says it.
        xl: Its key in xl.cfg(5), such as ``memory`` or, within a device, ``disk.target``. Empty:
            xl has none.
        codec: How text becomes a value where the field's type does not say it: ``kib`` (a scaled
            integer with a unit), ``cell-kib`` and ``size-kib`` (the same as two attributes),
            ``bytes`` (as ``kib``, in bytes), ``lease-s`` (a time as two attributes), ``hex`` and
            ``hex-6`` (4 and 6 hexadecimal digits), ``present`` (the element is there), ``state``
            (``state='on'``), ``yes-no``, ``on-off``, ``up-down``, ``typed-pci`` (an address that
            says that it is one of PCI), ``guest-type``.
        also: A second path that says the same: read where the first says nothing, and kept in
            step where it is there.
        missing: What a document means that lacks it, where that is not the field's default.
        by: The field that decides which of ``cases`` holds.
        cases: For each value of ``by``, the path.
        note: What a reader of the reference should know.
    """

    xml: str = ""
    xl: str = ""
    codec: str = ""
    also: str = ""
    missing: object = DEFAULT
    by: str = ""
    cases: tuple[tuple[str, str], ...] = ()
    note: str = ""


def at(xml: str = "", **facts: Unpack[Facts]) -> dict[str, Place]:
    """Return the metadata of a field that stands at one place."""
    return {_KEY: Place(xml=xml, **facts)}


def at_either(
    by: str, cases: Mapping[str, str], *, xl: str = "", note: str = ""
) -> dict[str, Place]:
    """Return the metadata of a field whose place depends on another field."""
    return {_KEY: Place(by=by, cases=tuple(cases.items()), xl=xl, note=note)}


def place_of(field: dataclasses.Field[object]) -> Place | None:
    """Return where a field stands, or None for one that no format knows."""
    place = field.metadata.get(_KEY)
    return place if isinstance(place, Place) else None
