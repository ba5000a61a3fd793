"""Backings of VBDs for live tests, and whether bytes pass between a guest and Dom0 on them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from xenvm.errors import BlockedError, CommandError, GuestFailedError
from xenvm.host import Host, HostShell
from xenvm.host.probe import ProbeGuest, pattern
from xenvm.host.probe.protocol import pattern_sha256
from xenvm.model.kinds import DiskBacking
from xenvm.model.vbd import Vbd

from .dom0 import Dom0
from .plan import VOLUME_MIB
from .workshop import Workshop

SIZE_MIB = 8
WRITTEN_KIB = 64
BY_ID = "/dev/disk/by-id/"
"""A disk is allowed by its identity, never by a name that the next boot gives to another."""
SIGNS_OF_USE = """
PATH=$PATH:/usr/sbin:/sbin
signs=$(wipefs -n %s) && mounts=$(lsblk -nro MOUNTPOINT %s) && parts=$(lsblk -nro KNAME %s) &&
echo $signs $mounts $(echo "$parts" | sed 1d)
"""
"""Prints something for a disk that has a file system, partitions, a volume group, a mount, or
another device on it; fails where that cannot be seen."""


def volume_group(host: Host) -> str:
    """Return a volume group with room for a volume.

    Raises:
        BlockedError: None has.
    """
    for name in Dom0(host, str(host.uri)).volume_groups() or ():
        return name
    raise BlockedError(f"no volume group of the host has {VOLUME_MIB} MiB free: vgcreate one")


def unused(shell: HostShell, disk: str) -> str:
    """Return the disk, unless anything is on it.

    Raises:
        BlockedError: Something is.
        CommandError: Nobody can tell.
    """
    if said := shell.run(SIGNS_OF_USE, disk, disk, disk).stdout.strip():
        raise BlockedError(f"{disk} is in use: wipefs -a it first, if nobody needs it: {said}")
    return disk


class Backings:
    """Makes one VBD of each backing the profile names."""

    def __init__(self, workshop: Workshop, host: Host, allowed: Iterable[str]):
        self._workshop = workshop
        self._host = host
        self._disk_of_users = next((path for path in allowed if path.startswith(BY_ID)), "")

    def vbd(self, backing: str, target: str) -> Vbd:
        """Return a VBD on a new ``disk``, ``partition``, ``lvm`` or ``file`` of 8 MiB."""
        make = {
            "disk": self._disk,
            "partition": self._partition,
            "lvm": self._volume,
            "file": self._file,
        }
        source = make[backing]()
        kind = DiskBacking.FILE if backing == "file" else DiskBacking.BLOCK
        return Vbd(target=target, source=source, backing=kind)

    @property
    def text(self) -> str:
        """Return what the disk and the partition are, in words."""
        disk = self._disk_of_users or "a loop device of our own"
        return f"the disk is {disk}, the partition is on a loop device of our own"

    def _disk(self) -> str:
        if self._disk_of_users:
            return unused(self._host.shell, self._disk_of_users)
        return self._workshop.loop_device(self._workshop.image_file("disk.img", SIZE_MIB))

    def _partition(self) -> str:
        image = self._workshop.image_file("partitioned.img", 2 * SIZE_MIB)
        table = f"label: dos\nstart=1MiB, size={SIZE_MIB}MiB, type=83\n"
        self._host.shell.run("sfdisk -q %s", image, stdin=table)
        device = self._workshop.loop_device(image)
        self._host.shell.run(f"udevadm settle --timeout 20; test -b {device}p1")
        return f"{device}p1"

    def _volume(self) -> str:
        return self._workshop.volume(volume_group(self._host), "lv0", SIZE_MIB)

    def _file(self) -> str:
        return self._workshop.image_file("file.img", SIZE_MIB)


def verified(host: Host, guest: ProbeGuest, vbd: Vbd, seed: str) -> tuple[bool, str]:
    """Move bytes both ways between a guest and Dom0, past all caches.

    Returns:
        Whether they arrived, and the hashes, or who could not write or read them.
    """
    try:
        return _moved(host, guest, vbd, seed)
    except (GuestFailedError, CommandError) as exc:
        return False, str(exc)


def _moved(host: Host, guest: ProbeGuest, vbd: Vbd, seed: str) -> tuple[bool, str]:
    guest.ask("write", device=vbd.target, seed=seed, kib=WRITTEN_KIB)
    read = f"dd if={vbd.source} bs=64k count={WRITTEN_KIB // 64} iflag=direct status=none"
    in_dom0 = host.shell.run(f"{read} | sha256sum").stdout.split()[0]
    back = pattern(f"{seed}-back", WRITTEN_KIB)
    write = f"dd of={vbd.source} bs=64k iflag=fullblock oflag=direct conv=notrunc status=none"
    host.shell.run(write, stdin=back.decode())
    in_guest = guest.ask("read", device=vbd.target, kib=WRITTEN_KIB).fields.get("sha256")
    ok = in_dom0 == pattern_sha256(seed, WRITTEN_KIB)
    ok = ok and in_guest == hashlib.sha256(back).hexdigest()
    return ok, f"guest wrote, Dom0 read {in_dom0}\nDom0 wrote, guest read {in_guest}"
