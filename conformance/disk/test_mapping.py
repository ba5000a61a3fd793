"""What is behind a guest's disk: section 5.6 of the white paper."""

from __future__ import annotations

import pytest

from xenvm.host import Host
from xenvm.host.probe import ProbeGuest
from xenvm.model.vbd import Vbd
from xenvm.model.verdict import Evidence
from xenvm.qualify.checking import Check, held_against_host
from xenvm.qualify.disks import SIZE_MIB, Backings, verified
from xenvm.qualify.journal import Ledger
from xenvm.qualify.workshop import Workshop

WANTED = ("disk", "partition", "lvm", "file")
MAPPED = ("disk", "partition", "file")
"""What section 5.6 names."""
LOOK_LIKE_DISKS = {"disk": "loop or a disk of the user's", "lvm": "dm"}
"""Kinds of Dom0's devices that are no partitions, and look like disks."""


def is_behind(host: Host, guest: ProbeGuest, vbd: Vbd) -> tuple[bool, str]:
    """Return whether Dom0 serves a VBD from what it was given, by identity; and in words."""
    backend = next(b for b in guest.domain.vbds.backends() if b.target == vbd.target)
    told = host.shell.run("stat -L -c '%%Hr:%%Lr %%n' %s", str(vbd.source)).stdout.strip()
    if vbd.backing == "file":  # its loop device names the file
        given = host.shell.run("readlink -f %s", str(vbd.source)).stdout.strip()
        same = backend.path == given
    else:
        same = backend.number == told.split()[0]
    said = f"{backend.server} from {backend.path} ({backend.number}), cache {backend.cache}"
    return same and backend.device.is_connected, f"{said}; asked for {told}"


@pytest.mark.timeout(600)
@pytest.mark.requirement("WP-5.6-01", "WP-5.6-03", "WP-5.6-04")
def test_each_disk_is_what_it_was_mapped_to(
    journal: Ledger, check: Check, workshop: Workshop, allow_list: frozenset[str]
) -> None:
    """Plug a disk, a partition, a volume and a file into a running guest; look behind each."""
    workshop.require_memory(1)
    guest = workshop.guest("g0")
    guest.wait_until_up()
    backings = Backings(workshop, workshop.host, allow_list)
    good: dict[str, int] = {}
    lines = []
    for number, word in enumerate(WANTED):
        journal.progress(number / len(WANTED), f"a {word} plugged in")
        vbd = backings.vbd(word, f"xvd{'bcde'[number]}")
        with held_against_host():
            guest.domain.vbds.attach(vbd)
            guest.domain.vbds.wait_until_connected(vbd.target)
        same, said = is_behind(workshop.host, guest, vbd)
        carried, hashes = verified(workshop.host, guest, vbd, word)
        if same and carried:
            good[word] = {d.name: d.bytes for d in guest.facts().disks}[vbd.target] >> 20
        lines.append(f"{word} as {vbd.target}: {said}\n{hashes}")
        guest.domain.vbds.detach(vbd.target)
    told = Evidence(command="xenstore-ls /local/domain/0/backend", output="\n".join(lines))
    check_kinds(check, good, told, backings.text)


def check_kinds(check: Check, good: dict[str, int], told: Evidence, text: str) -> None:
    """Check which backings were what they should be; ``good`` has the sizes seen, in MiB."""
    check(
        "WP-5.6-01",
        observed=", ".join(word for word in MAPPED if word in good),
        expected=", ".join(MAPPED),
        unit="kinds of mapping",
        detail=f"each by identity and with bytes both ways; {text}",
        evidence=[told],
    )
    check(
        "WP-5.6-03",
        observed=", ".join(LOOK_LIKE_DISKS[word] for word in LOOK_LIKE_DISKS if word in good),
        expected=", ".join(LOOK_LIKE_DISKS.values()),
        unit="kinds of device",
        evidence=[told],
    )
    check(
        "WP-5.6-04",
        observed=good.get("file", 0),
        expected=SIZE_MIB,
        unit="MiB",
        detail="one file made with truncate is one disk of that size",
        evidence=[told],
    )
