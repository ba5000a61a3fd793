"""Memory on a real Xen: ballooning, Dom0's own, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from xenvm.errors import OvercommitError, SpecError, WaitTimeoutError
from xenvm.formats.dom0_xl import parse_info
from xenvm.host import Host
from xenvm.host.domain_memory import TOLERANCE_KIB
from xenvm.host.probe import ProbeGuest, ProbeImage
from xenvm.host.probe.guest import probe_config

pytestmark = [pytest.mark.timeout(1800), pytest.mark.thorough]

MIB_KIB = 1024


@pytest.fixture(scope="module")
def guest(host: Host, image: ProbeImage) -> Iterator[ProbeGuest]:
    config = probe_config("xenvm-live-m", image, memory_mib=96, max_memory_mib=128)
    started = ProbeGuest.start(host, config)
    started.wait_until_up()
    yield started
    started.remove()


def test_a_running_guest_grows_and_shrinks_and_says_so(guest: ProbeGuest) -> None:
    had_kib = guest.facts().memory_kib
    for mib in (128, 96):
        guest.domain.memory.set(mib * MIB_KIB)
        assert abs(guest.domain.memory.now_kib - mib * MIB_KIB) < TOLERANCE_KIB
        inside_kib = guest.facts().memory_kib - had_kib
        assert abs(inside_kib - (mib - 96) * MIB_KIB) < TOLERANCE_KIB


def test_more_than_it_may_have_is_refused(guest: ProbeGuest) -> None:
    with pytest.raises(SpecError, match="1 to 131072 KiB"):
        guest.domain.memory.set(129 * MIB_KIB)


def test_a_guest_that_does_not_follow_is_a_timeout_and_keeps_what_it_had(
    host: Host, guest: ProbeGuest
) -> None:
    guest.domain.pause()
    try:
        with pytest.raises(WaitTimeoutError, match="KiB, from"):
            guest.domain.memory.set(120 * MIB_KIB, deadline_s=2)
    finally:
        guest.domain.unpause()
    path = f"/local/domain/{guest.domain.domid}/memory/target"
    assert abs(int(host.shell.run("xenstore-read %s", path).stdout) - 96 * MIB_KIB) < TOLERANCE_KIB


def test_dom0_gives_memory_and_takes_it_back(host: Host) -> None:
    dom0 = host.domain("Domain-0")
    had_kib, free_kib = dom0.memory.now_kib, host.free_memory_kib
    dom0.memory.set(had_kib - 32 * MIB_KIB)
    try:
        assert host.free_memory_kib - free_kib > 30 * MIB_KIB
    finally:
        dom0.memory.set(had_kib)
    assert abs(dom0.memory.now_kib - had_kib) < TOLERANCE_KIB


def test_free_memory_is_what_xl_says_and_the_nodes_add_up(host: Host) -> None:
    info = parse_info(host.shell.run("xl info").stdout)
    assert abs(host.free_memory_kib // 1024 - int(info["free_memory"])) <= 4
    assert abs(sum(host.capacity.free_memory_by_node_kib) - host.free_memory_kib) <= 4 * MIB_KIB


def test_a_guest_that_needs_more_than_is_free_is_refused_with_the_numbers(
    host: Host, image: ProbeImage, guest: ProbeGuest
) -> None:
    free_mib = host.free_memory_kib // MIB_KIB
    domain = host.define(probe_config("xenvm-live-big", image, memory_mib=free_mib + 64))
    try:
        with pytest.raises(OvercommitError) as caught:
            domain.start()
        assert caught.value.needed_kib == (free_mib + 64) * MIB_KIB
        assert caught.value.needed_kib - caught.value.free_kib > 60 * MIB_KIB
        assert not domain.is_active
    finally:
        domain.undefine()
    assert guest.facts().boot_id
