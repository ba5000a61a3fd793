"""The name of a disk in its guest, and Xen's number for it."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from dataclasses import dataclass

from xenvm.errors import SpecError

_NAME = re.compile(r"(?P<kind>xvd|hd|sd)(?P<letters>[a-z]{1,5})(?P<partition>[1-9][0-9]{0,2})?")
_MOST: Mapping[str, tuple[int, int]] = {
    "xvd": ((1 << 20) - 1, 255),
    "hd": (3, 63),
    "sd": (15, 15),
}
"""The last disk, counted from 0, and the last partition, by kind."""
_MAJORS = ((202, "xvd", 0, 4), (8, "sd", 0, 4), (3, "hd", 0, 6), (22, "hd", 2, 6))
"""Linux' major number, the kind, the first disk that has it, and the bits of its partitions."""
_EXTENDED = 1 << 28
_LETTERS = string.ascii_lowercase


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class DiskTarget:
    """A disk, or a partition that is a VBD by itself, such as ``xvda`` and ``xvda1``.

    Attributes:
        kind: ``xvd``, ``hd`` or ``sd``.
        disk: Counted from 0: 0 is ``xvda``.
        partition: Its number; 0 for the whole disk.

    Source:
        xen-vbd-interface(7); libxl__device_disk_dev_number in Xen's libxl_device.c.

    >>> DiskTarget.parse("xvdb1")
    DiskTarget(kind='xvd', disk=1, partition=1)
    >>> DiskTarget.parse("xvdb1").number
    51729
    >>> str(DiskTarget.of_number(51729))
    'xvdb1'
    """

    kind: str
    disk: int
    partition: int = 0

    def __post_init__(self) -> None:
        last_disk, last_partition = _MOST.get(self.kind, (-1, -1))
        if not (0 <= self.disk <= last_disk and 0 <= self.partition <= last_partition):
            raise SpecError(
                f"{self.kind} disk {self.disk}, partition {self.partition} is no VBD of Xen:"
                " use xvda, hda to hdd or sda to sdp"
            )

    @classmethod
    def parse(cls, name: str) -> DiskTarget:
        """Return the target with a name such as ``xvda``.

        Raises:
            SpecError: libxl cannot number it.
        """
        found = _NAME.fullmatch(name)
        if found is None:
            raise SpecError(f"{name[:40]!r} is no VBD of Xen: use xvda, hda to hdd or sda to sdp")
        disk = 0
        for letter in found["letters"]:
            disk = disk * len(_LETTERS) + _LETTERS.index(letter) + 1
        return cls(kind=found["kind"], disk=disk - 1, partition=int(found["partition"] or 0))

    @classmethod
    def of_number(cls, number: int) -> DiskTarget:
        """Return the target that has one of Xen's numbers, as in xenstore and ``vbd-DOMID-NUMBER``.

        Raises:
            SpecError: No target has it.
        """
        if number & _EXTENDED:
            disk, partition = divmod(number ^ _EXTENDED, 1 << 8)
            return cls(kind="xvd", disk=disk, partition=partition)
        major, minor = divmod(number, 1 << 8)
        for known, kind, first, bits in _MAJORS:
            if major == known:
                disk, partition = divmod(minor, 1 << bits)
                return cls(kind=kind, disk=first + disk, partition=partition)
        raise SpecError(f"{number} is no number of a VBD")

    @property
    def number(self) -> int:
        """Return Xen's number for it."""
        for major, kind, first, bits in reversed(_MAJORS):
            if kind == self.kind and self.disk >= first:
                minor = (self.disk - first << bits) + self.partition
                if self.partition < 1 << bits and minor < 1 << 8:
                    return (major << 8) + minor
        return _EXTENDED + (self.disk << 8) + self.partition

    def __str__(self) -> str:
        letters, rest = "", self.disk + 1
        while rest:
            rest, letter = divmod(rest - 1, len(_LETTERS))
            letters = _LETTERS[letter] + letters
        return f"{self.kind}{letters}{self.partition or ''}"
