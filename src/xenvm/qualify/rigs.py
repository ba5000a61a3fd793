"""What the benchmarks measure with, made on a host through a workshop and removed with it."""

from __future__ import annotations

from collections.abc import Collection

from xenvm.bench.aggregate import AggregateDriver
from xenvm.bench.block import BlockDriver
from xenvm.bench.compute import ComputeDriver
from xenvm.bench.measuring import Setting
from xenvm.bench.network import NetworkDriver, Peer

from .workshop import Workshop

SPAN_MIB = 256
"""Of a volume that is measured, unless told: larger than what an emulated disk remembers."""


def block_rig(
    workshop: Workshop,
    backing: str,
    setting: Setting,
    *,
    allowed: Collection[str] = (),
    span_mib: int = SPAN_MIB,
) -> BlockDriver:
    """Return a driver for the metrics ``block.BACKING.*``: a volume, filled, and a guest on it.

    Args:
        workshop: Makes them, and removes them.
        backing: ``lvm``, ``partition`` or ``file``.
        setting: How it is measured.
        allowed: What the user lets us write to; the partition is made on a disk of these.
        span_mib: How much of it both legs drive; twice what the array or controller caches.

    Raises:
        BlockedError: No volume group has room, no disk is allowed for a partition, or Dom0 has no
            fio, or one that is too old.
        NotAllowedError: The disk is not allowed by identity.
        DeviceInUseError: Something is on the disk.
        OutOfSpaceError: The disk or the file system is too small.
    """
    raise NotImplementedError


def network_rig(
    workshop: Workshop, path: str, setting: Setting, *, peer: Peer | None = None
) -> NetworkDriver:
    """Return a driver for the metrics ``network.PATH.*``.

    Args:
        workshop: Makes the bridge and guests, and removes them.
        path: ``dom0``, ``guest`` or ``peer``.
        setting: How it is measured.
        peer: The external peer; needed for its path, and for no other.

    Raises:
        BlockedError: Dom0 lacks a measuring program, or the peer does not answer.
    """
    raise NotImplementedError


def aggregate_rig(
    workshop: Workshop, setting: Setting, *, guests: int = 0, span_mib: int = SPAN_MIB
) -> AggregateDriver:
    """Return a driver for the metrics ``aggregate.*``: guests on volumes of their own.

    Args:
        workshop: Makes them, and removes them.
        setting: How it is measured.
        guests: How many at once; 0 for as many of the catalogue's as the host's memory takes.
        span_mib: Of each guest's volume.

    Raises:
        BlockedError: There is no room for two guests or their volumes, or Dom0 lacks a program.
    """
    raise NotImplementedError


def compute_rig(workshop: Workshop, setting: Setting) -> ComputeDriver:
    """Return a driver for the metrics ``compute.*``: a guest and fio.

    Raises:
        BlockedError: Dom0 has no fio, or one that is too old.
    """
    raise NotImplementedError
