"""Virtual networks: a bridge of Dom0's own, or a way to one that is there already."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from .mapping import at
from .network_services import DnsForwarder, DnsHost, DnsService, DnsText, NetworkIp, NetworkRoute
from .quantities import MacAddress, PciAddress
from .residue import Modelled
from .switch_port import PortVlans, VirtualPort
from .vnif import Bandwidth


class ForwardMode(StrEnum):
    """How a network's guests reach the rest of the world; open."""

    NAT = "nat"
    ROUTE = "route"
    OPEN = "open"
    """Routed, with no firewall rules of libvirt's."""
    BRIDGE = "bridge"
    """On a bridge that somebody else made, or over macvtap."""
    PRIVATE = "private"
    VEPA = "vepa"
    PASSTHROUGH = "passthrough"
    HOSTDEV = "hostdev"
    """Each guest gets a PCI function of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardInterface(Modelled):
    """A link of Dom0 from which a network draws.

    Attributes:
        device: Its name, such as ``eth1``.
        connections: How many VNIFs use it; libvirt tells it of a running network.
    """

    device: str = field(metadata=at("@dev"))
    connections: int | None = field(default=None, metadata=at("@connections"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardNat(Modelled):
    """What a network's guests look like from outside.

    Attributes:
        ipv6: Whether IPv6 is translated too; None for libvirt's default, no.
        address_start: The first of the addresses that they appear to have.
        address_end: The last of them.
        port_start: The first TCP or UDP port used for them.
        port_end: The last of them.
    """

    ipv6: bool | None = field(default=None, metadata=at("@ipv6"))
    address_start: str | None = field(default=None, metadata=at("address/@start"))
    address_end: str | None = field(default=None, metadata=at("address/@end"))
    port_start: int | None = field(default=None, metadata=at("port/@start"))
    port_end: int | None = field(default=None, metadata=at("port/@end"))


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkForward(Modelled):
    """How a network's guests reach the rest of the world.

    Attributes:
        mode: The way; libvirt's own default is NAT.
        device: The only link of Dom0 that it may use; None for any.
        managed: Whether libvirt takes PCI functions from their driver and gives them back; None
            for its default, no.
        nat: What they look like from outside; None leaves that to Linux.
        physical_function: The SR-IOV NIC whose virtual functions are handed out.
        interfaces: The links from which VNIFs draw.
        addresses: The PCI functions that are handed out.
        driver: Who holds a PCI function for a guest, such as ``xen`` or ``vfio``.

    Source:
        libvirt formatnetwork, "Connectivity".
    """

    mode: ForwardMode | str = field(default=ForwardMode.NAT, metadata=at("@mode"))
    device: str | None = field(default=None, metadata=at("@dev"))
    managed: bool | None = field(default=None, metadata=at("@managed"))
    driver: str | None = field(default=None, metadata=at("driver/@name"))
    nat: ForwardNat | None = field(default=None, metadata=at("nat"))
    physical_function: str | None = field(default=None, metadata=at("pf/@dev"))
    interfaces: tuple[ForwardInterface, ...] = field(default=(), metadata=at("interface"))
    addresses: tuple[PciAddress, ...] = field(default=(), metadata=at("address"))


@dataclass(frozen=True, slots=True, kw_only=True)
class PortGroup(Modelled):
    """A class of VNIFs of one network.

    Attributes:
        name: What a VNIF asks for.
        is_default: Whether it serves VNIFs that ask for none; None for no.
        trust_guest_rx_filters: Whether guests may set their own MAC and multicast filters.
        vlans: The VLANs of its VNIFs.
        virtual_port: How its VNIFs are made known.
        inbound: What each of its guests may receive.
        outbound: What each of its guests may send.

    Source:
        libvirt formatnetwork, "Portgroups".
    """

    name: str = field(metadata=at("@name"))
    is_default: bool | None = field(default=None, metadata=at("@default"))
    trust_guest_rx_filters: bool | None = field(default=None, metadata=at("@trustGuestRxFilters"))
    vlans: PortVlans | None = field(default=None, metadata=at("vlan"))
    virtual_port: VirtualPort | None = field(default=None, metadata=at("virtualport"))
    inbound: Bandwidth | None = field(default=None, metadata=at("bandwidth/inbound"))
    outbound: Bandwidth | None = field(default=None, metadata=at("bandwidth/outbound"))


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkConfig(Modelled):
    """A virtual network as it is described.

    Attributes:
        name: What VNIFs refer to.
        uuid: Its identity; None lets libvirt draw one.
        title: One line for people.
        description: More for people.
        connections: How many VNIFs use it; libvirt tells it of a running network.
        ipv6: Whether guests may speak IPv6 to each other though the network has no IPv6 address.
        trust_guest_rx_filters: Whether guests may set their own MAC and multicast filters.
        forward: The way out; None for an isolated network.
        bridge: The bridge in Dom0, at most 15 characters; None lets libvirt choose.
        bridge_zone: Its zone in firewalld.
        bridge_stp: Whether it runs the spanning tree protocol; None for libvirt's default, yes.
        bridge_delay_s: How long a new port waits before it forwards, in seconds.
        mac_table_manager: Who fills its table of MAC addresses, ``kernel`` or ``libvirt``.
        mtu_bytes: Its MTU.
        mac: The bridge's own address.
        domain: The DNS domain of its guests.
        domain_is_local: Whether questions about that domain stay in the network.
        dns_enabled: Whether libvirt serves DNS; None for its default, yes.
        dns_forwards_plain_names: Whether names without a dot are asked outside.
        dns_forwarders: Whom to ask outside.
        dns_texts: TXT records.
        dns_services: SRV records.
        dns_hosts: Names beside those that DHCP gives.
        inbound: What all guests together may receive.
        outbound: What all guests together may send.
        vlans: The VLANs of VNIFs that have none of their own.
        virtual_port: How VNIFs are made known, such as to Open vSwitch.
        isolated_ports: Whether VNIFs cannot reach each other; None for no.
        ips: The addresses of its bridge, and what is served there.
        routes: The networks behind its guests.
        port_groups: Its classes of VNIFs.

    Source:
        libvirt formatnetwork.
    """

    connections: int | None = field(default=None, metadata=at("@connections"))
    ipv6: bool | None = field(default=None, metadata=at("@ipv6"))
    trust_guest_rx_filters: bool | None = field(default=None, metadata=at("@trustGuestRxFilters"))
    name: str = field(metadata=at("name"))
    uuid: UUID | None = field(default=None, metadata=at("uuid"))
    title: str | None = field(default=None, metadata=at("title"))
    description: str | None = field(default=None, metadata=at("description"))
    forward: NetworkForward | None = field(default=None, metadata=at("forward"))
    bridge: str | None = field(default=None, metadata=at("bridge/@name"))
    bridge_zone: str | None = field(default=None, metadata=at("bridge/@zone"))
    bridge_stp: bool | None = field(default=None, metadata=at("bridge/@stp", codec="on-off"))
    bridge_delay_s: int | None = field(default=None, metadata=at("bridge/@delay"))
    mac_table_manager: str | None = field(default=None, metadata=at("bridge/@macTableManager"))
    mtu_bytes: int | None = field(default=None, metadata=at("mtu/@size"))
    mac: MacAddress | None = field(default=None, metadata=at("mac/@address"))
    domain: str | None = field(default=None, metadata=at("domain/@name"))
    domain_is_local: bool | None = field(default=None, metadata=at("domain/@localOnly"))
    dns_enabled: bool | None = field(default=None, metadata=at("dns/@enable"))
    dns_forwards_plain_names: bool | None = field(
        default=None, metadata=at("dns/@forwardPlainNames")
    )
    dns_forwarders: tuple[DnsForwarder, ...] = field(default=(), metadata=at("dns/forwarder"))
    dns_texts: tuple[DnsText, ...] = field(default=(), metadata=at("dns/txt"))
    dns_services: tuple[DnsService, ...] = field(default=(), metadata=at("dns/srv"))
    dns_hosts: tuple[DnsHost, ...] = field(default=(), metadata=at("dns/host"))
    inbound: Bandwidth | None = field(default=None, metadata=at("bandwidth/inbound"))
    outbound: Bandwidth | None = field(default=None, metadata=at("bandwidth/outbound"))
    vlans: PortVlans | None = field(default=None, metadata=at("vlan"))
    isolated_ports: bool | None = field(default=None, metadata=at("port/@isolated"))
    ips: tuple[NetworkIp, ...] = field(default=(), metadata=at("ip"))
    routes: tuple[NetworkRoute, ...] = field(default=(), metadata=at("route"))
    virtual_port: VirtualPort | None = field(default=None, metadata=at("virtualport"))
    port_groups: tuple[PortGroup, ...] = field(default=(), metadata=at("portgroup"))
