"""Disk, partition, logical volume, image file: section 3.4 of the white paper."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

import pytest

from xenvm.errors import BlockedError
from xenvm.host import Host
from xenvm.host.probe import ProbeGuest, pattern
from xenvm.host.probe.protocol import pattern_sha256
from xenvm.model.kinds import DiskBacking
from xenvm.model.profile import Profile
from xenvm.model.vbd import Vbd
from xenvm.model.verdict import Evidence
from xenvm.qualify.checking import Check
from xenvm.qualify.dom0 import Dom0
from xenvm.qualify.journal import Ledger
from xenvm.qualify.plan import VOLUME_MIB
from xenvm.qualify.workshop import Workshop
from xenvm.spec.limits import words_of

SIZE_MIB = 8
VBDS_PER_GUEST = 2
WRITTEN_KIB = 64
BY_ID = "/dev/disk/by-id/"
"""A disk is allowed by its identity, never by a name that the next boot gives to another."""
SIGNS_OF_USE = "wipefs -n %s; lsblk -nro MOUNTPOINTS %s | tr -d '[:space:]'"
"""Prints something for a disk that has a file system, partitions, a volume group or a mount."""


def volume_group(host: Host) -> str:
    """Return a volume group with room for a volume."""
    for name in Dom0(host, str(host.uri)).volume_groups() or ():
        return name
    raise BlockedError(f"no volume group of the host has {VOLUME_MIB} MiB free: vgcreate one")


def unused(host: Host, disk: str) -> str:
    """Return the disk, unless anything is on it."""
    if said := host.shell.run(SIGNS_OF_USE, disk, disk).stdout.strip():
        raise BlockedError(f"{disk} is in use: wipefs -a it first, if nobody needs it: {said}")
    return disk


class Backings:
    """One VBD of each backing the profile names."""

    def __init__(self, workshop: Workshop, host: Host, allowed: Iterable[str]):
        self._workshop = workshop
        self._host = host
        self._disk_of_users = next((path for path in allowed if path.startswith(BY_ID)), "")

    def vbd(self, backing: str, target: str) -> Vbd:
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
        disk = self._disk_of_users or "a loop device of our own"
        return f"the disk is {disk}, the partition is on a loop device of our own"

    def _disk(self) -> str:
        if self._disk_of_users:
            return unused(self._host, self._disk_of_users)
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
    """Move bytes both ways, past all caches; return whether they arrived, and the hashes."""
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


def guests_with(vbds: Sequence[Vbd], workshop: Workshop) -> list[ProbeGuest]:
    """Return the guest that has each VBD, once all are up; few share a guest.

    libxl ends a hotplug script after 40 s, and the block scripts of a guest wait for each other.
    """
    guests = [
        workshop.guest(f"g{start}", vbds=vbds[start : start + VBDS_PER_GUEST], paused=True)
        for start in range(0, len(vbds), VBDS_PER_GUEST)
    ]
    workshop.unpause_all(guests)
    return [guests[number // VBDS_PER_GUEST] for number in range(len(vbds))]


@pytest.mark.timeout(600)
@pytest.mark.requirement("WP-3.4-15")
def test_disk_backings(
    profile: Profile,
    journal: Ledger,
    check: Check,
    workshop: Workshop,
    allow_list: frozenset[str],
) -> None:
    """Attach a disk, a partition, a volume and a file; bytes arrive both ways on each."""
    host = workshop.host
    workshop.require_memory(2)
    wanted = words_of(profile, "disk_backings")
    journal.progress(0.0, "making " + ", ".join(wanted))
    backings = Backings(workshop, host, allow_list)
    vbds = [backings.vbd(word, f"xvd{chr(ord('a') + n)}") for n, word in enumerate(wanted)]
    guests = guests_with(vbds, workshop)
    served = host.shell.run("xenstore-ls /local/domain/0/backend", check=False).stdout
    evidence = [Evidence(command="xenstore-ls /local/domain/0/backend", output=served)]
    carried = []
    for number, (word, vbd, guest) in enumerate(zip(wanted, vbds, guests, strict=True)):
        journal.progress(0.4 + 0.6 * number / len(vbds), f"bytes to and from the {word}")
        ok, hashes = verified(host, guest, vbd, word)
        evidence.append(Evidence(command=f"{word}: {vbd.source} as {vbd.target}", output=hashes))
        carried += [word] if ok else []
    check(
        observed=", ".join(carried),
        expected=", ".join(wanted),
        unit="disk backings",
        source=profile.limits["disk_backings"].source,
        detail=f"bytes compared both ways; {backings.text}",
        evidence=evidence,
    )
