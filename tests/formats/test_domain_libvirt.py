"""What the model builds with every device there is: libvirt's schema and parser agree."""

from __future__ import annotations

import dataclasses

import libvirt
import pytest

from tests.fixtures.guests import WHOLE_HVM, WHOLE_PV
from xenvm.formats.domain_xml import format_domain_xml, parse_domain_xml
from xenvm.model.domain import DomainConfig

ADDED = {
    "uuid",
    "vbds",  # the bus, by the target's name; an address
    "vnifs",  # the back-end's name
    "controllers",
    "consoles",  # HVM: the first serial port is one
}
"""What libvirt says more of than it was told."""


@pytest.mark.parametrize("config", [WHOLE_PV, WHOLE_HVM], ids=lambda config: config.name)
def test_libvirt_takes_all_that_the_model_says_and_says_the_same(config: DomainConfig) -> None:
    text = format_domain_xml(config)
    assert parse_domain_xml(text) == config
    connection = libvirt.open("test:///default")
    try:
        domain = connection.defineXMLFlags(text, libvirt.VIR_DOMAIN_DEFINE_VALIDATE)
        told = parse_domain_xml(domain.XMLDesc(0))
        domain.undefine()
    finally:
        connection.close()
    same = {each.name for each in dataclasses.fields(config)} - ADDED - {"residue"}
    assert {name: getattr(told, name) for name in same} == {
        name: getattr(config, name) for name in same
    }
    assert [vbd.source for vbd in told.vbds] == [vbd.source for vbd in config.vbds]
    assert [dataclasses.replace(vnif, device=None) for vnif in told.vnifs] == [*config.vnifs]
    assert {(each.kind, each.ports, each.max_grant_frames) for each in told.controllers} >= {
        (each.kind, each.ports, each.max_grant_frames) for each in config.controllers
    }
