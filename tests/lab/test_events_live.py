"""Events, counters and broken connections on a real Xen."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from xenvm.errors import HostConnectionError
from xenvm.host import Host, connect
from xenvm.host.probe import ProbeGuest, ProbeImage
from xenvm.host.probe.guest import probe_config
from xenvm.lab import Lab
from xenvm.model.events import EventKind, LifecycleEvent
from xenvm.model.statistics import Source, rates
from xenvm.waiting import pause, wait_until

pytestmark = pytest.mark.timeout(1800)

DEADLINE_S = 120.0


@pytest.fixture
def guest(host: Host, image: ProbeImage) -> Iterator[ProbeGuest]:
    started = ProbeGuest.start(host, probe_config("xenvm-live-e0", image))
    started.wait_until_up()
    yield started
    started.remove()


def told(events: list[LifecycleEvent]) -> list[tuple[EventKind, str]]:
    return [(event.kind, event.cause) for event in events]


def test_a_reboot_is_told_as_stop_and_start_and_a_crash_as_a_crash(
    host: Host, guest: ProbeGuest
) -> None:
    domid = guest.domain.domid
    with host.watch.subscribe() as events:
        guest.domain.reboot()
        seen = [events.next(deadline_s=DEADLINE_S) for _ in range(2)]
        assert told(seen) == [(EventKind.STOPPED, "shut-down"), (EventKind.STARTED, "booted")]
        assert guest.domain.domid not in {domid, None}
        guest.domain.destroy()
        assert told([events.next(deadline_s=DEADLINE_S)]) == [(EventKind.STOPPED, "destroyed")]
        assert [*events.until(deadline_s=3)] == []


def test_counters_move_and_give_rates(host: Host, guest: ProbeGuest) -> None:
    guest.ask("spin", cpus=1, seconds=60)
    first = host.watch.sample()
    pause(5)
    second = host.watch.sample()
    (rate,) = [one for one in rates(first, second) if one.uuid == guest.domain.uuid]
    assert rate.cpu_percent > 20
    counted = second.of(guest.domain.uuid)
    assert counted is not None
    assert counted.cpu.source is Source.LIBVIRT
    assert {domain.domid for domain in second.domains} >= {0, guest.domain.domid}


def test_libvirtd_restarts_and_reads_go_on_while_a_change_says_so(
    lab: Lab, image: ProbeImage
) -> None:
    with connect(lab.uri) as host:
        running = ProbeGuest.start(host, probe_config("xenvm-live-e1", image))
        try:
            running.wait_until_up()
            events = host.watch.subscribe()
            host.shell.run("systemctl restart libvirtd", deadline_s=DEADLINE_S)
            with pytest.raises(HostConnectionError, match="any read"):
                running.domain.pause()
            usable = [host.is_usable]
            with pytest.raises(HostConnectionError, match="subscribe again"):
                events.next(deadline_s=DEADLINE_S)
            events.close()
            assert running.domain.domid is not None
            assert [*usable, host.is_usable] == [False, True]
            running.domain.pause()
            assert "--p--" in host.shell.run("xl list %s", running.name).stdout
            running.domain.unpause()
            with host.watch.subscribe() as again:
                running.domain.destroy()
                wait_until(
                    "the end to be told",
                    lambda: again.next(deadline_s=DEADLINE_S).kind is EventKind.STOPPED,
                    deadline_s=DEADLINE_S,
                )
        finally:
            running.remove()


def test_a_read_survives_a_restart_that_nobody_told_it_of(lab: Lab) -> None:
    with connect(lab.uri) as host:
        names = [domain.name for domain in host.list_domains()]
        host.shell.run("systemctl restart libvirtd", deadline_s=DEADLINE_S)
        assert [domain.name for domain in host.list_domains()] == names
        assert [domain.name for domain in host.watch.overview()] == names
