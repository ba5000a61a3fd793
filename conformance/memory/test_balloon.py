"""Dom0 says how much memory a guest has: section 5.4."""

from __future__ import annotations

import pytest

from xenvm.host.domain_memory import TOLERANCE_KIB
from xenvm.host.probe import ProbeGuest
from xenvm.model.verdict import Evidence
from xenvm.qualify.checking import Check, held_against_host
from xenvm.qualify.workshop import Workshop
from xenvm.waiting import wait_until

START_MIB, MAX_MIB = 96, 128
SIZES_MIB = (128, 104, 96)
SEEN_DEADLINE_S = 30.0


def followed(guest: ProbeGuest, wanted_kib: int) -> int:
    """Return the guest's MemTotal, once it is what it should be."""

    def seen_kib() -> int | None:
        has_kib = guest.facts().memory_kib
        return has_kib if abs(has_kib - wanted_kib) < TOLERANCE_KIB else None

    return wait_until(f"the guest to see {wanted_kib} KiB", seen_kib, deadline_s=SEEN_DEADLINE_S)


@pytest.mark.timeout(900)
@pytest.mark.requirement("WP-5.4-03")
def test_dom0_sets_a_guests_memory(check: Check, workshop: Workshop) -> None:
    """Grow and shrink a running guest; it, Xen and xenstore agree on what it has."""
    guest = workshop.guest("m", memory_mib=START_MIB, max_memory_mib=MAX_MIB)
    start_kib = guest.wait_until_up().memory_kib
    worst_kib, lines = 0, []
    for mib in SIZES_MIB:
        wanted_kib = start_kib + (mib - START_MIB) * 1024
        with held_against_host():
            guest.domain.memory.set(mib * 1024)
            inside_kib = followed(guest, wanted_kib)
        path = f"/local/domain/{guest.domain.domid}/memory/target"
        target_kib = int(workshop.host.shell.run("xenstore-read %s", path).stdout)
        xen_kib = guest.domain.memory.now_kib
        off = (xen_kib - mib * 1024, target_kib - mib * 1024, inside_kib - wanted_kib)
        worst_kib = max(worst_kib, *map(abs, off))
        lines.append(
            f"{mib} MiB: Xen {xen_kib} KiB, memory/target {target_kib} KiB,"
            f" MemTotal {inside_kib} KiB, at first {start_kib} KiB"
        )
    check(
        observed=worst_kib,
        expected=TOLERANCE_KIB,
        passed=worst_kib < TOLERANCE_KIB,
        unit="KiB off",
        detail="the most that Xen, xenstore or the guest's MemTotal was off what was set",
        evidence=[
            Evidence(command="libvirt, xenstore-read, the probe's facts", output="\n".join(lines))
        ],
    )
