"""MAC addresses that nobody has yet, drawn so that the same seed draws the same."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Collection

from xenvm.errors import SpecError

from .quantities import XEN_SERIALS, MacAddress

_SERIAL_BYTES = 3


def draw_macs(taken: Collection[MacAddress], *, count: int, seed: str) -> tuple[MacAddress, ...]:
    """Return addresses in Xen's own block.

    Args:
        taken: Those that it must not be.
        count: How many.
        seed: The same seed, with the same ones taken, draws the same.

    Raises:
        SpecError: The block has not so many left.
    """
    mine = {mac for mac in taken if mac.is_xen}
    if not 0 <= count <= XEN_SERIALS - len(mine):
        raise SpecError(
            f"Xen's MAC block has {XEN_SERIALS - len(mine)} addresses left, and not {count}"
        )
    drawn: list[MacAddress] = []
    numbers = itertools.count()
    while len(drawn) < count:
        digest = hashlib.sha256(f"{seed}/{next(numbers)}".encode()).digest()
        mac = MacAddress.xen(int.from_bytes(digest[:_SERIAL_BYTES]))
        if mac not in mine:
            mine.add(mac)
            drawn.append(mac)
    return tuple(drawn)
