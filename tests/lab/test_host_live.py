"""The library on a real Xen: what it changes, probe guests see from the inside."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from xenvm.errors import (
    AlreadyExistsError,
    InvalidStateError,
    NotFoundError,
    ResourceBusyError,
    ToolstackError,
)
from xenvm.host import Host
from xenvm.host.probe import ProbeGuest, ProbeImage
from xenvm.host.probe.guest import probe_config
from xenvm.model.kinds import DomainState
from xenvm.model.quantities import MacAddress
from xenvm.model.vnif import Vnif

pytestmark = pytest.mark.timeout(1800)  # the first test may have to build the image

BRIDGE = "xenvm-live-b0"
MACS = MacAddress.xen(0xA0001), MacAddress.xen(0xA0002)


@pytest.fixture(scope="module")
def bridge(host: Host) -> Iterator[str]:
    made = host.create_bridge(BRIDGE, address="198.18.0.1/30")
    yield BRIDGE
    made.delete()


@pytest.fixture(scope="module")
def guest(host: Host, image: ProbeImage, bridge: str) -> Iterator[ProbeGuest]:
    vnifs = [Vnif(bridge=bridge, mac=MACS[0])]
    started = ProbeGuest.start(host, probe_config("xenvm-live-g0", image, vnifs=vnifs))
    yield started
    started.remove()


def test_a_guest_boots_and_says_what_it_was_given(guest: ProbeGuest) -> None:
    hello = guest.wait_until_up()
    assert (hello.guest_type, hello.vcpus) == ("PV", 1)
    assert [nic.mac for nic in hello.nics] == [str(MACS[0])]
    assert guest.domain.state in {DomainState.RUNNING, DomainState.BLOCKED}


def test_its_traffic_reaches_dom0_over_the_bridge(guest: ProbeGuest) -> None:
    nic = guest.wait_until_up().nic(str(MACS[0])).name
    reply = guest.ask("ping", targets=f"{nic}=198.18.0.2/30=198.18.0.1")
    assert reply.fields["reached"] == [nic]


def test_a_vnif_is_plugged_into_the_running_guest_and_out_again(
    guest: ProbeGuest, bridge: str
) -> None:
    guest.wait_until_up()
    guest.domain.vnifs.attach(Vnif(bridge=bridge, mac=MACS[1]))
    assert str(MACS[1]) in [nic.mac for nic in guest.facts().nics]
    guest.domain.vnifs.detach(MACS[1])
    assert str(MACS[1]) not in [nic.mac for nic in guest.facts().nics]


def test_starting_a_running_domain_is_refused(guest: ProbeGuest) -> None:
    with pytest.raises(InvalidStateError):
        guest.domain.start()


def test_a_second_domain_of_the_same_name_is_refused(
    host: Host, guest: ProbeGuest, image: ProbeImage
) -> None:
    with pytest.raises(AlreadyExistsError):
        host.define(probe_config(guest.name, image))


def test_a_bridge_with_ports_is_not_deleted(host: Host, guest: ProbeGuest, bridge: str) -> None:
    guest.wait_until_up()
    with pytest.raises(ResourceBusyError, match="vif"):
        host.bridge(bridge).delete()


def test_a_domain_that_is_not_there_is_not_found(host: Host) -> None:
    with pytest.raises(NotFoundError):
        host.domain("xenvm-live-never")


def test_a_failure_of_libxl_carries_the_cause_from_its_log(host: Host, image: ProbeImage) -> None:
    broken = ProbeImage(kernel="/nowhere/kernel", initrd=image.initrd, release=image.release)
    with pytest.raises(ToolstackError, match="kernel"):
        ProbeGuest.start(host, probe_config("xenvm-live-g9", broken))
    with pytest.raises(NotFoundError):
        host.domain("xenvm-live-g9")


def test_a_guest_that_powers_off_is_seen_to_be_off(host: Host, image: ProbeImage) -> None:
    leaving = ProbeGuest.start(host, probe_config("xenvm-live-g1", image))
    try:
        leaving.wait_until_up()
        leaving.ask("poweroff")
        leaving.domain.wait_until_off(deadline_s=60)
        assert leaving.domain.domid is None
    finally:
        leaving.remove()
