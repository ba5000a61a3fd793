"""What LVM's tools and ``stat`` print of Dom0's storage → values; pure text."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from xenvm.errors import ParseError
from xenvm.model.dom0_storage import ImageFile, LogicalVolume, VolumeGroup

QCOW2_MAGIC = "514649fb"
_QCOW2_SIZE = slice(48, 64)
"""Hex digits of the virtual size, a big-endian number of 64 bits at byte 24 of a qcow2 image.

Source:
    QEMU, docs/interop/qcow2.txt.
"""
_BLOCK_BYTES = 512
"""The unit of stat's %b."""


def parse_groups(text: str) -> tuple[VolumeGroup, ...]:
    """Return the volume groups, by name.

    Args:
        text: ``vgs`` of vg_name, vg_uuid, vg_size and vg_free, in bytes, ``|`` between them.

    Raises:
        ParseError: It is not what vgs prints.
    """
    with _understood(text):
        return tuple(
            VolumeGroup(name=name, uuid=uuid, size_bytes=int(size), free_bytes=int(free))
            for name, uuid, size, free in _rows(text, "|", 4)
        )


def parse_volumes(text: str) -> tuple[LogicalVolume, ...]:
    """Return the logical volumes that have a device, by group and name.

    Args:
        text: ``lvs`` of vg_name, lv_name, lv_uuid, lv_size, origin, pool_lv and lv_path, in bytes,
            ``|`` between them.

    Raises:
        ParseError: It is not what lvs prints.
    """
    with _understood(text):
        return tuple(
            LogicalVolume(
                group=group,
                name=name,
                uuid=uuid,
                path=path or f"/dev/{group}/{name}",
                size_bytes=int(size),
                origin=origin,
                pool=pool,
            )
            for group, name, uuid, size, origin, pool, path in _rows(text, "|", 7)
        )


def parse_images(text: str) -> tuple[ImageFile, ...]:
    """Return the image files, by path.

    Args:
        text: A line for each: its first 32 bytes in hexadecimal (``-`` for none), its size in
            bytes, the 512-byte blocks that it takes, and its path.

    Raises:
        ParseError: It is not what was asked for.
    """
    with _understood(text):
        images = [_image(*row) for row in _rows(text, " ", 4)]
    return tuple(sorted(images, key=lambda image: image.path))


def _image(head: str, size: str, blocks: str, path: str) -> ImageFile:
    is_qcow2 = head.startswith(QCOW2_MAGIC)
    return ImageFile(
        path=path,
        format="qcow2" if is_qcow2 else "raw",
        size_bytes=int(head[_QCOW2_SIZE], 16) if is_qcow2 else int(size),
        allocated_bytes=int(blocks) * _BLOCK_BYTES,
    )


def _rows(text: str, separator: str, columns: int) -> Iterator[list[str]]:
    """Yield the columns of each line; the last may hold the separator, as a path may."""
    for line in sorted(filter(None, map(str.strip, text.splitlines()))):
        yield line.split(separator, columns - 1)


@contextlib.contextmanager
def _understood(text: str) -> Iterator[None]:
    try:
        yield
    except (TypeError, ValueError) as exc:
        raise ParseError(f"this is not what was asked of Dom0: {exc}", text=text) from exc
