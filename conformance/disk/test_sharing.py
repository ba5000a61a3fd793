"""One disk for one guest, parts of it for two, and all of it only on purpose: 5.5 and 5.6."""

from __future__ import annotations

import pytest

from xenvm.errors import DeviceInUseError
from xenvm.host.probe import ProbeGuest
from xenvm.host.probe.protocol import pattern_sha256
from xenvm.model.kinds import DiskBacking, DiskDriver
from xenvm.model.vbd import Vbd
from xenvm.model.verdict import Evidence
from xenvm.qualify.checking import Check, held_against_host
from xenvm.qualify.disks import SIZE_MIB, volume_group
from xenvm.qualify.journal import Ledger
from xenvm.qualify.workshop import Workshop

KIB = 64
END_KIB = SIZE_MIB * 1024 - KIB
FIRST, SECOND, THIRD = "xvdb", "xvdc", "xvdd"
"""After a refused attach of its own, libxl may take that name for taken, so the shared disk has
another."""


def partitions(workshop: Workshop) -> list[str]:
    """Return two partitions of one new disk, one behind the other."""
    image = workshop.image_file("two.img", 2 * SIZE_MIB + 1)
    table = f"label: dos\n{f',{SIZE_MIB}MiB' + chr(10)}{f',{SIZE_MIB}MiB' + chr(10)}"
    workshop.host.shell.run("sfdisk -q %s", image, stdin=table)
    disk = workshop.loop_device(image)
    workshop.host.shell.run(f"udevadm settle --timeout 20; test -b {disk}p2")
    return [f"{disk}p1", f"{disk}p2"]


def by_qemu(workshop: Workshop, number: int) -> Vbd:
    """Return a disk that QEMU serves: only a guest that starts with one is plugged in another."""
    image = workshop.image_file(f"qemu{number}.img", 1)
    return Vbd(target="xvda", source=image, backing=DiskBacking.FILE, driver=DiskDriver.QEMU)


def overlap(guests: list[ProbeGuest]) -> list[str]:
    """Let each guest write both ends of its part; return who reads another's words there."""
    places = (0, END_KIB)
    for guest in guests:
        for at_kib in places:
            seed = f"{guest.name[-2:]}-{at_kib}"
            guest.ask("write", device=FIRST, seed=seed, kib=KIB, at_kib=at_kib)
    return [
        f"{guest.name} at {at_kib} KiB"
        for guest in guests
        for at_kib in places
        if guest.ask("read", device=FIRST, kib=KIB, at_kib=at_kib).fields.get("sha256")
        != pattern_sha256(f"{guest.name[-2:]}-{at_kib}", KIB)
    ]


def refusals(workshop: Workshop, guest: ProbeGuest, device: str) -> tuple[str, str]:
    """Give a guest what another writes; return what xenvm, and what Xen's own tool said to it."""
    said_by_us = ""
    try:
        guest.domain.vbds.attach(Vbd(target=SECOND, source=device))
        guest.domain.vbds.detach(SECOND)
    except DeviceInUseError as exc:
        said_by_us = str(exc)
    done = workshop.host.shell.run(
        "xl block-attach %s %s 2>&1", guest.name, f"phy:{device},{SECOND},w",
        check=False, deadline_s=120,
    )  # fmt: skip
    if done.returncode == 0:
        workshop.host.shell.run("xl block-detach %s %s", guest.name, SECOND, deadline_s=120)
        return said_by_us, ""
    return said_by_us, done.stdout.strip()[-400:]


def shared(volume: str, guests: list[ProbeGuest]) -> bool:
    """Give one volume to both guests, shareable; return whether one reads what the other wrote."""
    vbd = Vbd(target=THIRD, source=volume, driver=DiskDriver.QEMU, shareable=True)
    for guest in guests:
        guest.domain.vbds.attach(vbd)
        guest.domain.vbds.wait_until_connected(vbd.target)
    writer, reader = guests
    writer.ask("write", device=THIRD, seed="shared", kib=KIB)
    sha256 = reader.ask("read", device=THIRD, kib=KIB).fields.get("sha256")
    for guest in guests:
        guest.domain.vbds.detach(THIRD)
    return sha256 == pattern_sha256("shared", KIB)


@pytest.mark.timeout(900)
@pytest.mark.requirement("WP-5.5-02", "WP-5.5-03", "WP-5.6-02")
def test_a_disk_is_shared_only_on_purpose(
    journal: Ledger, check: Check, workshop: Workshop
) -> None:
    """Give two guests two parts of a disk, then one's to the other, then one volume to both."""
    workshop.require_memory(2)
    parts = partitions(workshop)
    # Before the guests, so that it is removed after them.
    volume = workshop.volume(volume_group(workshop.host), "shared", SIZE_MIB)
    guests = [
        workshop.guest(f"g{n}", vbds=[by_qemu(workshop, n), Vbd(target=FIRST, source=part)],
                       paused=True)
        for n, part in enumerate(parts)
    ]  # fmt: skip
    workshop.unpause_all(guests)
    journal.progress(0.4, "writing both ends of both partitions")
    with held_against_host():
        wrong = overlap(guests)
    check(
        "WP-5.6-02",
        observed=len(guests) - len({place.split()[0] for place in wrong}),
        expected=len(guests),
        unit="guests",
        detail=f"each on a partition of its own, of {SIZE_MIB} MiB, on one disk"
        + (f"; overwritten: {', '.join(wrong)}" if wrong else ""),
    )
    journal.progress(0.6, "a second writer")
    check_refusals(check, refusals(workshop, guests[1], parts[0]))
    journal.progress(0.8, "a disk for both")
    with held_against_host():
        found = {"dedicated": not wrong, "shared": shared(volume, guests)}
    check(
        "WP-5.5-02",
        observed=" and ".join(word for word in found if found[word]),
        expected="dedicated and shared",
        detail="a partition for each guest alone, and a volume that both call shareable: one"
        " read what the other wrote",
    )


def check_refusals(check: Check, said: tuple[str, str]) -> None:
    """Check that neither xenvm nor Xen's own tool let a second writer through."""
    ours, theirs = said
    check(
        "WP-5.5-03",
        observed="refused" if ours and theirs else "let through",
        expected="refused",
        detail="a second guest that would write to a disk of the first",
        evidence=[
            Evidence(command="domain.vbds.attach", output=ours),
            Evidence(command="xl block-attach GUEST phy:DISK,xvdc,w", output=theirs),
        ],
    )
