"""Amounts whose unit stands beside the number: sizes of storage, times of DHCP leases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from xenvm.formats._xml import Element
from xenvm.model.memory_size import UNIT_BYTES

from .codecs import read_integer, text_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """How an element says an amount.

    Attributes:
        attribute: The attribute with the number; None for the element's text.
        units: How much each unit is, in lower case.
        default: The unit when none is said.
        own: The unit that the model counts in, in lower case too.
    """

    attribute: str | None = None
    units: Mapping[str, int]
    default: str
    own: str

    def read(self, element: Element) -> int | None:
        """Return the amount in our own unit, rounded up; None when no number is said.

        Raises:
            ValueError: The number or the unit is none.
        """
        text = element.get(self.attribute) if self.attribute else text_of(element) or None
        if text is None:
            return None
        unit = element.get("unit", self.default)
        size = self.units.get(unit.lower())
        if size is None:
            raise ValueError(f"{unit[:40]!r} is no unit of libvirt")
        number = read_integer(text)
        if number < 0:
            raise ValueError(f"{number} is less than nothing")
        return -(-number * size // self.units[self.own.lower()])

    def write(self, element: Element, value: object) -> None:
        """Write an amount in the element's own unit where that has it exactly, or in ours."""
        total = cast("int", value) * self.units[self.own.lower()]
        unit = element.get("unit", self.own)
        size = self.units.get(unit.lower())
        if size is None or total % size:
            unit, size = self.own, self.units[self.own.lower()]
        element.set("unit", unit)
        if self.attribute:
            element.set(self.attribute, str(total // size))
        else:
            element.text = str(total // size)


BYTES = Amount(units=UNIT_BYTES, default="bytes", own="bytes")
"""A size of storage (formatstorage, "capacity")."""

SIZE_KIB = Amount(attribute="size", units=UNIT_BYTES, default="KiB", own="KiB")
"""A size in attributes (formatcaps: pages, caches)."""

LEASE_S = Amount(
    attribute="expiry",
    units={"seconds": 1, "minutes": 60, "hours": 3600},
    default="minutes",
    own="seconds",
)
"""How long an address is lent (formatnetwork, "lease")."""
