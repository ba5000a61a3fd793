"""What a class of the model may declare, and what a document may do to it."""

from __future__ import annotations

import copy
import textwrap
from dataclasses import FrozenInstanceError, dataclass, field, replace

import pytest
from lxml import etree

from xenvm.errors import ParseError, SpecError
from xenvm.formats.binding import numbered, program, read_element
from xenvm.formats.binding.plan import plan_of
from xenvm.formats.binding.stops import survey
from xenvm.formats.domain_facts import domain_facts
from xenvm.formats.domain_xml import format_domain_xml, parse_domain_xml
from xenvm.model.domain import DomainConfig
from xenvm.model.mapping import at
from xenvm.model.residue import Modelled


@dataclass(frozen=True, slots=True, kw_only=True)
class Odd(Modelled):
    """Has a field of a type that no text becomes."""

    what: complex = field(default=0j, metadata=at("@what"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Twice(Modelled):
    """Has two fields at one place."""

    one: str = field(default="", metadata=at("@name"))
    two: str = field(default="", metadata=at("@name"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Booted(Modelled):
    """The example of the module that writes readers."""

    name: str = field(metadata=at("name"))
    boot_order: int | None = field(default=None, metadata=at("boot/@order"))


def test_a_class_has_the_reader_that_is_shown_for_its_like() -> None:
    shown = textwrap.dedent((program.__doc__ or "").partition("::\n\n")[2])
    plan = plan_of(Booted)
    written = program.Program(plan, reader_of=NotImplemented)
    written.write(survey(plan))
    assert "\n".join(written.lines) == shown.strip()


def test_a_value_that_was_read_is_as_frozen_as_one_that_was_made() -> None:
    value = read_element(Booted, etree.fromstring("<a><name>a</name><boot order='1'/></a>"))
    assert type(value) is Booted
    assert value == Booted(name="a", boot_order=1)
    assert hash(value) == hash(Booted(name="a", boot_order=1))
    with pytest.raises(FrozenInstanceError):
        value.name = "b"  # type: ignore[misc]


def test_a_field_has_a_type_that_text_becomes() -> None:
    with pytest.raises(TypeError, match="no codec reads <class 'complex'>"):
        read_element(Odd, etree.Element("odd"))


def test_two_fields_are_not_at_one_place() -> None:
    with pytest.raises(TypeError, match="two fields are read from the attribute name"):
        read_element(Twice, etree.Element("twice"))


def test_a_residue_is_never_changed_so_its_copy_is_itself() -> None:
    residue = parse_domain_xml("<domain><name>a</name></domain>").residue
    assert copy.copy(residue) is residue


def test_only_what_was_read_has_elements() -> None:
    assert numbered(DomainConfig(name="a", memory_kib=1)) == {}


def test_of_two_elements_where_one_belongs_the_first_that_says_something_counts() -> None:
    text = (
        "<domain><name/><name>a</name><name>b</name><os><loader>/1</loader><loader>/2</loader>"
        "<boot/><boot dev='hd'/></os><devices><hostdev type='usb'><source><address bus='1'/>"
        "<address bus='2'/></source></hostdev></devices></domain>"
    )
    config = parse_domain_xml(text)
    assert config.name == "a"
    assert config.loader
    assert config.loader.path == "/1"
    assert config.boot == ("hd",)
    assert config.hostdevs[0].usb
    assert config.hostdevs[0].usb.bus == 1
    assert format_domain_xml(config) == text


def test_a_long_document_of_few_elements_is_read() -> None:
    text = f"<domain><name>a</name><description>{'x' * 2**19}</description></domain>"
    assert len(parse_domain_xml(text).description or "") == 2**19


def test_a_number_past_all_is_refused_in_hexadecimal_too() -> None:
    with pytest.raises(ParseError, match="no whole number"):
        parse_domain_xml("<domain><name>a</name><memory>0x1ffffffffffffffff</memory></domain>")
    with pytest.raises(ParseError, match="past 2⁶⁴"):
        parse_domain_xml("<domain id='-18446744073709551617'><name>a</name></domain>")


def test_memory_that_nobody_understands_is_unknown() -> None:
    assert domain_facts("<domain><memory unit='cows'>1</memory></domain>").memory_kib is None


def test_white_space_between_elements_is_no_text() -> None:
    text = "<domain><name>a</name><os><nvram type='network'>\n<source/>\n</nvram></os></domain>"
    config = parse_domain_xml(text)
    assert config.nvram is None
    with pytest.raises(SpecError, match=r"nvram.*: there are elements where"):
        format_domain_xml(replace(config, nvram="/var/lib/xen/nvram.fd"))
