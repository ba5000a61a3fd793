"""How fast a guest may send: ``10MB/s@20ms`` of a VNIF."""

from __future__ import annotations

import re
from dataclasses import dataclass

from xenvm.errors import SpecError

_RATE = re.compile(
    r"(?P<amount>[0-9]{1,20})(?P<scale>[GMK]?)(?P<unit>[Bb])/s"
    r"(?:@(?P<interval>[0-9]{1,20})(?P<interval_unit>[mu]?s?))?"
)
_SCALES = {"": 1, "K": 1_000, "M": 1_000_000, "G": 1_000_000_000}
_MICROSECONDS = {"": 1_000_000, "s": 1_000_000, "m": 1_000, "ms": 1_000, "u": 1, "us": 1}
_DEFAULT_INTERVAL_US = 50_000
_MOST = 2**32 - 1
_SHOWN_CHARACTERS = 60


@dataclass(frozen=True, slots=True)
class VifRate:
    """A limit on what a guest sends, as it is written.

    An interval without a unit is in seconds, whatever xl-network-configuration(5) says. libvirt
    reads the same text with a kilo of 1,024 bytes, and no interval.

    Attributes:
        text: A number, a scale of 1,000 (``K``, ``M``, ``G``), bytes (``B``) or bits (``b``), and
            perhaps after an ``@`` how often the credit is renewed.

    Source:
        xen 4.17 tools/libs/util/libxlu_vif.c; libvirt 9.0.0 src/libxl/xen_common.c.
    """

    text: str

    def __post_init__(self) -> None:
        found = _RATE.fullmatch(self.text)
        if found is None:
            shown = self.text[:_SHOWN_CHARACTERS]
            raise SpecError(f"{shown!r} is no rate: write it as 10MB/s or 10Mb/s@20ms")
        if not 0 < int(found["amount"]) <= _MOST:
            raise SpecError(f"the rate {self.text!r} is not between 1 and {_MOST}")
        if not 0 < self.interval_us <= _MOST:
            raise SpecError(f"the interval of {self.text!r} is not between 1 and {_MOST} us")

    @property
    def bytes_per_s(self) -> int:
        """Return the limit in bytes per second."""
        found = self._found
        amount = int(found["amount"]) * _SCALES[found["scale"]]
        return amount // 8 if found["unit"] == "b" else amount

    @property
    def interval_us(self) -> int:
        """Return how often the credit is renewed, in microseconds."""
        found = self._found
        if found["interval"] is None:
            return _DEFAULT_INTERVAL_US
        return int(found["interval"]) * _MICROSECONDS[found["interval_unit"]]

    @property
    def _found(self) -> re.Match[str]:
        found = _RATE.fullmatch(self.text)
        if found is None:
            raise SpecError(f"{self.text!r} is no rate")
        return found

    def __str__(self) -> str:
        return self.text
