"""Memory is handed out once: section 5.4."""

from __future__ import annotations

import pytest

from xenvm.errors import BlockedError, OvercommitError
from xenvm.formats.dom0_xl import Listed, parse_info, parse_list
from xenvm.host import Host
from xenvm.host.free_memory import dom0_yields_kib
from xenvm.host.probe import ProbeGuest
from xenvm.host.probe.guest import probe_config
from xenvm.model.verdict import Evidence
from xenvm.qualify.checking import Check
from xenvm.qualify.workshop import Workshop
from xenvm.waiting import Deadline

TOO_MUCH_MIB = 64
START_DEADLINE_S = 240.0
LISTEN_S = 10.0
NO_SUCH_COMMAND = 127


def listed(host: Host) -> tuple[tuple[Listed, ...], Evidence]:
    said = host.shell.run("xl list").stdout
    rows = parse_list(said)
    if rows is None:
        raise BlockedError("xl list does not name Dom0")
    return rows, Evidence(command="xl list", output=said)


def memory_of(rows: tuple[Listed, ...]) -> dict[str, int]:
    return {row.name: row.memory_mib for row in rows}


def start_by_virsh(host: Host, name: str) -> tuple[bool, Evidence]:
    """Start a domain past our own check, as anybody can.

    Returns:
        Whether Xen took it, which it should not; and what was said.

    Raises:
        BlockedError: Dom0 has no virsh.
    """
    command = f"virsh -c xen:///system start {name}"
    done = host.shell.run(command, deadline_s=START_DEADLINE_S, check=False)
    if done.returncode == NO_SUCH_COMMAND:
        raise BlockedError("Dom0 has no virsh: apt-get install libvirt-clients there")
    log = host.shell.run("tail -n 20 /var/log/libvirt/libxl/libxl-driver.log", check=False).stdout
    said = f"status {done.returncode}\n{done.stdout}{done.stderr}\n{log}"
    return done.returncode == 0, Evidence(command=f"{command}; libxl's log", output=said)


def beats_on(guest: ProbeGuest) -> bool:
    guest.listen()
    heard = len(guest.beats)
    deadline = Deadline(LISTEN_S)
    while len(guest.beats) == heard and not deadline.passed:
        guest.listen(deadline_s=0.5)
    return len(guest.beats) > heard


@pytest.mark.timeout(900)
@pytest.mark.requirement("WP-5.4-01")
def test_memory_is_partitioned(check: Check, workshop: Workshop) -> None:
    """Add up what all have; then ask for more than is free: nobody gets it, and nobody loses."""
    host = workshop.host
    if dom0_yields_kib(host.shell):
        raise BlockedError(
            "libvirt shrinks Dom0 to make room for guests: set autoballoon=0 in"
            " /etc/libvirt/libxl.conf, or dom0_mem= for Xen"
        )
    guest = workshop.guest("p")
    boot_id = guest.wait_until_up().boot_id
    before, listing = listed(host)
    info = host.shell.run("xl info").stdout
    free_mib, total_mib = (int(parse_info(info)[key]) for key in ("free_memory", "total_memory"))
    handed_out_mib = sum(memory_of(before).values()) + free_mib
    config = probe_config(workshop.name("big"), workshop.image, memory_mib=free_mib + TOO_MUCH_MIB)
    domain = workshop.definition(config)
    with pytest.raises(OvercommitError) as refused:
        domain.start()
    taken, by_xen = start_by_virsh(host, config.name)
    taken = taken or domain.is_active
    after, listing_after = listed(host)
    untouched = memory_of(before) == memory_of(after) and beats_on(guest)
    good = handed_out_mib <= total_mib and not taken and untouched
    check(
        observed=handed_out_mib,
        expected=total_mib,
        passed=good and guest.facts().boot_id == boot_id,
        unit="MiB",
        detail=f"domains and free memory together; {refused.value}; past that check Xen"
        f" {'took it' if taken else 'refused it'}, others"
        f" {'kept' if untouched else 'lost'} theirs",
        evidence=[listing, Evidence(command="xl info", output=info), by_xen, listing_after],
    )
