"""The MAC addresses that a host's guests and Dom0 have."""

from __future__ import annotations

import contextlib
import functools
import re

from xenvm.errors import NotFoundError
from xenvm.formats.dom0_commands import XENSTORE
from xenvm.formats.domain_xml import parse_domain_xml
from xenvm.model.quantities import MacAddress

from . import _libvirt
from .connection import Connection
from .shell import HostShell, NoShell

# xl's domains are none of libvirt's; Dom0's own NICs and bridges are on the same LAN.
_LOOK = f"cat /sys/class/net/*/address; {XENSTORE}"
_MAC = re.compile(r"\b(?:[0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}\b")


def macs_in_use(connection: Connection, shell: HostShell) -> frozenset[MacAddress]:
    """Return every address of all domains, as they run and as they are defined, and of Dom0."""
    found: set[MacAddress] = set()
    for raw in connection.read("listing domains", lambda raw: raw.listAllDomains()):
        with contextlib.suppress(NotFoundError):  # gone since it was listed
            found |= connection.call("reading a domain's VNIFs", functools.partial(_macs, raw))
    if not isinstance(shell, NoShell):
        found |= {MacAddress(text) for text in _MAC.findall(shell.run(_LOOK).stdout)}
    return frozenset(found)


def _macs(raw: _libvirt.RawDomain) -> set[MacAddress]:
    configs = [parse_domain_xml(raw.XMLDesc(flags)) for flags in (0, _libvirt.XML_INACTIVE)]
    return {vnif.mac for config in configs for vnif in config.vnifs if vnif.mac}
