"""What Dom0 can keep guests' disks on: volume groups, their volumes, image files."""

from __future__ import annotations

import re
from dataclasses import dataclass

from xenvm.errors import SpecError

_LVM_NAME = re.compile(r"[A-Za-z0-9+_.][A-Za-z0-9+_.-]{0,126}")
_RESERVED = re.compile(
    r"\.{1,2}|(snapshot|pvmove).*|.*_(cdata|cmeta|corig|mlog|mimage|pmspare|rimage|rmeta|tdata|tmeta"
    r"|vorigin|vdata)([0-9_].*)?"
)


def check_lvm_name(name: str) -> str:
    """Return ``name`` if LVM takes it for a volume or a group.

    Raises:
        SpecError: It does not.

    Source:
        lvm(8), "Valid names".
    """
    if not _LVM_NAME.fullmatch(name) or _RESERVED.fullmatch(name):
        raise SpecError(
            f"{name[:140]!r} cannot name a volume: use letters, digits and +_.- (not first),"
            " at most 127, and none of LVM's own words"
        )
    return name


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeGroup:
    """An LVM volume group.

    Attributes:
        name: Its name.
        uuid: What stays when it is renamed.
        size_bytes: Its size.
        free_bytes: What no volume has.
    """

    name: str
    uuid: str
    size_bytes: int
    free_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LogicalVolume:
    """An LVM logical volume.

    Attributes:
        group: Its volume group's name.
        name: Its name.
        uuid: What stays when it is renamed.
        path: Its device in Dom0.
        size_bytes: Its size.
        origin: Of a snapshot, the name of the volume that it is of; else empty.
        pool: The name of the pool that holds it; empty for none.
    """

    group: str
    name: str
    uuid: str
    path: str
    size_bytes: int
    origin: str = ""
    pool: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFile:
    """A disk image in Dom0's file system.

    Attributes:
        path: Where, without symbolic links.
        format: ``raw`` or ``qcow2``, by its first bytes.
        size_bytes: How large a disk the guest sees.
        allocated_bytes: What it takes of Dom0's file system now.
    """

    path: str
    format: str
    size_bytes: int
    allocated_bytes: int
