"""Disk, partition, logical volume, image file: section 3.4 of the white paper."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from xenvm.host.probe import ProbeGuest
from xenvm.model.profile import Profile
from xenvm.model.vbd import Vbd
from xenvm.model.verdict import Evidence
from xenvm.qualify.checking import Check
from xenvm.qualify.disks import Backings, verified
from xenvm.qualify.journal import Ledger
from xenvm.qualify.workshop import Workshop
from xenvm.spec.limits import words_of

VBDS_PER_GUEST = 2


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
