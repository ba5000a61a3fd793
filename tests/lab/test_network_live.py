"""VNIFs, bridges and uplinks on a real Xen: a probe guest tells what passes."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from xenvm.bench.fingerprint import gather_fingerprint
from xenvm.errors import CommandError, NotSupportedError, ResourceBusyError, SpecError
from xenvm.host import Host
from xenvm.host.probe import ProbeGuest, ProbeImage
from xenvm.host.probe.guest import probe_config
from xenvm.model.inventory import InterfaceKind
from xenvm.model.quantities import MacAddress
from xenvm.model.uplink import Uplink
from xenvm.model.vnif import Vnif
from xenvm.qualify.limits import nic_towards
from xenvm.waiting import pause

pytestmark = [pytest.mark.timeout(1800), pytest.mark.thorough]

BRIDGE = "xvl0"
SPARE = "eth1"
ADDRESS, PEER = "198.18.0.2/30", "198.18.0.1"
RATE_KIB_PER_S = 64
FLOOD_S = 4.0


@pytest.fixture(scope="module")
def bridge(host: Host) -> Iterator[str]:
    uplink = Uplink(nics=(SPARE,), bond="xvlbond", vlan=7)
    made = host.create_bridge(
        BRIDGE, address=f"{PEER}/30", mtu_bytes=1400, vlan_filtering=True, uplink=uplink
    )
    yield BRIDGE
    made.remove_uplink(uplink)
    made.delete()
    assert SPARE in host.devices.bridge_tree().spare_nics
    assert "xvlbond" not in host.shell.run("ls /sys/class/net").stdout


@pytest.fixture(scope="module")
def mac(host: Host) -> MacAddress:
    first, second = host.devices.allocate_macs(2, seed="live")
    assert host.devices.allocate_macs(1, seed="live") == (first,)
    return second


@pytest.fixture(scope="module")
def guest(host: Host, image: ProbeImage, bridge: str, mac: MacAddress) -> Iterator[ProbeGuest]:
    started = ProbeGuest.start(host, probe_config("xenvm-live-n0", image))
    started.wait_until_up()
    started.domain.vnifs.attach(Vnif(bridge=bridge, mac=mac))
    started.domain.vnifs.wait_until_connected(mac)
    started.hello = started.facts()
    yield started
    started.domain.vnifs.detach(mac)
    assert started.facts().nics == ()
    started.remove()


def reaches(guest: ProbeGuest, mac: MacAddress) -> bool:
    nic = guest.facts().nic(str(mac)).name
    reply = guest.ask("ping", targets=f"{nic}={ADDRESS}={PEER}", tries=2)
    return reply.fields["reached"] == [nic]


def sent_per_s(host: Host, guest: ProbeGuest, mac: MacAddress) -> float:
    """Return how many bytes a second come out of a guest that floods."""
    nic = guest.facts().nic(str(mac)).name
    guest.ask("packet_flood", nic=nic, address=ADDRESS, peer=PEER, seconds=60)
    counter = f"cat /sys/class/net/{guest.domain.vnifs.link(mac)}/statistics/rx_bytes"
    pause(1.0)
    before, since_s = int(host.shell.run(counter).stdout), time.monotonic()
    pause(FLOOD_S)
    after, until_s = int(host.shell.run(counter).stdout), time.monotonic()
    guest.ask("rest")
    return (after - before) / (until_s - since_s)


def test_an_uplink_that_fails_half_way_is_undone(host: Host) -> None:
    with pytest.raises(ResourceBusyError, match="eth0"):
        host.create_bridge("xvl1", uplink=Uplink(nics=("eth0",)))
    host.shell.run("ip link add name xvlbond.9 type bridge")
    try:
        with pytest.raises(CommandError, match="File exists"):
            host.create_bridge("xvl1", uplink=Uplink(nics=(SPARE,), bond="xvlbond", vlan=9))
    finally:
        host.shell.run("ip link delete xvlbond.9")
    links = host.shell.run("ip -oneline link show").stdout
    assert "xvl1" not in links
    assert "xvlbond" not in links
    assert SPARE in host.devices.bridge_tree().spare_nics


def test_a_hot_plugged_vnif_passes_packets_and_is_taken(
    host: Host, guest: ProbeGuest, mac: MacAddress
) -> None:
    assert guest.domain.vnifs.ends(mac).is_connected
    assert reaches(guest, mac)
    assert mac in host.devices.macs_in_use()
    assert mac not in host.devices.allocate_macs(2, seed="live")


def test_the_tree_tells_which_nic_the_guest_hangs_on(host: Host, guest: ProbeGuest) -> None:
    tree = host.devices.bridge_tree()
    assert tree.nics_of(guest.name) == {SPARE}
    node = next(node for node in tree.bridges if node.state.name == BRIDGE)
    assert (node.state.mtu_bytes, node.state.vlan_filtering) == (1400, True)
    (uplink,) = node.uplinks
    assert (uplink.name, uplink.kind) == ("xvlbond.7", InterfaceKind.VLAN)
    assert uplink.lowers[0].kind is InterfaceKind.BOND
    assert [vnif.domain for vnif in node.vnifs] == [guest.name]


def test_a_limited_guest_sends_no_more_than_its_rate(
    host: Host, guest: ProbeGuest, mac: MacAddress
) -> None:
    free = sent_per_s(host, guest, mac)
    guest.domain.vnifs.set_rate(mac, RATE_KIB_PER_S)
    limited = sent_per_s(host, guest, mac)
    guest.domain.vnifs.set_rate(mac, None)
    assert limited < RATE_KIB_PER_S * 1024 * 1.1 < free
    with pytest.raises(SpecError):
        guest.domain.vnifs.set_rate(mac, 0)


def test_nothing_passes_while_the_cable_is_out(guest: ProbeGuest, mac: MacAddress) -> None:
    guest.domain.vnifs.set_link(mac, up=False)
    assert not reaches(guest, mac)
    guest.domain.vnifs.set_link(mac, up=True)
    assert reaches(guest, mac)


def test_a_guest_on_another_vlan_does_not_reach_dom0(guest: ProbeGuest, mac: MacAddress) -> None:
    guest.domain.vnifs.set_vlan(mac, 12)
    assert not reaches(guest, mac)
    guest.domain.vnifs.set_vlan(mac, 1)
    assert reaches(guest, mac)


def test_a_bridge_is_changed_while_it_works(host: Host, guest: ProbeGuest, bridge: str) -> None:
    host.bridge(bridge).set_stp(on=True)
    assert host.bridge(bridge).state.stp
    host.bridge(bridge).set_stp(on=False)
    host.bridge(bridge).set_mtu(1500)
    assert not host.bridge(bridge).state.stp
    assert host.bridge(bridge).state.mtu_bytes == 1500
    with pytest.raises(ResourceBusyError, match=SPARE):
        host.bridge(bridge).add_uplink(Uplink(nics=(SPARE,)))
    assert guest.domain.is_active


def test_a_bridge_without_filtering_knows_no_vlans(host: Host, guest: ProbeGuest) -> None:
    (other,) = host.devices.allocate_macs()
    guest.domain.vnifs.attach(Vnif(bridge="xenbr0", mac=other))
    with pytest.raises(NotSupportedError, match="VLAN"):
        guest.domain.vnifs.set_vlan(other, 12)
    guest.domain.vnifs.detach(other)


@pytest.mark.usefixtures("guest")
def test_the_nic_that_leads_somewhere_is_the_bridges_uplink_and_known_by_its_card(
    host: Host,
) -> None:
    """Not the guest's, which hangs on the same bridge."""
    towards = nic_towards(host.shell, ADDRESS.partition("/")[0])
    assert towards == "xvlbond.7"
    cards = [gather_fingerprint(host.shell, nic=name).nic for name in (towards, SPARE)]
    assert cards[0] == cards[1] != ""
