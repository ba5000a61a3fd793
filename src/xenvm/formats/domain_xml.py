"""libvirt's domain XML ⇄ :class:`~xenvm.model.domain.DomainConfig`; pure text."""

from __future__ import annotations

from xenvm.model.domain import DomainConfig
from xenvm.model.hostdev import Hostdev
from xenvm.model.vbd import Vbd
from xenvm.model.vnif import Vnif

from .binding import format_element, read_document


def parse_domain_xml(text: str | bytes) -> DomainConfig:
    """Return what a libvirt ``<domain>`` document describes, whoever wrote it.

    What the model has no field for is in the values' residue, and is written back where it stood.

    Args:
        text: A document of at most 16 MiB, for any hypervisor.

    Raises:
        ParseError: It is no such document, or a text in it is not of its field's type; names
            path, line and text.
    """
    return read_document(DomainConfig, text, "domain")


def format_domain_xml(config: DomainConfig) -> str:
    """Return the libvirt document of ``config``: its own, with no more changed than was changed.

    Raises:
        SpecError: XML cannot say what a field says; names the field.
    """
    return format_element(config, "domain")


def format_vbd_xml(vbd: Vbd) -> str:
    """Return the ``<disk>`` of a VBD, as hot-plugging takes it.

    Raises:
        SpecError: XML cannot say what a field says; names the field.
    """
    return format_element(vbd, "disk")


def format_vnif_xml(vnif: Vnif) -> str:
    """Return the ``<interface>`` of a VNIF, as hot-plugging takes it.

    Raises:
        SpecError: XML cannot say what a field says; names the field.
    """
    return format_element(vnif, "interface")


def format_hostdev_xml(hostdev: Hostdev) -> str:
    """Return the ``<hostdev>`` of a device of the host, as hot-plugging takes it.

    Raises:
        SpecError: XML cannot say what a field says; names the field.
    """
    return format_element(hostdev, "hostdev")
