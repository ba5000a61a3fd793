"""Who pages to disk: the guest if it wants, the host never; section 5.4."""

from __future__ import annotations

import pytest

from xenvm.host.shell import HostShell
from xenvm.model.kinds import DiskBacking
from xenvm.model.vbd import Vbd
from xenvm.model.verdict import Evidence
from xenvm.qualify.checking import Check
from xenvm.qualify.workshop import Workshop

PAGERS = "pgrep -ax xenpaging || [ $? = 1 ]"
"""Where nothing matches, pgrep ends with 1; where it cannot tell, with another status."""
SWAPPED_OUT = "grep -E '^pswpout ' /proc/vmstat"
GUESTS = 2
LEFT_KIB = 8 * 1024
"""Of a guest's available memory, when the rest is eaten: the kernel's own reserves are in it."""
SWAP_MIB, SWAP_TOUCHED_KIB = 128, 112 * 1024
"""More than the guest of 96 MiB has."""
DEADLINE_S = 240.0


def swapped_out(shell: HostShell) -> int:
    return int(shell.run(SWAPPED_OUT).stdout.split()[-1])


@pytest.mark.timeout(900)
@pytest.mark.requirement("WP-5.4-05")
def test_the_host_never_pages_a_guest_out(check: Check, workshop: Workshop) -> None:
    """Let guests fill their memory: none of it goes to Dom0's disks, and none is taken away."""
    workshop.require_memory(GUESTS)
    shell = workshop.host.shell
    guests = [workshop.guest(f"f{number}") for number in range(GUESTS)]
    had_kib = []
    for guest in guests:
        guest.wait_until_up()
        had_kib.append(guest.domain.memory.now_kib)
    before = swapped_out(shell)
    for guest in guests:
        eaten_kib = guest.facts().available_kib - LEFT_KIB
        guest.ask("eat_memory", kib=eaten_kib // 4 * 4, deadline_s=DEADLINE_S)
    pagers = shell.run(PAGERS).stdout
    pages = swapped_out(shell) - before
    kept = [guest.domain.memory.now_kib for guest in guests] == had_kib
    check(
        observed=pages,
        expected=0,
        passed=pages == 0 and not pagers.strip() and kept,
        unit="pages swapped out by Dom0",
        detail=f"while {GUESTS} guests filled their memory; xenpaging runs:"
        f" {'yes' if pagers.strip() else 'no'}; they kept theirs: {'yes' if kept else 'no'}",
        evidence=[
            Evidence(command=SWAPPED_OUT, output=shell.run(SWAPPED_OUT).stdout),
            Evidence(command=PAGERS, output=pagers),
            Evidence(command="xl list", output=shell.run("xl list").stdout),
        ],
    )


@pytest.mark.timeout(900)
@pytest.mark.requirement("WP-5.4-06")
def test_a_guest_pages_to_its_own_disk(check: Check, workshop: Workshop) -> None:
    """Let a guest touch more memory than it has: its own kernel swaps to its VBD."""
    source = workshop.image_file("swap.img", SWAP_MIB)
    vbd = Vbd(target="xvda", source=source, backing=DiskBacking.FILE)
    guest = workshop.guest("w", vbds=[vbd])
    guest.wait_until_up()
    before = swapped_out(workshop.host.shell)
    reply = guest.ask("swap", device="xvda", kib=SWAP_TOUCHED_KIB, deadline_s=DEADLINE_S)
    pages = int(reply.number("pswpout_pages"))
    by_dom0 = swapped_out(workshop.host.shell) - before
    check(
        observed=pages,
        expected="more than 0",
        passed=pages > 0 and by_dom0 == 0,
        unit="pages swapped out by the guest",
        detail=f"to its own VBD, {source}; Dom0 swapped {by_dom0} pages meanwhile",
        evidence=[Evidence(command="the probe's swap", output=str(dict(reply.fields)))],
    )
