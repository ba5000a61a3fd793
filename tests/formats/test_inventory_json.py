"""An inventory as JSON: lossless, strict, and described by its schema."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import cast

import jsonschema
import pytest

from xenvm.errors import ParseError
from xenvm.formats.inventory_json import (
    inventory_from_json,
    inventory_to_json,
    schema,
)
from xenvm.formats.json_fields import JsonValue
from xenvm.model.inventory import Inventory

Document = dict[str, JsonValue]
CAPTURE = "bookworm-one-guest"


@pytest.fixture
def document(captured: Callable[[str], Inventory]) -> Document:
    """Return a captured host's inventory as JSON."""
    return cast("Document", json.loads(inventory_to_json(captured(CAPTURE))))


def put(document: Document, path: tuple[str | int, ...], value: JsonValue) -> Document:
    """Return a copy of ``document`` with one value replaced."""
    changed = copy.deepcopy(document)
    place: JsonValue = changed
    for step in path[:-1]:
        place = place[step]  # type: ignore[index]
    place[path[-1]] = value  # type: ignore[index]
    return changed


def test_writing_and_reading_loses_nothing(captured: Callable[[str], Inventory]) -> None:
    inventory = captured(CAPTURE)
    assert inventory_from_json(inventory_to_json(inventory)) == inventory


def test_the_schema_accepts_what_is_written(document: Document) -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    jsonschema.validate(document, schema())


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("schema",), "xenvm-inventory/2", "schema must be xenvm-inventory/1"),
        (("evidence",), "virtual", "evidence must be one of hardware, nested, simulated"),
        (("hypervisor", "nr_cpus"), "2", "hypervisor.nr_cpus must be int, not str"),
        (("hypervisor", "nr_cpus"), True, "hypervisor.nr_cpus must be int, not bool"),
        (("hypervisor", "cores"), 2, "hypervisor.cores is not known"),
        (("domains", 0, "guest_type"), "kvm", "domains[0].guest_type must be one of pv"),
        (("domains", 0, "macs"), "00:16:3e", "domains[0].macs must be list"),
        (("network", "interfaces", 1, "name"), None, "network.interfaces[1].name must be str"),
        (("raw", "xl list"), 1, "raw['xl list'] must be str"),
        (("host",), [], "host must be dict"),
    ],
)
def test_a_wrong_field_is_refused_by_its_name_and_by_the_schema(
    document: Document, path: tuple[str | int, ...], value: JsonValue, says: str
) -> None:
    wrong = put(document, path, value)
    with pytest.raises(ParseError) as caught:
        inventory_from_json(json.dumps(wrong))
    assert says in str(caught.value)
    assert not jsonschema.Draft202012Validator(schema()).is_valid(wrong)


def test_a_missing_field_is_refused_by_its_name(document: Document) -> None:
    del cast("Document", document["dom0"])["memory_kib"]
    with pytest.raises(ParseError, match=r"dom0\.memory_kib is missing"):
        inventory_from_json(json.dumps(document))


@pytest.mark.parametrize("text", ["", "[]", "{}", "nonsense", "[" * 100_000, "3"])
def test_what_is_no_inventory_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(ParseError, match="this is no inventory") as caught:
        inventory_from_json(text)
    assert "\n" not in str(caught.value)
