"""What libvirt serves to a virtual network's guests: addresses, routes, DHCP, DNS."""

from __future__ import annotations

from dataclasses import dataclass, field

from .mapping import at
from .quantities import MacAddress
from .residue import Modelled


@dataclass(frozen=True, slots=True, kw_only=True)
class DhcpRange(Modelled):
    """Addresses that DHCP hands out.

    Attributes:
        start: The first.
        end: The last.
        lease_s: For how long, in seconds; 0 for ever; None for the server's default.
    """

    start: str = field(metadata=at("@start"))
    end: str = field(metadata=at("@end"))
    lease_s: int | None = field(default=None, metadata=at("lease", codec="lease-s"))


@dataclass(frozen=True, slots=True, kw_only=True)
class DhcpHost(Modelled):
    """A guest that DHCP knows.

    Attributes:
        mac: By what it is known; None in IPv6.
        duid: By what it may be known in IPv6: its DHCP unique identifier.
        name: The host name that it gets.
        ip: The address that it gets.
        lease_s: For how long, in seconds; 0 for ever; None for the server's default.
    """

    mac: MacAddress | None = field(default=None, metadata=at("@mac"))
    duid: str | None = field(default=None, metadata=at("@id"))
    name: str | None = field(default=None, metadata=at("@name"))
    ip: str | None = field(default=None, metadata=at("@ip"))
    lease_s: int | None = field(default=None, metadata=at("lease", codec="lease-s"))


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkIp(Modelled):
    """An address of a network's bridge, and what is served there.

    Attributes:
        family: ``ipv4`` or ``ipv6``; None for IPv4.
        address: The address, without its prefix.
        netmask: How many bits name the network, written as ``255.255.255.0``.
        prefix: The same, written as a number.
        local_ptr: Whether names of its own addresses are never asked outside.
        tftp_root: The directory in Dom0 that TFTP serves.
        dhcp_ranges: The addresses that DHCP hands out.
        dhcp_hosts: The guests that DHCP knows.
        boot_file: What DHCP tells a guest to boot.
        boot_server: Where that is; None for the network's own TFTP.

    Source:
        libvirt formatnetwork, "Addressing".
    """

    family: str | None = field(default=None, metadata=at("@family"))
    address: str | None = field(default=None, metadata=at("@address"))
    netmask: str | None = field(default=None, metadata=at("@netmask"))
    prefix: int | None = field(default=None, metadata=at("@prefix"))
    local_ptr: bool | None = field(default=None, metadata=at("@localPtr"))
    tftp_root: str | None = field(default=None, metadata=at("tftp/@root"))
    dhcp_ranges: tuple[DhcpRange, ...] = field(default=(), metadata=at("dhcp/range"))
    dhcp_hosts: tuple[DhcpHost, ...] = field(default=(), metadata=at("dhcp/host"))
    boot_file: str | None = field(default=None, metadata=at("dhcp/bootp/@file"))
    boot_server: str | None = field(default=None, metadata=at("dhcp/bootp/@server"))


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkRoute(Modelled):
    """A network behind one of the guests.

    Attributes:
        family: ``ipv4`` or ``ipv6``; None for IPv4.
        address: The network's address.
        netmask: How many bits name the network, written as ``255.255.255.0``.
        prefix: The same, written as a number.
        gateway: The guest's address.
        metric: The lower, the more it is liked; None for 1.

    Source:
        libvirt formatnetwork, "Static Routes".
    """

    family: str | None = field(default=None, metadata=at("@family"))
    address: str = field(metadata=at("@address"))
    netmask: str | None = field(default=None, metadata=at("@netmask"))
    prefix: int | None = field(default=None, metadata=at("@prefix"))
    gateway: str = field(metadata=at("@gateway"))
    metric: int | None = field(default=None, metadata=at("@metric"))


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsForwarder(Modelled):
    """Whom the network's DNS asks.

    Attributes:
        address: The server's address; None: names of ``domain`` are not asked outside.
        domain: The names for which it is asked; None for all.
    """

    domain: str | None = field(default=None, metadata=at("@domain"))
    address: str | None = field(default=None, metadata=at("@addr"))


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsText(Modelled):
    """A TXT record.

    Attributes:
        name: The name that is asked for.
        value: What is answered.
    """

    name: str = field(metadata=at("@name"))
    value: str | None = field(default=None, metadata=at("@value"))


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsService(Modelled):
    """An SRV record.

    Attributes:
        service: The service's name, without underscore.
        protocol: ``tcp`` or ``udp``.
        domain: Where it holds; None for the network's own.
        target: Who serves; None for nobody.
        port: The port there.
        priority: The lower, the earlier it is tried.
        weight: How often it is chosen among equals.
    """

    service: str = field(metadata=at("@service"))
    protocol: str = field(metadata=at("@protocol"))
    domain: str | None = field(default=None, metadata=at("@domain"))
    target: str | None = field(default=None, metadata=at("@target"))
    port: int | None = field(default=None, metadata=at("@port"))
    priority: int | None = field(default=None, metadata=at("@priority"))
    weight: int | None = field(default=None, metadata=at("@weight"))


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsHost(Modelled):
    """An address and its names.

    Attributes:
        ip: IPv4 or IPv6, as text.
        names: What resolves to it.
    """

    ip: str | None = field(default=None, metadata=at("@ip"))
    names: tuple[str, ...] = field(default=(), metadata=at("hostname"))
