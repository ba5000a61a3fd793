"""Networks and host interfaces: read, edited, written, and taken by libvirt."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from decimal import Decimal

import libvirt
import pytest

from xenvm import formats
from xenvm.errors import ParseError, SpecError
from xenvm.model.interface import (
    BondMiimon,
    BondMode,
    BridgePort,
    InterfaceAddress,
    InterfaceBond,
    InterfaceBridge,
    InterfaceConfig,
    InterfaceDhcp,
    InterfaceKind,
    InterfaceLink,
    InterfaceProtocol,
    InterfaceVlan,
    StartMode,
)
from xenvm.model.network import (
    ForwardInterface,
    ForwardMode,
    ForwardNat,
    NetworkConfig,
    NetworkForward,
    PortGroup,
)
from xenvm.model.network_services import (
    DhcpHost,
    DhcpRange,
    DnsForwarder,
    DnsHost,
    DnsService,
    DnsText,
    NetworkIp,
    NetworkRoute,
)
from xenvm.model.quantities import MacAddress, PciAddress
from xenvm.model.switch_port import NativeMode, PortVlans, VirtualPort, VirtualPortKind, VlanTag
from xenvm.model.vnif import Bandwidth

TOMORROW = '    <tomorrow><knob turn="left"/></tomorrow>\n'

OVS = f"""\
<!-- rack 7 -->
<network xmlns:dnsmasq="http://libvirt.org/schemas/network/dnsmasq/1.0">
  <name>rack7</name>
  <forward mode="bridge"/>
  <bridge name="ovsbr0"/>
  <virtualport type="openvswitch"/>
  <vlan trunk="yes">
    <tag id="42" nativeMode="untagged"/> <!-- the office -->
    <tag id="47"/>
  </vlan>
  <portgroup name="web" default="yes">
    <bandwidth>
      <inbound average="1000" peak="5000" burst="5120"/>
    </bandwidth>
{TOMORROW}  </portgroup>
  <dnsmasq:options>
    <dnsmasq:option value="no-hosts"/>
  </dnsmasq:options>
</network>"""

NAT = NetworkConfig(
    name="guests",
    bridge="virbr9",
    bridge_stp=True,
    bridge_delay_s=0,
    mtu_bytes=1500,
    mac=MacAddress("52:54:00:00:00:09"),
    domain="example.org",
    domain_is_local=True,
    forward=NetworkForward(mode=ForwardMode.NAT, nat=ForwardNat(port_start=1024, port_end=65535)),
    dns_forwarders=(DnsForwarder(address="192.0.2.53"),),
    dns_texts=(DnsText(name="rack", value="7"),),
    dns_services=(DnsService(service="ldap", protocol="tcp", target="a.example.org", port=389),),
    dns_hosts=(DnsHost(ip="192.0.2.5", names=("a", "b")),),
    inbound=Bandwidth(average_kib_per_s=1000),
    ips=(
        NetworkIp(
            address="192.0.2.1",
            prefix=24,
            tftp_root="/srv/tftp",
            dhcp_ranges=(DhcpRange(start="192.0.2.10", end="192.0.2.99", lease_s=7200),),
            dhcp_hosts=(
                DhcpHost(mac=MacAddress("00:16:3e:00:00:01"), name="web", ip="192.0.2.10"),
            ),
            boot_file="pxelinux.0",
        ),
    ),
    routes=(NetworkRoute(address="198.51.100.0", prefix=24, gateway="192.0.2.2", metric=2),),
)

BRIDGE = InterfaceConfig(
    kind=InterfaceKind.BRIDGE,
    name="xenbr0",
    start_mode=StartMode.ONBOOT,
    mtu_bytes=1500,
    protocols=(
        InterfaceProtocol(family="ipv4", dhcp=InterfaceDhcp(sets_dns=True)),
        InterfaceProtocol(
            family="ipv6", addresses=(InterfaceAddress(address="2001:db8::7", prefix=64),)
        ),
    ),
    bridge=InterfaceBridge(
        stp=False,
        delay_s=Decimal("0.01"),
        ports=(
            BridgePort(
                kind=InterfaceKind.BOND,
                name="bond0",
                bond=InterfaceBond(
                    mode=BondMode.ACTIVE_BACKUP,
                    miimon=BondMiimon(interval_ms=100, up_delay_ms=10, carrier="netif"),
                    slaves=(InterfaceLink(name="eth0"), InterfaceLink(name="eth1")),
                ),
            ),
        ),
    ),
)


@pytest.fixture
def driver() -> Iterator[libvirt.virConnect]:
    """Connect to libvirt's test driver, whose host is a dream of its own."""
    connection = libvirt.open("test:///default")
    yield connection
    connection.close()


def test_a_network_on_open_vswitch_is_read() -> None:
    network = formats.parse_network_xml(OVS)
    assert network == NetworkConfig(
        name="rack7",
        forward=NetworkForward(mode=ForwardMode.BRIDGE),
        bridge="ovsbr0",
        virtual_port=VirtualPort(kind=VirtualPortKind.OPENVSWITCH),
        vlans=PortVlans(
            is_trunk=True,
            tags=(VlanTag(vlan=42, native_mode=NativeMode.UNTAGGED), VlanTag(vlan=47)),
        ),
        port_groups=(
            PortGroup(
                name="web",
                is_default=True,
                inbound=Bandwidth(average_kib_per_s=1000, peak_kib_per_s=5000, burst_kib=5120),
            ),
        ),
    )


def test_an_unchanged_network_is_the_text_that_it_was() -> None:
    assert formats.format_network_xml(formats.parse_network_xml(OVS)) == OVS


def test_one_edit_of_a_port_group_changes_one_attribute() -> None:
    network = formats.parse_network_xml(OVS)
    (group,) = network.port_groups
    edited = dataclasses.replace(
        network, port_groups=(dataclasses.replace(group, is_default=None),)
    )
    expected = OVS.replace(' default="yes"', "")
    assert formats.format_network_xml(edited) == expected


def test_a_new_vlan_stands_behind_the_others_and_their_comments() -> None:
    network = formats.parse_network_xml(OVS)
    assert network.vlans
    vlans = dataclasses.replace(network.vlans, tags=(*network.vlans.tags, VlanTag(vlan=48)))
    written = formats.format_network_xml(dataclasses.replace(network, vlans=vlans))
    last = '    <tag id="47"/>\n'
    assert written == OVS.replace(last, f'{last}    <tag id="48"/>\n')


@pytest.mark.parametrize(
    ("lease", "seconds"),
    [
        ('<lease expiry="2"/>', 120),
        ('<lease expiry="1" unit="hours"/>', 3600),
        ('<lease expiry="90" unit="seconds"/>', 90),
        ('<lease expiry="0"/>', 0),
        ("<lease/>", None),
        ("", None),
    ],
)
def test_a_lease_is_told_in_seconds(lease: str, seconds: int | None) -> None:
    text = f'<range start="192.0.2.10" end="192.0.2.99">{lease}</range>'
    assert formats.parse_network_section_xml(text, DhcpRange).lease_s == seconds


@pytest.mark.parametrize(
    ("seconds", "lease"),
    [
        (7200, '<lease expiry="2" unit="hours"/>'),
        (60, '<lease expiry="60" unit="seconds"/>'),
        (None, None),
    ],
)
def test_a_lease_keeps_its_unit_where_that_can_say_it(
    seconds: int | None, lease: str | None
) -> None:
    text = '<range start="a" end="z"><lease expiry="1" unit="hours"/></range>'
    section = formats.parse_network_section_xml(text, DhcpRange)
    written = formats.format_network_section_xml(dataclasses.replace(section, lease_s=seconds))
    assert (lease in written) if lease else ("lease" not in written)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('<host mac="00:16:3E:00:00:01" ip="192.0.2.1"/>', "dhcp"),
        ('<host ip="192.0.2.1"><hostname>a</hostname></host>', "dns"),
    ],
)
def test_a_host_is_what_the_caller_says_it_is(text: str, value: str) -> None:
    if value == "dhcp":
        host = formats.parse_network_section_xml(text, DhcpHost)
        assert host == DhcpHost(mac=MacAddress("00:16:3e:00:00:01"), ip="192.0.2.1")
    else:
        names = formats.parse_network_section_xml(text, DnsHost)
        assert names == DnsHost(ip="192.0.2.1", names=("a",))


def test_sr_iov_functions_are_read_with_their_addresses() -> None:
    network = formats.parse_network_xml(
        "<network><name>sriov</name><forward mode='hostdev' managed='yes'><driver name='xen'/>"
        "<pf dev='eth2'/><address type='pci' domain='0' bus='0x3' slot='0x10' function='0x1'/>"
        "</forward></network>"
    )
    assert network.forward == NetworkForward(
        mode=ForwardMode.HOSTDEV,
        managed=True,
        driver="xen",
        physical_function="eth2",
        addresses=(PciAddress(bus=3, slot=16, function=1),),
    )


def test_a_new_function_is_written_as_libvirt_writes_it() -> None:
    forward = NetworkForward(mode="hostdev", addresses=(PciAddress(bus=3, slot=16, function=1),))
    written = formats.format_network_xml(NetworkConfig(name="sriov", forward=forward))
    assert 'domain="0x0000" bus="0x03" slot="0x10" function="0x1"' in written


def test_a_mode_of_tomorrow_is_kept_as_a_word() -> None:
    text = "<network><name>n</name><forward mode='quantum'/></network>"
    network = formats.parse_network_xml(text)
    assert network.forward == NetworkForward(mode="quantum")
    assert formats.format_network_xml(network) == text


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("<network><bridge stp='maybe'/></network>", "/network/bridge: 'maybe' is neither"),
        ("<network><mtu size='big'/></network>", "/network/mtu: 'big' is no whole number"),
        ("<network><uuid>x</uuid></network>", "/network/uuid: 'x' is no UUID"),
        ("<network><mac address='x'/></network>", "/network/mac: 'x' is no MAC address"),
        ("<pool/>", "expected <network>, found <pool>"),
    ],
)
def test_what_is_wrong_in_a_network_is_told_with_its_place(text: str, wrong: str) -> None:
    with pytest.raises(ParseError, match=wrong):
        formats.parse_network_xml(text)


@pytest.mark.parametrize(
    ("lease", "wrong"),
    [
        ("expiry='1' unit='moons'", "'moons' is no unit"),
        ("expiry='-1'", "-1 is less than nothing"),
        ("expiry='soon'", "'soon' is no whole number"),
    ],
)
def test_a_lease_that_is_none_is_told_with_its_place(lease: str, wrong: str) -> None:
    text = f"<range><lease {lease}/></range>"
    with pytest.raises(ParseError, match=f"/range/lease: {wrong}"):
        formats.parse_network_section_xml(text, DhcpRange)


def test_a_network_that_xml_cannot_say_is_refused_by_the_fields_name() -> None:
    with pytest.raises(SpecError, match="title"):
        formats.format_network_xml(NetworkConfig(name="n", title="a\x00b"))


@pytest.mark.parametrize(
    "network", [NAT, formats.parse_network_xml(OVS.replace(TOMORROW, ""))], ids=["nat", "ovs"]
)
def test_libvirt_takes_a_network_that_we_write(
    driver: libvirt.virConnect, network: NetworkConfig
) -> None:
    defined = driver.networkDefineXMLFlags(
        formats.format_network_xml(network), libvirt.VIR_NETWORK_DEFINE_VALIDATE
    )
    told = formats.parse_network_xml(defined.XMLDesc())
    assert (told.forward, told.bridge, told.ips) == (network.forward, network.bridge, network.ips)
    assert (told.vlans, told.port_groups) == (network.vlans, network.port_groups)
    assert (told.dns_hosts, told.routes) == (network.dns_hosts, network.routes)


def test_a_bridge_of_bonds_is_written_and_read() -> None:
    assert formats.parse_interface_xml(formats.format_interface_xml(BRIDGE)) == BRIDGE


def test_libvirt_takes_an_interface_that_we_write(driver: libvirt.virConnect) -> None:
    defined = driver.interfaceDefineXML(
        formats.format_interface_xml(BRIDGE), libvirt.VIR_INTERFACE_DEFINE_VALIDATE
    )
    assert formats.parse_interface_xml(defined.XMLDesc()) == BRIDGE


@pytest.mark.parametrize("tag", ["bridge", "bond", "vlan"])
def test_a_link_in_a_link_in_a_link_is_read_and_kept(tag: str) -> None:
    levels = 120
    inner = f'<{tag}><interface name="x">' * levels + f"<end/>{f'</interface></{tag}>' * levels}"
    text = f'<interface name="top">{inner}</interface>'
    interface = formats.parse_interface_xml(text)
    assert formats.format_interface_xml(interface) == text
    renamed = dataclasses.replace(interface, name="new")
    assert formats.format_interface_xml(renamed) == text.replace("top", "new")


def test_a_vlan_names_its_parent() -> None:
    interface = formats.parse_interface_xml(
        "<interface type='vlan' name='eth0.42'><vlan tag='42'><interface name='eth0'/></vlan>"
        "</interface>"
    )
    assert interface.vlan == InterfaceVlan(tag=42, parent="eth0")


@pytest.mark.parametrize("delay", ["soon", "-1", "1e9", "nan", "٣", "1." + "0" * 30])
def test_a_delay_is_a_plain_number(delay: str) -> None:
    text = f"<interface type='bridge' name='b'><bridge delay='{delay}'/></interface>"
    with pytest.raises(ParseError, match=r"/interface/bridge: .* is no number"):
        formats.parse_interface_xml(text)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (ForwardInterface(device="eth1"), '<interface dev="eth1"/>'),
        (DnsText(name="a", value="b"), '<txt name="a" value="b"/>'),
        (DnsService(service="s", protocol="tcp"), '<srv service="s" protocol="tcp"/>'),
        (PortGroup(name="web"), '<portgroup name="web"/>'),
    ],
)
def test_a_section_is_written_for_a_running_network(
    value: ForwardInterface | DnsText | DnsService | PortGroup, text: str
) -> None:
    assert formats.format_network_section_xml(value).strip() == text
