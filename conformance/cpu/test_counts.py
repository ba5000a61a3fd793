"""The vCPUs that a guest sees, and how finely they are shared out: sections 3.1 and 5.3."""

from __future__ import annotations

import pytest

from xenvm.host.probe import ProbeGuest
from xenvm.host.shell import HostShell
from xenvm.model.inventory import Inventory
from xenvm.model.verdict import Evidence
from xenvm.qualify.checking import Check, held_against_host
from xenvm.qualify.workshop import Workshop

MAX_VCPUS = 2
CAPS = (1, 2, 33, 99, 100, 0)
"""Neighbours at both ends, an odd one between, and no cap; 1 % is the step that is asked for."""
MEMORY_MIB = (95, 94, 96)
"""A guest of 96 MiB, 1 MiB down and up again."""


@pytest.mark.timeout(900)
@pytest.mark.requirement("WP-5.3-01")
def test_a_guest_sees_its_vcpus(check: Check, workshop: Workshop) -> None:
    """Give guests of 1 and 2 vCPUs, plug one in and out; each sees exactly what it has."""
    guest = workshop.guest("v", vcpus=1, max_vcpus=MAX_VCPUS)
    seen, evidence = [], []
    for count in (1, 2, 1):
        if guest.hello:
            with held_against_host():
                guest.domain.vcpus.plug(count)
        guest.wait_until_up()
        said = workshop.host.shell.run("xl vcpu-list %s", guest.name).stdout
        by_xen = sum(place.pcpu is not None for place in guest.domain.vcpus.places())
        inside = guest.facts()
        seen.append((count, inside.vcpus, by_xen, guest.domain.config().vcpus))
        evidence.append(Evidence(command="xl vcpu-list", output=said))
    wrong = [row for row in seen if len(set(row)) > 1]
    check(
        observed=len(wrong),
        expected=0,
        unit="counts that differ",
        detail=f"asked, inside, by Xen, by libvirt: {seen}",
        evidence=evidence,
    )


def xen_cap(shell: HostShell, scheduler: str, guest: ProbeGuest) -> tuple[int, Evidence]:
    command = f"xl sched-{scheduler} -d {guest.name}"
    said = shell.run(command).stdout
    return int(said.split()[-1]), Evidence(command=command, output=said)


def xen_memory_mib(shell: HostShell, guest: ProbeGuest) -> tuple[float, Evidence]:
    command = f"xenstore-read /local/domain/{guest.domain.domid}/memory/target"
    said = shell.run(command).stdout
    return int(said) / 1024, Evidence(command=command, output=said)


@pytest.mark.timeout(900)
@pytest.mark.requirement("WP-3.1-02")
def test_shares_are_fine_grained(inventory: Inventory, check: Check, workshop: Workshop) -> None:
    """Set caps 1 % and memory 1 MiB apart; Xen has exactly what was asked."""
    shell, scheduler = workshop.host.shell, inventory.hypervisor.scheduler or "credit2"
    guest = workshop.guest("s")
    guest.wait_until_up()
    wrong, evidence = [], []
    for cap in CAPS:
        with held_against_host():
            guest.domain.vcpus.set_cap(cap)
        has, proof = xen_cap(shell, scheduler, guest)
        wrong += [f"cap {cap} became {has}"] if has != cap else []
        evidence.append(proof)
    for mib in MEMORY_MIB:
        with held_against_host():
            guest.domain.memory.set(mib * 1024)
        target_mib, proof = xen_memory_mib(shell, guest)
        off_mib = abs(guest.domain.memory.now_kib / 1024 - mib)
        if target_mib != mib or off_mib >= 1:
            wrong.append(f"{mib} MiB became {target_mib} MiB, {off_mib} MiB off")
        evidence.append(proof)
    check(
        observed=len(wrong),
        expected=0,
        unit="values read back otherwise",
        detail="; ".join(wrong) or f"caps {CAPS} % and memory {MEMORY_MIB} MiB, read back by xl",
        evidence=evidence,
    )
