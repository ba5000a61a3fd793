"""libvirt's scaled integers: a number, and the unit beside it.

Reading raises ``ValueError`` with what is wrong; whoever knows the element adds where.
"""

from __future__ import annotations

from typing import cast

from xenvm.formats._xml import Element
from xenvm.model.memory_size import UNIT_BYTES, MemorySize

from .codecs import read_integer, text_of

_KIB = "KiB"


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
    return MemorySize.of(read_integer(text), unit).kib


def _number(element: Element, size_kib: int) -> str:
    """Return how a size is written in the element's unit; it gets KiB if that is too coarse."""
    unit_bytes = UNIT_BYTES.get(element.get("unit", _KIB).lower(), 0)
    if not unit_bytes or size_kib * 1024 % unit_bytes:
        unit_bytes = 1024
        element.set("unit", _KIB)
    elif "unit" not in element.attrib:
        element.set("unit", _KIB)
    return str(size_kib * 1024 // unit_bytes)
