"""Changing one field changes that field's node only, on whatever document."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from types import UnionType
from typing import Union, get_args, get_origin, get_type_hints
from uuid import UUID

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from tests.corpora.conftest import CorpusOf
from tests.corpora.corpus import GENERIC, NEW, OLD, QEMU, XEN
from tests.corpora.trees import differences
from xenvm.errors import ParseError, SpecError
from xenvm.formats import format_domain_xml, parse_domain_xml
from xenvm.model.domain import DomainConfig
from xenvm.model.mapping import Place, place_of
from xenvm.model.quantities import CpuSet, MacAddress, PciAddress
from xenvm.model.residue import Modelled

pytestmark = pytest.mark.timeout(700)

CHANGED_WITH = {
    "max_memory_kib": "memory_kib",
    "memory_kib": "max_memory_kib",
    "max_vcpus": "vcpus",
    "vcpus": "max_vcpus",
}
"""A field that a document may leave out, as it then says the same as another: once that other is
changed, it has to be said."""

REFUSED = {"passthrough_mode", "backing", "source", "kind", "pci", "usb", "scsi", "nvram"}
"""Fields that say nothing without another, such as a VBD's source of an unknown backing: XML cannot
say them alone, which is an error and no loss. Nor is there a path where QEMU's ``<nvram>`` holds a
network disk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A config with one field changed, and where the change must be.

    Attributes:
        name: The field, with the fields that lead to it.
        config: The changed value.
        paths: Where it is written, without the numbers of repeated elements.
    """

    name: str
    config: Modelled
    paths: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field of a class, its place and the type of its value or items."""

    name: str
    place: Place
    kind: object
    many: bool


FIELDS: dict[type[Modelled], tuple[Field, ...]] = {}


def fields_of(kind: type[Modelled]) -> tuple[Field, ...]:
    if kind not in FIELDS:
        FIELDS[kind] = tuple(placed_fields(kind))
    return FIELDS[kind]


def placed_fields(kind: type[Modelled]) -> Iterator[Field]:
    hints = get_type_hints(kind)
    for each in dataclasses.fields(kind):
        place, hint = place_of(each), hints[each.name]
        if place and (place.xml or place.cases):
            many = get_origin(hint) is tuple
            yield Field(name=each.name, place=place, kind=inner(hint), many=many)


def inner(hint: object) -> object:
    """Return the type in a tuple or beside None and a string."""
    if get_origin(hint) is tuple:
        return inner(get_args(hint)[0])
    if get_origin(hint) in {UnionType, Union}:
        kinds = [kind for kind in get_args(hint) if kind not in {type(None), str}]
        return inner(kinds[0]) if kinds else str
    return hint


def another(kind: object, old: object) -> object:
    """Return a value of a type that is not ``old``; None where the type has no such."""
    if kind is int and isinstance(old, int):
        return old + 1024
    if kind is bool:
        return not old
    fresh: dict[object, object] = {
        int: 1024,
        str: "xenvm-edit",
        UUID: UUID(int=7),
        CpuSet: CpuSet.parse("0-1"),
        MacAddress: MacAddress.xen(7),
        PciAddress: PciAddress(bus=7, slot=7, function=7),
    }
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return "tomorrow"
    return fresh.get(kind)


def edits(value: Modelled, base: str) -> Iterator[Edit]:
    """Yield every edit of one field of ``value`` or of what it holds."""
    for field in fields_of(type(value)):
        old = getattr(value, field.name)
        yield from nested(value, field, old, base)
        if field.many and isinstance(old, tuple):
            changed: object = old[:-1] if old else None
        elif isinstance(old, Modelled):
            changed = None
        else:
            changed = another(field.kind, old)
        if changed is None or changed == old:
            continue
        names = {field.name, CHANGED_WITH.get(field.name, field.name)}
        yield Edit(
            name=field.name,
            config=dataclasses.replace(value, **{field.name: changed}),  # type: ignore[arg-type]
            paths=frozenset(
                path for each in fields_of(type(value)) if each.name in names
                for path in paths_of(each.place, base)
            ),
        )  # fmt: skip


def nested(value: Modelled, field: Field, old: object, base: str) -> Iterator[Edit]:
    items = old if isinstance(old, tuple) else (old,)
    for number, item in enumerate(items):
        if not isinstance(item, Modelled):
            continue
        for edit in edits(item, f"{base}/{field.place.xml}"):
            changed: object = edit.config
            if isinstance(old, tuple):
                changed = (*old[:number], edit.config, *old[number + 1 :])
            yield Edit(
                name=f"{field.name}[{number}].{edit.name}",
                config=dataclasses.replace(value, **{field.name: changed}),  # type: ignore[arg-type]
                paths=edit.paths,
            )


def paths_of(place: Place, base: str) -> Iterator[str]:
    for path in (place.xml, place.also, *(path for _, path in place.cases)):
        element = re.sub(r"/?@[^/]*$", "", path).removesuffix(".").rstrip("/")
        if path:
            yield f"{base}/{element}".rstrip("/")


def is_allowed(path: str, allowed: frozenset[str], *, whole: bool) -> bool:
    """Return whether a changed node is the field's, or came or went with nothing but it inside."""
    plain = re.sub(r"\[\d+\]", "", path)
    return any(
        plain == each or plain.startswith(f"{each}/") or (whole and each.startswith(f"{plain}/"))
        for each in allowed
    )


class Documents(list[str]):
    """Documents that a failing test does not print."""

    def __repr__(self) -> str:
        return f"{len(self)} documents"


@pytest.fixture(scope="module")
def documents(corpus_of: CorpusOf) -> Documents:
    """Every domain document of both releases that concerns Xen or no driver, and QEMU's."""
    paths = [
        path for version in (OLD, NEW)
        for path in corpus_of(version).documents(XEN, GENERIC, QEMU)
    ]  # fmt: skip
    return Documents(path.read_text("utf-8") for path in paths)


@settings(
    deadline=None, max_examples=1500, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(number=st.integers(0, 1 << 16), which=st.integers(0, 1 << 10))
def test_changing_one_field_changes_that_node_only(
    documents: Documents, number: int, which: int
) -> None:
    document = documents[number % len(documents)]
    try:
        config = parse_domain_xml(document)
    except ParseError:
        return
    choices = [*edits(config, "/domain")]
    edit = choices[which % len(choices)]
    assert isinstance(edit.config, DomainConfig)
    try:
        written = format_domain_xml(edit.config)
    except SpecError as exc:
        if edit.name.rpartition(".")[2] not in REFUSED or edit.name.split("[")[0] not in str(exc):
            raise
        event(f"refused: {re.sub(r'[0-9]+', '', edit.name)}")
        return
    assert parse_domain_xml(written) == edit.config, edit.name
    found = differences(document, written)
    assert found, f"{edit.name} changed nothing"
    strays = [
        str(each) for each in found
        if not is_allowed(each.path, edit.paths, whole=each.before is None or each.after is None)
    ]  # fmt: skip
    assert not strays, f"{edit.name} may change {sorted(edit.paths)} alone"
