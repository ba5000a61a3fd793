"""What is parsed and formatted again is the same canonical XML, for all of libvirt's test data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import pytest
from lxml import etree

from tests.corpora.conftest import CorpusOf, Count, Tally
from tests.corpora.corpus import (
    CAPABILITIES,
    DOMAIN_CAPABILITIES,
    DOMAINS,
    INTERFACE,
    NETWORK,
    NETWORK_UPDATE,
    NODE_DEVICE,
    STORAGE_POOL,
    STORAGE_VOLUME,
    Folder,
    folders,
)
from tests.corpora.trees import differences
from xenvm import formats
from xenvm.errors import ParseError
from xenvm.model.network import ForwardInterface, PortGroup
from xenvm.model.network_services import DhcpHost, DhcpRange, DnsHost, DnsService, DnsText

pytestmark = pytest.mark.timeout(700)

T = TypeVar("T")
RoundTrip = Callable[[Path], str]


def through(parse: Callable[[bytes], T], write: Callable[[T], str]) -> RoundTrip:
    """Return a function from a file to its document, parsed and formatted again."""
    return lambda path: write(parse(path.read_bytes()))


SECTIONS = {
    "range": DhcpRange,
    "interface": ForwardInterface,
    "portgroup": PortGroup,
    "txt": DnsText,
    "srv": DnsService,
}


def section_again(path: Path) -> str:
    """Return a part of a network, parsed and formatted again; a host is DNS' by its file's name."""
    document = path.read_bytes()
    host = DnsHost if path.name.startswith("dns") else DhcpHost
    kind = {**SECTIONS, "host": host}.get(str(etree.fromstring(document).tag))
    if kind is None:
        return formats.format_network_xml(formats.parse_network_xml(document))
    return formats.format_network_section_xml(formats.parse_network_section_xml(document, kind))


ROUND_TRIPS: Mapping[str, RoundTrip] = {
    **dict.fromkeys(DOMAINS, through(formats.parse_domain_xml, formats.format_domain_xml)),
    NETWORK: through(formats.parse_network_xml, formats.format_network_xml),
    NETWORK_UPDATE: section_again,
    INTERFACE: through(formats.parse_interface_xml, formats.format_interface_xml),
    NODE_DEVICE: through(formats.parse_node_device_xml, formats.format_node_device_xml),
    CAPABILITIES: through(formats.parse_capabilities_xml, formats.format_capabilities_xml),
    DOMAIN_CAPABILITIES: through(
        formats.parse_domain_capabilities_xml, formats.format_domain_capabilities_xml
    ),
    STORAGE_POOL: through(formats.parse_storage_pool_xml, formats.format_storage_pool_xml),
    STORAGE_VOLUME: through(formats.parse_storage_volume_xml, formats.format_storage_volume_xml),
}
"""How the documents of a group go in and out again: a new format is one more line."""


REFUSED: Mapping[str, str] = {"cpuset-invalid.xml": "'aaa' is no list of CPUs"}
"""Documents with a text that is not of its field's type, which libvirt refuses too; and the error
that says so."""


@pytest.mark.parametrize("folder", folders(*ROUND_TRIPS), ids=str)
def test_nothing_is_lost_between_parsing_and_formatting(
    corpus_of: CorpusOf, count: Count, folder: Folder
) -> None:
    survey = corpus_of(folder.version).survey(folder)
    losses = {path.name: loss(ROUND_TRIPS[folder.group], path) for path in survey.documents}
    lost = {name: what for name, what in losses.items() if what}
    count(
        Tally(
            "lossless", str(folder), len(losses), len(lost),
            f"{len(survey.doubles)} of them doubles; aside: {len(survey.links)} links, "
            f"{len(survey.not_xml)} no XML",
        )
    )  # fmt: skip
    shown = "\n".join(f"  {name}: {what}" for name, what in lost.items())
    assert not lost, f"{len(lost)} of {len(losses)} are not what they were:\n{shown}"


def loss(round_trip: RoundTrip, path: Path) -> str:
    """Return the first thing that is not what it was; empty if all is."""
    try:
        found = differences(path.read_bytes(), round_trip(path))
    except ParseError as exc:
        expected = REFUSED.get(path.name)
        return "" if expected and expected in str(exc) else f"not parsed: {exc}"
    if path.name in REFUSED:
        return "taken, and should have been refused"
    return f"{str(found[0])[:200]} ({len(found)} in all)" if found else ""
