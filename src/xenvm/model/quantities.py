"""Values that need care to compare: MAC addresses."""

from __future__ import annotations

import re
from dataclasses import dataclass

from xenvm.errors import SpecError

XEN_OUI = "00:16:3e"
"""The address block that the IEEE registered for Xen guests."""

_MAC = re.compile(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}")
_SERIALS = 1 << 24


@dataclass(frozen=True, slots=True, order=True)
class MacAddress:
    """An Ethernet address, kept as ``00:16:3e:00:00:01``: lower case, colons.

    Attributes:
        text: Any case, with colons or hyphens, when made; canonical afterwards.
    """

    text: str

    def __post_init__(self) -> None:
        canonical = self.text.strip().lower().replace("-", ":")
        if not _MAC.fullmatch(canonical):
            raise SpecError(f"{self.text!r} is no MAC address: write it as 00:16:3e:12:34:56")
        object.__setattr__(self, "text", canonical)

    @classmethod
    def xen(cls, serial: int) -> MacAddress:
        """Return the address with ``serial`` (0 ≤ serial < 2²⁴) in Xen's own block.

        Raises:
            SpecError: ``serial`` is out of range.
        """
        if not 0 <= serial < _SERIALS:
            raise SpecError(f"Xen's MAC block has numbers from 0 to {_SERIALS - 1}, not {serial}")
        digits = f"{serial:06x}"
        return cls(f"{XEN_OUI}:{digits[:2]}:{digits[2:4]}:{digits[4:]}")

    @property
    def is_multicast(self) -> bool:
        """Return whether it names a group; no NIC may have one."""
        return bool(self._first_octet & 1)

    @property
    def is_locally_administered(self) -> bool:
        """Return whether nobody registered it with the IEEE."""
        return bool(self._first_octet & 2)

    @property
    def is_xen(self) -> bool:
        """Return whether it lies in Xen's own block."""
        return self.text.startswith(XEN_OUI)

    @property
    def _first_octet(self) -> int:
        return int(self.text[:2], 16)

    def __str__(self) -> str:
        return self.text
