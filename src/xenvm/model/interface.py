"""Dom0's network links as a host configures them: NICs, bridges, bonds, VLANs."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from .mapping import at
from .quantities import MacAddress
from .residue import Modelled


class InterfaceKind(StrEnum):
    """What a link is; open, as are all words of interfaces."""

    ETHERNET = "ethernet"
    BRIDGE = "bridge"
    BOND = "bond"
    VLAN = "vlan"


class StartMode(StrEnum):
    """When a link is set up."""

    ONBOOT = "onboot"
    NONE = "none"
    """Only when somebody asks."""
    HOTPLUG = "hotplug"


class LinkState(StrEnum):
    """Whether a link carries; Linux' IF_OPER states (RFC 2863)."""

    UNKNOWN = "unknown"
    NOT_PRESENT = "notpresent"
    DOWN = "down"
    LOWER_LAYER_DOWN = "lowerlayerdown"
    TESTING = "testing"
    DORMANT = "dormant"
    UP = "up"


class BondMode(StrEnum):
    """How a bond chooses among its links; Linux' bonding modes 0 to 6, in order."""

    BALANCE_RR = "balance-rr"
    ACTIVE_BACKUP = "active-backup"
    BALANCE_XOR = "balance-xor"
    BROADCAST = "broadcast"
    LACP = "802.3ad"
    BALANCE_TLB = "balance-tlb"
    BALANCE_ALB = "balance-alb"


@dataclass(frozen=True, slots=True, kw_only=True)
class InterfaceAddress(Modelled):
    """An IP address of a link, and how many of its bits name the network.

    Attributes:
        address: IPv4 or IPv6, as text.
        prefix: The number of bits; None when not said.
    """

    address: str = field(metadata=at("@address"))
    prefix: int | None = field(default=None, metadata=at("@prefix"))


@dataclass(frozen=True, slots=True, kw_only=True)
class InterfaceDhcp(Modelled):
    """Addresses from DHCP.

    Attributes:
        sets_dns: Whether DHCP also says whom to ask for names; None when not said.
    """

    sets_dns: bool | None = field(default=None, metadata=at("@peerdns"))


@dataclass(frozen=True, slots=True, kw_only=True)
class InterfaceProtocol(Modelled):
    """How a link speaks IPv4 or IPv6.

    Attributes:
        family: ``ipv4`` or ``ipv6``.
        autoconf: Whether IPv6 addresses come from routers.
        dhcp: How addresses come from DHCP; None when they do not.
        addresses: Its fixed addresses.
        gateway: The router for everything else.
    """

    family: str = field(metadata=at("@family"))
    autoconf: bool = field(default=False, metadata=at("autoconf", codec="present"))
    dhcp: InterfaceDhcp | None = field(default=None, metadata=at("dhcp"))
    addresses: tuple[InterfaceAddress, ...] = field(default=(), metadata=at("ip"))
    gateway: str | None = field(default=None, metadata=at("route/@gateway"))


@dataclass(frozen=True, slots=True, kw_only=True)
class InterfaceLink(Modelled):
    """A link of Dom0 that another one is made of.

    Attributes:
        kind: What it is.
        name: At most 15 characters.
        mac: Its own address.
        link_speed_mbit_per_s: Its speed, in Mbit/s; libvirt tells it of a live link.
        link_state: Whether it carries; libvirt tells it of a live link.
    """

    kind: InterfaceKind | str = field(default=InterfaceKind.ETHERNET, metadata=at("@type"))
    name: str = field(metadata=at("@name"))
    mac: MacAddress | None = field(default=None, metadata=at("mac/@address"))
    link_speed_mbit_per_s: int | None = field(default=None, metadata=at("link/@speed"))
    link_state: LinkState | str | None = field(default=None, metadata=at("link/@state"))


@dataclass(frozen=True, slots=True, kw_only=True)
class BondMiimon(Modelled):
    """A bond that watches its links' carriers.

    Attributes:
        interval_ms: How often it looks, in ms.
        down_delay_ms: How long a link is lost before it is dropped, in ms.
        up_delay_ms: How long a link is back before it is used, in ms.
        carrier: Who tells: ``netif`` (the driver) or ``ioctl``.
    """

    interval_ms: int = field(metadata=at("@freq"))
    down_delay_ms: int | None = field(default=None, metadata=at("@downdelay"))
    up_delay_ms: int | None = field(default=None, metadata=at("@updelay"))
    carrier: str | None = field(default=None, metadata=at("@carrier"))


@dataclass(frozen=True, slots=True, kw_only=True)
class BondArpmon(Modelled):
    """A bond that asks for a neighbour over its links.

    Attributes:
        interval_ms: How often it asks, in ms.
        target: The neighbour's IPv4 address.
        validate: Which links must hear the answer: ``none``, ``active``, ``backup`` or ``all``.
    """

    interval_ms: int = field(metadata=at("@interval"))
    target: str = field(metadata=at("@target"))
    validate: str | None = field(default=None, metadata=at("@validate"))


@dataclass(frozen=True, slots=True, kw_only=True)
class InterfaceBond(Modelled):
    """What makes a link a bond.

    Attributes:
        mode: How it chooses among its links; None for Linux' default.
        miimon: How it watches carriers; None when it does not.
        arpmon: How it asks for a neighbour; None when it does not.
        slaves: Its links, as Linux calls them.
    """

    mode: BondMode | str | None = field(default=None, metadata=at("@mode"))
    miimon: BondMiimon | None = field(default=None, metadata=at("miimon"))
    arpmon: BondArpmon | None = field(default=None, metadata=at("arpmon"))
    slaves: tuple[InterfaceLink, ...] = field(default=(), metadata=at("interface"))


@dataclass(frozen=True, slots=True, kw_only=True)
class InterfaceVlan(Modelled):
    """What makes a link a VLAN's.

    Attributes:
        tag: The VLAN's number, 0 to 4095.
        parent: The link whose frames carry the tag.
    """

    tag: int = field(metadata=at("@tag"))
    parent: str | None = field(default=None, metadata=at("interface/@name"))


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgePort(InterfaceLink):
    """A link in a bridge.

    Attributes:
        vlan: What makes it a VLAN's; None for any other.
        bond: What makes it a bond; None for any other.
    """

    vlan: InterfaceVlan | None = field(default=None, metadata=at("vlan"))
    bond: InterfaceBond | None = field(default=None, metadata=at("bond"))


@dataclass(frozen=True, slots=True, kw_only=True)
class InterfaceBridge(Modelled):
    """What makes a link a bridge.

    Attributes:
        stp: Whether it runs the spanning tree protocol; None when not said.
        delay_s: How long a new port waits before it forwards, in seconds.
        ports: The links in it.
    """

    stp: bool | None = field(default=None, metadata=at("@stp", codec="on-off"))
    delay_s: Decimal | None = field(default=None, metadata=at("@delay"))
    ports: tuple[BridgePort, ...] = field(default=(), metadata=at("interface"))


@dataclass(frozen=True, slots=True, kw_only=True)
class InterfaceConfig(Modelled):
    """A network link of Dom0 as the host configures it.

    Attributes:
        kind: What it is.
        name: At most 15 characters.
        start_mode: When it is set up; None when not said.
        mac: Its own address.
        link_state: Whether it carries; libvirt tells it of a live link.
        link_speed_mbit_per_s: Its speed, in Mbit/s; libvirt tells it of a live link.
        mtu_bytes: Its MTU.
        protocols: How it speaks IPv4 and IPv6.
        bridge: What makes it a bridge; None for any other.
        bond: What makes it a bond; None for any other.
        vlan: What makes it a VLAN's; None for any other.

    Source:
        libvirt src/conf/schemas/interface.rng; netcf; libvirt's udev backend, which only reads.
    """

    kind: InterfaceKind | str = field(default=InterfaceKind.ETHERNET, metadata=at("@type"))
    name: str = field(metadata=at("@name"))
    start_mode: StartMode | str | None = field(default=None, metadata=at("start/@mode"))
    mac: MacAddress | None = field(default=None, metadata=at("mac/@address"))
    link_speed_mbit_per_s: int | None = field(default=None, metadata=at("link/@speed"))
    link_state: LinkState | str | None = field(default=None, metadata=at("link/@state"))
    mtu_bytes: int | None = field(default=None, metadata=at("mtu/@size"))
    protocols: tuple[InterfaceProtocol, ...] = field(default=(), metadata=at("protocol"))
    vlan: InterfaceVlan | None = field(default=None, metadata=at("vlan"))
    bridge: InterfaceBridge | None = field(default=None, metadata=at("bridge"))
    bond: InterfaceBond | None = field(default=None, metadata=at("bond"))
