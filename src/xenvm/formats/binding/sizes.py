"""libvirt's scaled integers: a number, and the unit beside it.

Reading raises ``ValueError`` with what is wrong; whoever knows the element adds where.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from xenvm.formats._xml import Element

from .codecs import read_integer, text_of

UNIT_BYTES: Mapping[str, int] = {
    "b": 1, "bytes": 1, "byte": 1,
    "k": 1024, "kib": 1024, "kb": 1000,
    "m": 1024**2, "mib": 1024**2, "mb": 1000**2,
    "g": 1024**3, "gib": 1024**3, "gb": 1000**3,
    "t": 1024**4, "tib": 1024**4, "tb": 1000**4,
    "p": 1024**5, "pib": 1024**5, "pb": 1000**5,
    "e": 1024**6, "eib": 1024**6, "eb": 1000**6,
}  # fmt: skip
"""libvirt's units (formatdomain, "memory"), in lower case."""

_KIB = "KiB"
_BYTES_MAX = 2**64


def read_kib(element: Element) -> int:
    """Return the size that an element's text and its ``unit`` say, in KiB, rounded up.

    Raises:
        ValueError: The number or the unit is not one of libvirt's.
    """
    return _kib(text_of(element), element.get("unit", _KIB))


def read_cell_kib(element: Element) -> int:
    """Return the size that an element's ``memory`` and ``unit`` say, in KiB, rounded up.

    Raises:
        ValueError: The number or the unit is not one of libvirt's.
    """
    return _kib(element.get("memory", "0"), element.get("unit", _KIB))


def write_kib(element: Element, value: object) -> None:
    """Write a size in KiB as text, in the element's own unit where that has it exactly."""
    element.text = _number(element, cast("int", value))


def write_cell_kib(element: Element, value: object) -> None:
    """Write a size in KiB as ``memory``, in the element's own unit where that has it exactly."""
    element.set("memory", _number(element, cast("int", value)))


def _kib(text: str, unit: str) -> int:
    number = read_integer(text)
    unit_bytes = 1024 if unit == _KIB else UNIT_BYTES.get(unit.lower(), 0)
    if not unit_bytes:
        raise ValueError(f"{unit[:40]!r} is no unit of libvirt")
    if not 0 <= number * unit_bytes <= _BYTES_MAX:
        raise ValueError(f"{number} {unit} is less than nothing or past 2⁶⁴ bytes")
    return -(-number * unit_bytes // 1024)


def _number(element: Element, size_kib: int) -> str:
    """Return how a size is written in the element's unit; it gets KiB if that is too coarse."""
    unit_bytes = UNIT_BYTES.get(element.get("unit", _KIB).lower(), 0)
    if not unit_bytes or size_kib * 1024 % unit_bytes:
        unit_bytes = 1024
        element.set("unit", _KIB)
    elif "unit" not in element.attrib:
        element.set("unit", _KIB)
    return str(size_kib * 1024 // unit_bytes)
