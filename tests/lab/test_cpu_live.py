"""vCPUs, weights, caps and pins on a real Xen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from xenvm.errors import ReallocationError, SpecError, WaitTimeoutError
from xenvm.formats import parse_domain_xml
from xenvm.host import Host
from xenvm.host.domain_vcpus import DomainVcpus
from xenvm.host.probe import ProbeGuest, ProbeImage
from xenvm.host.probe.guest import probe_config
from xenvm.host.reallocation import reallocate, share_of
from xenvm.lab import Lab
from xenvm.model.allocation import Allocation
from xenvm.model.quantities import CpuSet
from xenvm.qualify.cpu_time import cpu_use
from xenvm.qualify.journal import Journal, Ledger
from xenvm.qualify.workshop import Workshop

from .conftest import Command

pytestmark = [pytest.mark.timeout(1800), pytest.mark.thorough]

WINDOW_S = 15.0


@pytest.fixture(scope="module")
def guests(host: Host, image: ProbeImage) -> Iterator[tuple[ProbeGuest, ProbeGuest]]:
    """Two guests that spin: the online one and the batch one."""
    made = []
    try:
        for name in ("online", "batch"):
            config = probe_config(
                f"live-{name}", image, vcpus=1, max_vcpus=2, max_memory_mib=112, memory_mib=96
            )
            made.append(ProbeGuest.start(host, config))
        for guest in made:
            guest.wait_until_up()
            guest.ask("spin", cpus=1, seconds=3600)
        yield made[0], made[1]
    finally:
        for guest in made:
            guest.remove()


@pytest.fixture
def guest(guests: tuple[ProbeGuest, ProbeGuest]) -> Iterator[ProbeGuest]:
    """The online one; afterwards as it was."""
    yield guests[0]
    vcpus = guests[0].domain.vcpus
    vcpus.set_cap(0)
    vcpus.set_weight(256)
    vcpus.plug(1)


def test_a_vcpu_is_plugged_in_and_out_and_the_guest_counts_it(guest: ProbeGuest) -> None:
    for count in (2, 1):
        guest.domain.vcpus.plug(count)
        assert guest.facts().vcpus == guest.domain.vcpus.counts.now == count
        assert sum(place.pcpu is not None for place in guest.domain.vcpus.places()) == count
    assert guest.domain.config().vcpus == 1


def test_a_guest_that_does_not_follow_is_a_timeout_and_asked_for_what_it_had(
    guest: ProbeGuest,
) -> None:
    guest.domain.pause()
    try:
        with pytest.raises(WaitTimeoutError, match="2 vCPUs online, from 1"):
            guest.domain.vcpus.plug(2, deadline_s=2)
    finally:
        guest.domain.unpause()
    assert guest.facts().vcpus == 1


def test_weight_and_cap_are_in_xen_and_outlive_a_start_behind_our_back(
    host: Host, image: ProbeImage
) -> None:
    name = "live-keeps"
    guest = ProbeGuest.start(host, probe_config(name, image), paused=True)
    try:
        domain = guest.domain
        domain.vcpus.set_weight(700)
        domain.vcpus.set_cap(33)
        assert host.shell.run(f"xl sched-credit2 -d {name}").stdout.split()[-2:] == ["700", "33"]
        host.shell.run(
            f"virsh -q -c xen:///system destroy {name} && virsh -q -c xen:///system start {name}",
            deadline_s=120,
        )
        found = domain.vcpus.scheduling
        assert (found.weight, found.cap_percent, found.kept_cap_percent) == (700, 0, 33)
        assert found.has_lost_cap
        assert domain.vcpus.put_back_cap() == 33
        domain.destroy()
        domain.start()
        assert not domain.vcpus.scheduling.has_lost_cap
        assert domain.vcpus.scheduling.cap_percent == 33
    finally:
        guest.remove()


def test_cpu_time_is_what_the_cap_says_and_without_one_it_is_not(guest: ProbeGuest) -> None:
    guest.domain.vcpus.set_cap(30)
    (capped,) = cpu_use([guest.domain], window_s=WINDOW_S).percents
    guest.domain.vcpus.set_cap(0)
    (free,) = cpu_use([guest.domain], window_s=WINDOW_S / 2).percents
    assert abs(capped - 30) <= 3
    assert free > 33


def test_a_pin_is_read_back_from_xen_and_a_wrong_one_refused(host: Host, guest: ProbeGuest) -> None:
    vcpus = guest.domain.vcpus
    vcpus.pin(0, CpuSet.of([1]))
    assert [str(place.cpus) for place in vcpus.places()][:1] == ["1"]
    said = host.shell.run(f"virsh -c xen:///system dumpxml --inactive {guest.name}").stdout
    assert [str(pin.cpus) for pin in parse_domain_xml(said).pins] == ["1"]
    vcpus.pin(0, CpuSet.of([0, 1]))
    with pytest.raises(SpecError, match="pCPUs 0 to 1"):
        vcpus.pin(0, CpuSet.of([2]))


def test_a_claimed_pcpu_excludes_dom0_and_everybody_until_it_is_released(
    guests: tuple[ProbeGuest, ProbeGuest], guest: ProbeGuest
) -> None:
    vcpus = guest.domain.vcpus
    claimed = vcpus.claim(0, 1)
    try:
        assert claimed.holds
        assert {"Domain-0", guests[1].name} <= {place.domain for place in claimed.excluded}
        assert vcpus.places()[0].pcpu == 1
        guests[1].domain.vcpus.pin(0, CpuSet.of([0, 1]))
        broken = vcpus.claimed(claimed)
        assert [place.domain for place in broken.sharing] == [guests[1].name]
        assert not broken.holds
    finally:
        vcpus.release(claimed)
    assert vcpus.claimed(claimed).sharing


def test_one_that_may_run_nowhere_else_is_named(
    guests: tuple[ProbeGuest, ProbeGuest], guest: ProbeGuest
) -> None:
    guests[1].domain.vcpus.pin(0, CpuSet.of([1]))
    claimed = guest.domain.vcpus.claim(0, 1)
    try:
        assert [(p.domain, p.number) for p in claimed.sharing] == [(guests[1].name, 0)]
    finally:
        guest.domain.vcpus.release(claimed)
        guests[1].domain.vcpus.pin(0, CpuSet.of([0, 1]))


def test_a_restore_gives_back_what_a_killed_run_had_claimed(
    lab: Lab, host: Host, image: ProbeImage, tmp_path: Path, xenvm: Command
) -> None:
    def pins() -> list[str]:
        said = host.shell.run("xl vcpu-list | awk '!/kx7q/ {print $1, $3, $(NF - 2)}'").stdout
        return said.splitlines()

    before = pins()
    with closing(Journal(tmp_path / "journal.jsonl")) as journal:
        shop = Workshop(host, Ledger(journal, "kx7q"), image)
        killed = shop.guest("o")
        killed.wait_until_up()
        shop.claim(killed, 0, 1)
    killed.close_console()
    assert pins() != before
    done = xenvm("restore", f"lab:{lab.name}")
    assert done.returncode == 0, done.stderr
    assert pins() == before
    assert killed.name not in [domain.name for domain in host.list_domains()]


def test_a_reallocation_that_fails_is_undone(host: Host, guest: ProbeGuest) -> None:
    before = share_of(guest.domain)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DomainVcpus, "set_weight", _refuse)
        with pytest.raises(ReallocationError, match="weight"):
            reallocate(host, {guest.name: Allocation(cap_percent=40, weight=300)})
    assert share_of(guest.domain) == before


def _refuse(_vcpus: DomainVcpus, _weight: int) -> None:
    raise SpecError("no weight today")


DAY_AND_NIGHT = """
[day]
start = "08:00"
[day.domains.live-online]
weight = 768
memory_mib = 104
[day.domains.live-batch]
weight = 256
memory_mib = 96

[night]
start = "20:00"
[night.domains.live-online]
weight = 256
memory_mib = 96
[night.domains.live-batch]
weight = 768
memory_mib = 104
"""


def test_by_day_the_online_guest_gets_the_time_and_by_night_the_batch_guest(
    lab: Lab, guests: tuple[ProbeGuest, ProbeGuest], xenvm: Command, tmp_path: Path
) -> None:
    file = tmp_path / "day-and-night.toml"
    file.write_text(DAY_AND_NIGHT)
    here = f"lab:{lab.name}"
    assert xenvm("schedule", "check", str(file), here).returncode == 0
    for guest in guests:
        guest.domain.vcpus.pin(0, CpuSet.of([1]))
    domains = [guest.domain for guest in guests]
    for clock, favoured in (("12:00", 0), ("23:00", 1)):
        done = xenvm("schedule", "apply", str(file), here, "--at", clock)
        assert done.returncode == 0, done.stderr
        use = cpu_use(domains, window_s=2 * WINDOW_S)
        more, less = use.percents[favoured], use.percents[1 - favoured]
        print(f"{clock}\n{done.stdout}{use.text}")  # noqa: T201 - shown with pytest -s
        assert abs(more / less / 3 - 1) <= 0.1
        assert domains[favoured].memory.now_kib // 1024 >= 103
