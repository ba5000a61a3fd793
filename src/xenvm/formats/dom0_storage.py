"""Dom0's block devices, and what lies behind the guests' disks, as facts."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from xenvm.model.inventory import BlockDevice, GuestDisk

_PAIR = re.compile(r'([A-Z:_]+)="([^"]*)"')
_BACKEND = re.compile(
    r"^/local/domain/0/backend/(?:vbd|qdisk|vbd3|tap)/(\d+)/(\d+)/([\w-]+) = \"(.*)\"$"
)
_DEVICE_NUMBER = re.compile(r"[0-9]{1,18}")
_REMOVABLE_KINDS = frozenset({"rom"})


def parse_lsblk(text: str) -> tuple[BlockDevice, ...]:
    """Return Dom0's block devices, each once, with all the devices it stands on.

    Args:
        text: The output of ``lsblk -P`` with KNAME, PKNAME, MAJ:MIN, TYPE, TRAN, VENDOR, MODEL.
    """
    rows = [
        {key.replace("_", ":"): value.strip() for key, value in _PAIR.findall(line)}
        for line in text.splitlines()
    ]
    devices: dict[str, BlockDevice] = {}
    for row in rows:
        name = row.get("KNAME", "")
        if not name or row.get("TYPE") in _REMOVABLE_KINDS:
            continue
        known = devices.get(name)
        parents = {*(known.parents if known else ()), row.get("PKNAME", "")} - {""}
        devices[name] = BlockDevice(
            name=name,
            number=row.get("MAJ:MIN", ""),
            kind=row.get("TYPE", ""),
            parents=tuple(sorted(parents)),
            transport=row.get("TRAN", ""),
            model=f"{row.get('VENDOR', '')} {row.get('MODEL', '')}".strip(),
        )
    return tuple(devices.values())


def parse_guest_disks(text: str, images: str) -> tuple[GuestDisk, ...]:
    """Return the disks of running guests, by domid and device number.

    Args:
        text: The output of ``xenstore-ls -f /local/domain/0``.
        images: For disks that are files, lines ``DEVICE PATH``: the number of the device that
            the file lies on, as ``stat -c %d`` has it.
    """
    pairs = (line.partition(" ") for line in images.splitlines())
    under = {path: _split(number) for number, _, path in pairs}
    found: dict[tuple[int, int], dict[str, str]] = {}
    for line in text.splitlines():
        if match := _BACKEND.match(line):
            domid, number, key, value = match.groups()
            found.setdefault((int(domid), int(number)), {})[key] = value
    return tuple(_guest_disk(domid, said, under) for (domid, _), said in sorted(found.items()))


def _guest_disk(domid: int, said: dict[str, str], under: Mapping[str, str | None]) -> GuestDisk:
    params = said.get("params", "")
    # QEMU's back end writes the image's format before the path: aio:/srv/image.
    path = params if params.startswith("/") else params.partition(":")[2]
    return GuestDisk(
        domid=domid,
        target=said.get("dev", ""),
        path=path,
        device=under.get(path) or _decimal(said.get("physical-device", "")),
    )


def _split(number: str) -> str | None:
    if not _DEVICE_NUMBER.fullmatch(number):
        return None
    return f"{os.major(int(number))}:{os.minor(int(number))}"


def _decimal(number: str) -> str | None:
    major, separator, minor = number.partition(":")
    try:
        return f"{int(major, 16)}:{int(minor, 16)}" if separator else None
    except ValueError:
        return None
