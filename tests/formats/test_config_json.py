"""A domain's config as JSON: nothing is lost, and what a program changes counts."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from xenvm import formats
from xenvm.errors import ParseError
from xenvm.formats.config_json import config_from_json, config_to_json
from xenvm.formats.domain_xml import format_domain_xml, parse_domain_xml
from xenvm.model.domain import DomainConfig
from xenvm.model.quantities import CpuSet, MacAddress
from xenvm.model.vbd import Vbd
from xenvm.model.vnif import Vnif

FOLDER = Path(__file__).parents[1] / "fixtures" / "domains"
DOCUMENTS = {path.stem: path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.xml"))}

Json = dict[str, Any]

FRESH = DomainConfig(
    name="a",
    memory_kib=1024,
    cpus=CpuSet.of([0, 2]),
    vbds=(Vbd(target="xvda", source="/dev/a"),),
    vnifs=(Vnif(bridge="xenbr0", mac=MacAddress.xen(1)),),
)


def changed(config: DomainConfig, change: Callable[[Json], object]) -> DomainConfig:
    document = json.loads(config_to_json(config))
    change(document)
    return config_from_json(json.dumps(document))


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_json_gives_the_config_back_with_all_that_its_document_says(name: str) -> None:
    config = parse_domain_xml(DOCUMENTS[name])
    told = config_from_json(config_to_json(config))
    assert told == config
    assert format_domain_xml(told) == format_domain_xml(config)
    assert config_to_json(told) == config_to_json(config)


def test_a_config_of_a_program_needs_no_document() -> None:
    text = config_to_json(FRESH)
    assert json.loads(text)["document"] is None
    assert config_from_json(text) == FRESH
    assert format_domain_xml(config_from_json(text)) == format_domain_xml(FRESH)


def test_fields_are_there_to_read() -> None:
    document = json.loads(config_to_json(FRESH))
    assert document["schema"] == "xenvm-domain/1"
    assert (document["guest_type"], document["memory_kib"], document["cpus"]) == ("pv", 1024, "0,2")
    assert document["vnifs"][0]["mac"] == "00:16:3e:00:00:01"
    assert {*document} == {
        "schema",
        "document",
        *(each.name for each in dataclasses.fields(DomainConfig) if each.name != "residue"),
    }


def test_an_item_of_a_document_keeps_it_in_a_config_of_a_program() -> None:
    second = parse_domain_xml(DOCUMENTS["pv"]).vbds[1]
    told = config_from_json(config_to_json(replace(FRESH, vbds=(second,))))
    assert told == replace(FRESH, vbds=(second,))
    assert 'io="native"' in format_domain_xml(told)


def test_what_a_program_changes_in_the_fields_counts() -> None:
    config = parse_domain_xml(DOCUMENTS["pv"])

    def change(document: Json) -> None:
        document["name"] = "web-2"
        document["vbds"][1]["source"] = "/srv/web-2.qcow2"
        del document["vbds"][0], document["vnifs"][0]["bridge"], document["title"]
        document["vbds"].append({"target": "xvdz", "source": "/dev/z"})

    told = changed(config, change)
    second = replace(config.vbds[1], source="/srv/web-2.qcow2")
    new = Vbd(target="xvdz", source="/dev/z")
    assert told == replace(config, name="web-2", vbds=(second, config.vbds[2], new))
    text = format_domain_xml(told)
    assert 'io="native"' in text
    assert "<!-- swap -->" in text


def test_a_small_config_may_be_written_by_hand() -> None:
    text = '{"schema": "xenvm-domain/1", "name": "a", "memory_kib": 4, "on_crash": "shrug"}'
    assert config_from_json(text) == DomainConfig(name="a", memory_kib=4, on_crash="shrug")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda d: d.update(colour="red"), "colour is not known"),
        (lambda d: d["vbds"][0].update(colour="red"), r"vbds\[0\]\.colour is not known"),
        (lambda d: d.update(memory_kib="4"), "memory_kib must be int, not str"),
        (lambda d: d.update(vcpus=True), "vcpus must be int, not bool"),
        (lambda d: d.update(uuid="me"), "uuid is wrong: badly formed"),
        (lambda d: d.update(cpus="3-1"), "cpus is wrong: '3-1' counts downwards"),
        (lambda d: d.update(vbds={}), "vbds must be list, not dict"),
        (lambda d: d["vnifs"][0].update(mac=5), r"vnifs\[0\]\.mac must be str, not int"),
        (lambda d: d["vnifs"][0].update(mac="zz"), r"vnifs\[0\]\.mac is wrong: 'zz' is no MAC"),
        (lambda d: d["vbds"][0].pop("target"), r"vbds\[0\]\.target is missing"),
        (lambda d: d["vbds"][0].update(element=7), r"vbds\[0\]\.element names no element"),
        (lambda d: d["vbds"][0].update(element="7"), r"vbds\[0\]\.element must be int"),
        (lambda d: d.pop("name"), "name is missing"),
        (lambda d: d.update(document=5), "document must be str"),
        (lambda d: d.update(document="<domain>"), "this is no XML"),
        (lambda d: d.update(schema="xenvm-domain/2"), "its schema must be xenvm-domain/1"),
        (lambda d: d.update(name=None), "name must be str, not NoneType"),
    ],
)
def test_json_that_is_no_config_is_refused_by_the_fields_name(
    change: Callable[[Json], object], complaint: str
) -> None:
    with pytest.raises(ParseError, match=complaint):
        changed(FRESH, change)


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 10**5])
def test_what_is_no_json_object_is_refused(text: str) -> None:
    with pytest.raises(ParseError, match="this is no domain config"):
        config_from_json(text)


def test_an_element_is_one_of_its_own_class() -> None:
    config = parse_domain_xml(DOCUMENTS["pv"])

    def change(document: Json) -> None:
        document["vbds"][0]["element"] = document["vnifs"][0]["element"]

    with pytest.raises(ParseError, match=r"vbds\[0\]\.element names no element .* for a Vbd"):
        changed(config, change)


def test_the_formats_have_their_names_in_the_package() -> None:
    assert formats.config_from_json is config_from_json
    assert {*formats.__all__} <= {*dir(formats)}
    with pytest.raises(AttributeError, match="no attribute 'parse_poem'"):
        _ = formats.parse_poem
