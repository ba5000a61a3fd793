"""libvirt's networks and host interfaces ⇄ model; pure text."""

from __future__ import annotations

from typing import TypeVar

from xenvm.model.interface import InterfaceConfig
from xenvm.model.network import ForwardInterface, NetworkConfig, PortGroup
from xenvm.model.network_services import DhcpHost, DhcpRange, DnsHost, DnsService, DnsText

from .binding import format_element, read_document

NetworkSection = (
    DhcpHost | DhcpRange | DnsHost | DnsService | DnsText | ForwardInterface | PortGroup
)
"""What can be changed of a running network."""

Section = TypeVar(
    "Section", DhcpHost, DhcpRange, DnsHost, DnsService, DnsText, ForwardInterface, PortGroup
)

_SECTION_TAGS: dict[type[NetworkSection], str] = {
    DhcpHost: "host",
    DhcpRange: "range",
    DnsHost: "host",
    DnsService: "srv",
    DnsText: "txt",
    ForwardInterface: "interface",
    PortGroup: "portgroup",
}


def parse_network_xml(text: str | bytes) -> NetworkConfig:
    """Return the network that ``text`` describes.

    Args:
        text: A libvirt ``<network>`` document, of at most 16 MiB.

    Raises:
        ParseError: It is no such document; names path, line and text.
    """
    return read_document(NetworkConfig, text, "network")


def format_network_xml(network: NetworkConfig) -> str:
    """Return the libvirt document for ``network``.

    Raises:
        SpecError: The XML cannot say what a field says; names the field.
    """
    return format_element(network, "network")


def parse_network_section_xml(text: str | bytes, kind: type[Section]) -> Section:
    """Return the part of a network that ``text`` describes, as ``virNetworkUpdate`` takes it.

    Args:
        text: One element, such as a ``<host>`` of DHCP.
        kind: What it is, as a ``<host>`` may be DHCP's or DNS'.

    Raises:
        ParseError: It is no such element; names path, line and text.
    """
    return read_document(kind, text, _SECTION_TAGS[kind])


def format_network_section_xml(section: NetworkSection) -> str:
    """Return the element for a part of a network, as ``virNetworkUpdate`` takes it.

    Raises:
        SpecError: The XML cannot say what a field says; names the field.
    """
    return format_element(section, _SECTION_TAGS[type(section)])


def parse_interface_xml(text: str | bytes) -> InterfaceConfig:
    """Return the host interface that ``text`` describes.

    Args:
        text: A libvirt ``<interface>`` document, of at most 16 MiB.

    Raises:
        ParseError: It is no such document; names path, line and text.
    """
    return read_document(InterfaceConfig, text, "interface")


def format_interface_xml(interface: InterfaceConfig) -> str:
    """Return the libvirt document for ``interface``.

    Raises:
        SpecError: The XML cannot say what a field says; names the field.
    """
    return format_element(interface, "interface")
