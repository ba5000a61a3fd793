"""What libvirt tells of a host ⇄ model: devices, capabilities; pure text.

libvirt takes none of the capabilities back. They are written all the same: a stored inventory holds
them as documents, a test makes up hosts that it has not got, and reading is proven by writing.
"""

from __future__ import annotations

from xenvm.model.capabilities import Capabilities
from xenvm.model.domain_capabilities import DomainCapabilities
from xenvm.model.node_device import NodeDevice

from .binding import format_element, read_document


def parse_node_device_xml(text: str | bytes) -> NodeDevice:
    """Return the device that ``text`` describes.

    Args:
        text: A libvirt ``<device>`` document, of at most 16 MiB.

    Raises:
        ParseError: It is no such document; names path, line and text.
    """
    return read_document(NodeDevice, text, "device")


def format_node_device_xml(device: NodeDevice) -> str:
    """Return the libvirt document for ``device``; libvirt makes only mediated and FC devices of it.

    Raises:
        SpecError: The XML cannot say what a field says; names the field.
    """
    return format_element(device, "device")


def parse_capabilities_xml(text: str | bytes) -> Capabilities:
    """Return what ``text`` says of a host.

    Args:
        text: A libvirt ``<capabilities>`` document, of at most 16 MiB.

    Raises:
        ParseError: It is no such document; names path, line and text.
    """
    return read_document(Capabilities, text, "capabilities")


def format_capabilities_xml(capabilities: Capabilities) -> str:
    """Return the libvirt document for ``capabilities``; libvirt itself takes none.

    Raises:
        SpecError: The XML cannot say what a field says; names the field.
    """
    return format_element(capabilities, "capabilities")


def parse_domain_capabilities_xml(text: str | bytes) -> DomainCapabilities:
    """Return what ``text`` says of a host's guests of one kind.

    Args:
        text: A libvirt ``<domainCapabilities>`` document, of at most 16 MiB.

    Raises:
        ParseError: It is no such document; names path, line and text.
    """
    return read_document(DomainCapabilities, text, "domainCapabilities")


def format_domain_capabilities_xml(capabilities: DomainCapabilities) -> str:
    """Return the libvirt document for ``capabilities``; libvirt itself takes none.

    Raises:
        SpecError: The XML cannot say what a field says; names the field.
    """
    return format_element(capabilities, "domainCapabilities")
