"""The laws of the binding: what was written is read, and an edit moves nothing else."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import types
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Union, cast, get_args, get_origin, get_type_hints
from uuid import UUID

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from lxml import etree

from xenvm.errors import SpecError
from xenvm.formats._xml import parse_xml
from xenvm.formats.binding import format_element, read_element
from xenvm.formats.domain_xml import format_domain_xml, parse_domain_xml
from xenvm.model import boot, chardev, clock, cpu, devices, domain, graphics, hostdev, hyperv
from xenvm.model import vbd as vbd_module
from xenvm.model import vnif as vnif_module
from xenvm.model.domain import DomainConfig
from xenvm.model.mapping import place_of
from xenvm.model.quantities import CpuSet, MacAddress, PciAddress
from xenvm.model.residue import Modelled

FOLDER = Path(__file__).parents[1] / "fixtures" / "domains"
DOCUMENTS = {path.stem: path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.xml"))}

MODULES = (
    boot,
    chardev,
    clock,
    cpu,
    devices,
    domain,
    graphics,
    hostdev,
    hyperv,
    vbd_module,
    vnif_module,
)
CLASSES = sorted(
    {
        kind
        for module in MODULES
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, Modelled) and not kind.__subclasses__()
    },
    key=lambda kind: kind.__name__,
)

words = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn")), min_size=1, max_size=12)
macs = st.binary(min_size=6, max_size=6).map(lambda octets: MacAddress(octets.hex(":")))
cpu_sets = st.sets(st.integers(0, 300), min_size=1, max_size=6).map(CpuSet.of)
pci_addresses = st.builds(
    PciAddress,
    domain=st.integers(0, 0xFFFF),
    bus=st.integers(0, 255),
    slot=st.integers(0, 31),
    function=st.integers(0, 7),
)
BY_TYPE: Mapping[object, st.SearchStrategy[object]] = {
    type(None): st.none(),
    str: words,
    int: st.integers(1, 2**31),
    bool: st.booleans(),
    UUID: st.uuids(),
    MacAddress: macs,
    CpuSet: cpu_sets,
    PciAddress: pci_addresses,
}
LAW = settings(deadline=None, max_examples=20)


def values_of(hint: object) -> st.SearchStrategy[object]:
    """Return what a field with such a type may hold."""
    if get_origin(hint) is tuple:
        return st.lists(values_of(get_args(hint)[0]), max_size=3).map(tuple)
    if get_origin(hint) in {types.UnionType, Union}:
        return st.one_of(*map(values_of, get_args(hint)))
    kind = cast("type", hint)
    if issubclass(kind, StrEnum):
        return st.sampled_from(kind)
    return instances(kind) if issubclass(kind, Modelled) else BY_TYPE[kind]


def instances(kind: type[Modelled]) -> st.SearchStrategy[Modelled]:
    """Return values of a class, with a few of its fields said."""
    hints = get_type_hints(kind)
    names = [each.name for each in dataclasses.fields(kind) if each.name != "residue"]
    needed = {each.name for each in dataclasses.fields(kind) if is_required(each)}
    chosen = st.sets(st.sampled_from(names), max_size=8).map(lambda some: sorted(needed | some))
    return chosen.flatmap(
        lambda some: st.builds(kind, **{name: values_of(hints[name]) for name in some})
    )


def is_required(each: dataclasses.Field[object]) -> bool:
    return each.default is dataclasses.MISSING


def written(value: Modelled) -> str:
    """Return a value's XML; a value that no XML can say is not of interest."""
    try:
        return format_element(value, "element")
    except SpecError:
        assume(False)
        raise


def read(kind: type[Modelled], text: str) -> Modelled:
    return read_element(kind, etree.fromstring(text))


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_reading_what_was_written_gives_the_same_value(kind: type[Modelled]) -> None:
    @LAW
    @given(instances(kind))
    def law(value: Modelled) -> None:
        text = written(value)
        told = read(kind, text)
        assert told == value
        assert hash(told) == hash(value)
        assert format_element(told, "element") == text.strip()

    law()


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_a_document_that_nobody_changed_is_written_as_it_was(name: str) -> None:
    text = DOCUMENTS[name]
    assert format_domain_xml(parse_domain_xml(text)) == text
    assert format_domain_xml(parse_domain_xml(text.encode())) == text


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_a_change_that_is_taken_back_leaves_no_trace(name: str) -> None:
    config = parse_domain_xml(DOCUMENTS[name])
    changed = parse_domain_xml(format_domain_xml(dataclasses.replace(config, name="x", vbds=())))
    back = dataclasses.replace(changed, name=config.name)
    told = format_domain_xml(dataclasses.replace(back, vbds=config.vbds))
    assert parse_domain_xml(told) == config
    assert Counter(nodes(told)) == Counter(nodes(DOCUMENTS[name]))


@pytest.mark.parametrize("name", ["hvm", "live"])
def test_line_ends_and_indents_stay_where_something_changed(name: str) -> None:
    text = DOCUMENTS[name]
    told = format_domain_xml(dataclasses.replace(parse_domain_xml(text), name="other"))
    assert [line for line in told.split("\n") if line not in text.split("\n")] == [
        "  <name>other</name>"
    ]
    assert len(told.split("\n")) == len(text.split("\n"))


Node = tuple[str, tuple[tuple[str, str], ...], str]
"""A path of tags, attributes, text."""


@st.composite
def edits(draw: st.DrawFn) -> tuple[str, Modelled, Modelled, str]:
    """Return a document's name, its config, an edited one, and the path of the field."""
    name = draw(st.sampled_from(sorted(DOCUMENTS)))
    config = parse_domain_xml(DOCUMENTS[name])
    edited, path = draw(edited_values(config, ""))
    return name, config, edited, path


@st.composite
def edited_values(draw: st.DrawFn, value: Modelled, above: str) -> tuple[Modelled, str]:
    """Return a value with one field changed, at most one level deeper, and the field's path."""
    fields = [each for each in dataclasses.fields(value) if each.name != "residue"]
    each = draw(st.sampled_from(fields))
    place = place_of(each)
    assert place is not None
    path = f"{above}/{place.xml or place.cases[0][1]}"
    old = getattr(value, each.name)
    if isinstance(old, tuple) and old and isinstance(old[0], Modelled) and draw(st.booleans()):
        index = draw(st.integers(0, len(old) - 1))
        item, path = draw(edited_values(old[index], path))
        return changed(value, each.name, (*old[:index], item, *old[index + 1 :])), path
    new = draw(values_of(get_type_hints(type(value))[each.name]))
    return changed(value, each.name, new), path


def changed(value: Modelled, name: str, new: object) -> Modelled:
    return dataclasses.replace(value, **{name: new})  # type: ignore[arg-type]


@settings(deadline=None, max_examples=120)
@given(edits())
def test_an_edit_changes_its_own_place_and_no_other(
    edit: tuple[str, Modelled, Modelled, str],
) -> None:
    name, before, after, path = edit
    try:
        text = format_domain_xml(cast("DomainConfig", after))
    except SpecError:
        assume(False)
        raise
    assert parse_domain_xml(text) == after
    own = [step for step in path.split("/") if step and not step.startswith("@") and step != "."]
    # Memory that followed the maximum, because nothing was said of it, is said when it stays.
    places = [own, ["currentMemory"]] if own == ["memory"] else [own]
    elsewhere = [
        [node for node in nodes(text) if not any(is_related(node[0], place) for place in places)]
        for text in (DOCUMENTS[name], text)
    ]
    assert elsewhere[0] == elsewhere[1]
    assert before != after or canonical(text) == canonical(DOCUMENTS[name])


def is_related(path: str, own: list[str]) -> bool:
    """Return whether a node's path and a field's lie on each other."""
    tags = path.split("/")[1:]
    length = min(len(tags), len(own))
    return tags[:length] == [step.rpartition(":")[2] for step in own[:length]]


def nodes(text: str) -> Iterator[Node]:
    """Yield every element, comment and instruction of a document, in order."""
    root = etree.fromstring(text.encode())
    top = [*root.itersiblings(preceding=True), *root.iter(), *root.itersiblings()]
    for node in top:
        steps = [str(node.tag), *(str(above.tag) for above in node.iterancestors())]
        path = "/".join(
            reversed([etree.QName(step).localname if step[0] != "<" else "#" for step in steps])
        )
        attributes = tuple(sorted((str(k), str(v)) for k, v in node.attrib.items()))
        yield path, attributes, (node.text or "").strip()


def canonical(text: str) -> bytes:
    root = etree.fromstring(text.encode())
    for node in root.iter():
        node.text = node.text if (node.text or "").strip() else None
        node.tail = node.tail if (node.tail or "").strip() else None
    return etree.tostring(root.getroottree(), method="c14n", with_comments=True)


def pickled(config: DomainConfig) -> DomainConfig:
    return cast("DomainConfig", pickle.loads(pickle.dumps(config)))  # noqa: S301 - our own


def with_last_vbd_flipped(config: DomainConfig) -> DomainConfig:
    *others, last = config.vbds
    flipped = dataclasses.replace(last, readonly=not last.readonly)
    return dataclasses.replace(config, vbds=(*others, flipped))


@pytest.mark.parametrize("clone", [copy.copy, copy.deepcopy, pickled])
@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_a_copy_is_equal_and_is_edited_like_the_original(
    name: str, clone: Callable[[DomainConfig], DomainConfig]
) -> None:
    config = parse_domain_xml(DOCUMENTS[name])
    twin = clone(config)
    assert twin == config
    assert hash(twin) == hash(config)
    assert format_domain_xml(twin) == format_domain_xml(config)
    edited, edited_twin = with_last_vbd_flipped(config), with_last_vbd_flipped(twin)
    assert format_domain_xml(edited_twin) == format_domain_xml(edited)


PIECES = (
    "a",
    " ",
    "\n  ",
    "<b/>",
    "<b> </b>",
    "<!--c-->",
    "<?p?>",
    "<![CDATA[ d]]>",
    "&#32;",
    "&amp;",
)


@given(st.lists(st.sampled_from(PIECES), max_size=6).map("".join))
def test_a_document_says_the_same_as_its_tree(inside: str) -> None:
    """A document is read from a tree without white space, and edited in one with it."""
    text = f"<domain> <name>n</name>\n<os><nvram>{inside}</nvram> </os></domain>"
    config = parse_domain_xml(text)
    assert config == read_element(DomainConfig, parse_xml(text.encode(), "utf-8"))
    assert format_domain_xml(config) == text
    edited = format_domain_xml(dataclasses.replace(config, name="m"))
    assert parse_domain_xml(edited).nvram == config.nvram
