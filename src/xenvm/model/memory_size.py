"""A size of memory, with the unit that it is written in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from xenvm.errors import SpecError

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

_KIB_BYTES = 1024
_BYTES_MAX = 2**64
_SHOWN_CHARACTERS = 40
_TEXT = re.compile(r"[ \t]*(?P<number>[0-9]{1,20})[ \t]*(?P<unit>[A-Za-z]{0,5})[ \t]*")
_SHOWN_UNITS = ("EiB", "PiB", "TiB", "GiB", "MiB", "KiB")


@dataclass(frozen=True, slots=True, order=True)
class MemorySize:
    """A size of memory, up to 2⁶⁴ bytes; sizes in different units are equal when they are as big.

    Attributes:
        size_bytes: In bytes.

    >>> MemorySize.parse("512 MiB").kib
    524288
    >>> str(MemorySize.parse("1048576 KiB"))
    '1 GiB'
    """

    size_bytes: int

    def __post_init__(self) -> None:
        if not 0 <= self.size_bytes <= _BYTES_MAX:
            raise SpecError(f"{self.size_bytes} bytes are less than nothing or past 2⁶⁴")

    @classmethod
    def of(cls, number: int, unit: str) -> MemorySize:
        """Return so many of a unit, such as ``MiB``; its case does not matter.

        Raises:
            SpecError: The unit is not one of libvirt's, or the size is past 2⁶⁴ bytes.
        """
        unit_bytes = UNIT_BYTES.get(unit.lower())
        if unit_bytes is None:
            raise SpecError(f"{unit[:_SHOWN_CHARACTERS]!r} is no unit of libvirt")
        if not 0 <= number * unit_bytes <= _BYTES_MAX:
            raise SpecError(f"{number} {unit} is less than nothing or past 2⁶⁴ bytes")
        return cls(number * unit_bytes)

    @classmethod
    def parse(cls, text: str) -> MemorySize:
        """Return a size that is written as ``512 MiB`` or ``2G``; a bare number is in KiB.

        Raises:
            SpecError: It is none.
        """
        found = _TEXT.fullmatch(text)
        if found is None:
            said = text[:_SHOWN_CHARACTERS]
            raise SpecError(f"{said!r} is no size of memory: write it as 512 MiB")
        return cls.of(int(found["number"]), found["unit"] or "KiB")

    @property
    def kib(self) -> int:
        """Return it in KiB, rounded up as libvirt does."""
        return -(-self.size_bytes // _KIB_BYTES)

    def __str__(self) -> str:
        for unit in _SHOWN_UNITS:
            number, rest = divmod(self.size_bytes, UNIT_BYTES[unit.lower()])
            if number and not rest:
                return f"{number} {unit}"
        return f"{self.size_bytes} bytes"
