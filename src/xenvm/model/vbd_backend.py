"""Who really serves a VBD in Dom0, and how."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .xenbus import XenDevice


class VbdServer(StrEnum):
    """What serves a VBD of a running guest."""

    PHY = "phy"
    """Linux' blkback; an image file goes through a loop device."""
    QDISK = "qdisk"
    """A QEMU process in Dom0."""


class VbdCache(StrEnum):
    """Where what a guest wrote may be before it is on the medium."""

    DIRECT = "direct"
    """Nowhere in Dom0: reads and writes pass its page cache by."""
    PAGE_CACHE = "page-cache"
    """In Dom0's page cache, until the guest flushes: reads may look faster than the medium is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VbdBackend:
    """What serves a VBD of a running guest.

    Attributes:
        target: Its name in the guest, such as ``xvda``.
        server: Who serves it.
        path: The device or image behind it; None for an empty drive.
        format: The layout that QEMU was told, such as ``qcow2``; ``raw`` with phy.
        number: The device that blkback opened, as ``major:minor``; None with QEMU.
        cache: How it is cached in Dom0.
        readonly: Whether the guest may only read.
        device: Both its ends.

    Source:
        libxl writes ``params``, ``mode`` and ``dev``; the block script ``physical-device``;
        QEMU's hw/block/xen-block.c goes past the page cache only with ``direct-io-safe``.
    """

    target: str
    server: VbdServer
    path: str | None
    format: str
    number: str | None
    cache: VbdCache
    readonly: bool
    device: XenDevice
