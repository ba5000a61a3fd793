"""Every class of a host's model: what is written is read, and an edit moves nothing else."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from typing import NamedTuple, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from tests.formats.generated import strategies_of, values_of
from xenvm.formats.binding import format_element, read_element
from xenvm.model.capabilities import Capabilities
from xenvm.model.domain_capabilities import DomainCapabilities
from xenvm.model.interface import InterfaceConfig
from xenvm.model.mapping import place_of
from xenvm.model.network import NetworkConfig
from xenvm.model.node_device import NodeDevice
from xenvm.model.residue import Modelled
from xenvm.model.storage import StoragePoolConfig, StorageVolumeConfig

KINDS: dict[type[Modelled], str] = {
    NetworkConfig: "network",
    InterfaceConfig: "interface",
    NodeDevice: "device",
    Capabilities: "capabilities",
    DomainCapabilities: "domainCapabilities",
    StoragePoolConfig: "pool",
    StorageVolumeConfig: "volume",
}

every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
patiently = settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

Kind = TypeVar("Kind", bound=Modelled)


def read(kind: type[Kind], text: str) -> Kind:
    return read_element(kind, etree.fromstring(text.encode()))


class Foreign(NamedTuple):
    """A value, and the same read from a document that says more than the model knows."""

    value: Modelled
    told: Modelled
    text: str


def foreign(value: Modelled) -> Foreign:
    """Write a value with what no model knows in, before and behind every element of its own."""
    tag = KINDS[type(value)]
    root = etree.fromstring(format_element(value, tag).encode())
    for number, element in enumerate([each for each in root.iter() if len(each)] or [root]):
        element.set("{urn:tomorrow}mark", str(number))
        element.insert(0, etree.Comment(f" before {number} "))
        etree.SubElement(element, "{urn:tomorrow}more").text = str(number)
    text = f"<!-- head -->\n{etree.tostring(root, encoding='unicode')}\n<!-- tail -->"
    return Foreign(value, read(type(value), text), text)


def outside(text: str, field: dataclasses.Field[object]) -> list[str]:
    """Return what stands at the top of a document, less what belongs to ``field``."""
    root = etree.fromstring(text.encode())
    place = place_of(field)
    first = place.xml.split("/")[0] if place else ""
    attributes = [f"{name!s}={value!s}" for name, value in root.items() if f"@{name!s}" != first]
    around = [*root.itersiblings(preceding=True), *root.itersiblings()]
    children = [child for child in root if child.tag != first]
    nodes = [etree.tostring(each, encoding="unicode", with_tail=False) for each in children]
    return [*attributes, *(str(each.text) for each in around), *nodes]


@every_kind
@patiently
@given(st.data())
def test_what_is_written_is_read_and_what_the_model_does_not_know_is_kept(
    kind: type[Modelled], data: st.DataObject
) -> None:
    value, told, text = foreign(data.draw(values_of(kind)))
    assert read(kind, format_element(value, KINDS[kind])) == value
    assert told == value
    assert hash(told) == hash(value)
    for each in (told, copy.deepcopy(told)):
        assert format_element(each, KINDS[kind]) == text
    assert pickle.loads(pickle.dumps(told)) == told  # noqa: S301 - our own


@every_kind
@patiently
@given(st.data())
def test_an_edit_is_read_again_and_moves_nothing_else(
    kind: type[Modelled], data: st.DataObject
) -> None:
    _, told, text = foreign(data.draw(values_of(kind)))
    strategies = strategies_of(kind)
    field = data.draw(
        st.sampled_from([each for each in dataclasses.fields(kind) if each.name in strategies])
    )
    edited = dataclasses.replace(told, **{field.name: data.draw(strategies[field.name])})
    written = format_element(edited, KINDS[kind])
    assert read(kind, written) == edited
    assert outside(written, field) == outside(text, field)
