"""Domain XML: it says what the config says, libvirt accepts it, and hostile input is refused."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from uuid import UUID

import libvirt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fixtures import guests
from xenvm.errors import ParseError
from xenvm.formats.domain_xml import format_domain_xml, parse_domain_xml
from xenvm.model.domain import DomainConfig
from xenvm.model.kinds import DiskBacking, DiskDriver, DiskFormat, GuestType, LifecycleAction
from xenvm.model.quantities import MacAddress
from xenvm.model.vbd import Vbd
from xenvm.model.vnif import Vnif

GUEST = dataclasses.replace(guests.GUEST, uuid=UUID("8b8f6c49-4dd0-4e0e-9f0c-5a7d2b5b7f01"))

words = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Cn", "Co", "Zs", "Zl", "Zp")), min_size=1
)
names = words.map(lambda word: word.replace("/", "_")[:200])
paths = st.text("abcXYZ019._-+", min_size=1, max_size=30).map(lambda word: "/" + word)
link_words = st.text("abcXYZ019_", min_size=1, max_size=15)
macs = st.binary(min_size=6, max_size=6).map(
    lambda octets: MacAddress(bytes([octets[0] & 0xFE, *octets[1:]]).hex(":"))
)


@st.composite
def vbds(draw: st.DrawFn, target: str) -> Vbd:
    driver = draw(st.sampled_from([None, *DiskDriver]))
    layout = draw(st.sampled_from(DiskFormat)) if driver is DiskDriver.QEMU else DiskFormat.RAW
    return Vbd(
        target=target,
        source=draw(paths),
        backing=draw(st.sampled_from([DiskBacking.BLOCK, DiskBacking.FILE])),
        driver=driver,
        format=layout,
        readonly=draw(st.booleans()),
        shareable=draw(st.booleans()),
    )


def vnifs(mac: MacAddress | None) -> st.SearchStrategy[Vnif]:
    optional = st.none() | link_words
    return st.builds(
        Vnif, bridge=link_words, mac=st.just(mac), script=st.none() | paths, model=optional
    )


@st.composite
def configs(draw: st.DrawFn) -> DomainConfig:
    memory_kib = draw(st.integers(1, 2**40))
    vcpus = draw(st.integers(1, 64))
    targets = draw(st.lists(st.sampled_from(["xvda", "xvdb1", "xvdaa", "hda"]), unique=True))
    addresses = draw(st.lists(macs, unique=True, max_size=3))
    return DomainConfig(
        name=draw(names),
        guest_type=draw(st.sampled_from(GuestType)),
        memory_kib=memory_kib,
        max_memory_kib=memory_kib + draw(st.integers(0, 2**40)),
        vcpus=vcpus,
        max_vcpus=vcpus + draw(st.integers(0, 64)),
        kernel=draw(paths),
        initrd=draw(st.none() | paths),
        cmdline=draw(st.none() | words),
        vbds=tuple(draw(vbds(target)) for target in targets),
        vnifs=tuple(draw(vnifs(mac)) for mac in [None, *addresses]),
        on_crash=draw(st.sampled_from(LifecycleAction)),
        uuid=draw(st.none() | st.uuids(version=4)),
        title=draw(st.none() | words),
        description=draw(st.none() | words),
    )


@pytest.fixture(scope="module")
def connection() -> Iterator[libvirt.virConnect]:
    connection = libvirt.open("test:///default")
    yield connection
    connection.close()


@settings(deadline=None, max_examples=25)
@given(configs())
def test_reading_what_was_written_gives_the_same_config(config: DomainConfig) -> None:
    assert parse_domain_xml(format_domain_xml(config)) == config


@settings(deadline=None, max_examples=15)
@given(config=configs())
def test_libvirt_accepts_what_was_written_and_keeps_its_meaning(
    connection: libvirt.virConnect, config: DomainConfig
) -> None:
    domain = connection.defineXMLFlags(
        format_domain_xml(config), libvirt.VIR_DOMAIN_DEFINE_VALIDATE
    )
    try:
        told = parse_domain_xml(domain.XMLDesc(0))
    finally:
        domain.undefine()
    # libvirt sorts them, and says what a target's name means.
    assert {dataclasses.replace(vbd, bus=None, address=None) for vbd in told.vbds} == set(
        config.vbds
    )
    assert (told.name, told.guest_type, told.cmdline) == (
        config.name,
        config.guest_type,
        config.cmdline,
    )
    assert (told.memory_kib, told.max_memory_kib) == (config.memory_kib, config.max_memory_kib)
    assert (told.vcpus, told.max_vcpus) == (config.vcpus, config.max_vcpus)


def test_libvirt_gives_a_whole_guest_back() -> None:
    connection = libvirt.open("test:///default")
    domain = connection.defineXMLFlags(format_domain_xml(GUEST), libvirt.VIR_DOMAIN_DEFINE_VALIDATE)
    told = parse_domain_xml(domain.XMLDesc(0))
    assert dataclasses.replace(told, vnifs=GUEST.vnifs, vbds=GUEST.vbds, domid=None) == GUEST
    assert [vbd.bus for vbd in told.vbds] == ["xen", "xen"]
    assert told.vnifs == (dataclasses.replace(GUEST.vnifs[0], device="testnet0"),)
    domain.undefine()
    connection.close()


def test_a_unit_that_a_person_wrote_is_understood() -> None:
    text = "<domain type='xen'><name>a</name><memory unit='{}'>{}</memory><os><type>linux</type>"
    text += "<kernel>/k</kernel></os></domain>"
    sizes = {
        parse_domain_xml(text.format(unit, number)).max_memory_kib
        for unit, number in (("GiB", 1), ("MiB", 1024), ("KiB", 1048576), ("bytes", 1073741824))
    }
    assert sizes == {1048576}


def broken(old: str, new: str) -> str:
    text = format_domain_xml(GUEST)
    assert old in text
    return text.replace(old, new)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (broken(">262144<", ">much<"), "/domain/memory"),
        (broken('unit="KiB">262144', 'unit="cows">262144'), "/domain/memory"),
        (broken("8b8f6c49-", ""), "/domain/uuid"),
        (broken("00:16:3e", "zz:16:3e"), "/domain/devices/interface/mac"),
    ],
)
def test_a_text_that_is_not_of_its_fields_type_is_refused_with_its_place(
    text: str, path: str
) -> None:
    with pytest.raises(ParseError) as caught:
        parse_domain_xml(text)
    assert caught.value.path == path


def parsed(text: str) -> DomainConfig:
    return parse_domain_xml(f"<domain><name>a</name>{text}</domain>")


def test_an_error_names_path_line_and_text() -> None:
    with pytest.raises(ParseError) as caught:
        parsed("\n<devices>\n<disk/><disk><boot order='first'/></disk></devices>")
    assert caught.value.path == "/domain/devices/disk[2]/boot"
    assert (caught.value.line, caught.value.text) == (3, "first")
    assert str(caught.value) == "/domain/devices/disk[2]/boot: 'first' is no whole number"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("<memory>9223372036854775808 </memory><vcpu>99999999999999999999</vcpu>", "past"),
        ("<memory>" + "9" * 1000 + "</memory>", "no whole number"),
        ("<memory>٣</memory>", "no whole number"),
        ("<memory>-1</memory>", "less than nothing"),
        ("<memory unit='EiB'>9223372036854775808</memory>", "past 2⁶⁴ bytes"),
        ("<memory unit='cows'>1</memory>", "no unit"),
        ("<vcpu cpuset='3-1'>1</vcpu>", "counts downwards"),
        ("<uuid>me</uuid>", "no UUID"),
        ("<features><hap state='maybe'/></features>", "neither 'on' nor 'off'"),
        ("<devices><interface managed='on'/></devices>", "neither 'yes' nor 'no'"),
        ("<devices><interface><vlan><tag id='x'/></vlan></interface></devices>", "whole number"),
        (
            "<devices><hostdev><source><address bus='300'/></source></hostdev></devices>",
            "the bus of a PCI address",
        ),
    ],
)
def test_a_text_that_is_none_of_its_kind_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(ParseError, match=complaint):
        parsed(text)


def test_numbers_are_read_as_libvirt_reads_them() -> None:
    config = parsed("<memory>0x10</memory><cputune><shares> +7 </shares></cputune>")
    assert (config.max_memory_kib, config.weight) == (16, 7)


def test_anybodys_domain_is_read() -> None:
    config = parse_domain_xml(
        "<domain type='kvm'><name>a</name><os><type machine='q35'>exe</type></os></domain>"
    )
    assert (config.hypervisor, config.guest_type) == ("kvm", "exe")
    assert parsed("<os><type/></os>").guest_type is GuestType.PV


@pytest.mark.parametrize(
    "text",
    [
        "",
        b"",
        "<domain",
        "<a/>",
        b"\xff\xfe",
        "\ud800",
        "<domain>\x00",
        b"<domain><name>\xff</name></domain>",
        b"<?xml version='1.0' encoding='utf-16'?><domain/>",
        b"<?xml version='1.0' encoding='klingon'?><domain/>",
    ],
)
def test_what_is_no_domain_document_is_refused(text: str | bytes) -> None:
    with pytest.raises(ParseError) as caught:
        parse_domain_xml(text)
    assert "\n" not in str(caught.value)


def test_text_has_no_encoding_whatever_it_says() -> None:
    text = "<?xml version='1.0' encoding='utf-16'?><domain><name>é</name></domain>"
    assert parse_domain_xml(text).name == "é"
    assert parse_domain_xml(text.encode("utf-16")).name == "é"


def test_a_syntax_error_names_its_line() -> None:
    with pytest.raises(ParseError) as caught:
        parse_domain_xml("<domain>\n</name>")
    assert caught.value.line == 2


def bomb(use: str) -> str:
    levels = "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 12))
    return f"<!DOCTYPE domain [<!ENTITY a0 'aaaaaaaaaa'>{levels}]>{use}"


@pytest.mark.timeout(30)  # "at once": what expands never ends
@pytest.mark.parametrize(
    "make",
    [
        lambda: "<!DOCTYPE domain><domain type='xen'/>",
        lambda: "<!DOCTYPE domain [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><domain>&a;</domain>",
        lambda: "<!DOCTYPE domain [<!ENTITY % a SYSTEM 'http://192.0.2.1/'> %a;]><domain/>",
        lambda: bomb("<domain>&a11;</domain>"),
        lambda: bomb("<domain type='&a11;'/>"),
        lambda: "<domain>" + "<a>" * 10**5 + "</a>" * 10**5 + "</domain>",
        lambda: b" " * 10**8,
        lambda: "<domain><devices>" + "<disk/>" * 10**6 + "</devices></domain>",
    ],
    ids=["dtd", "file", "http", "bomb", "attribute", "nested", "100 MB", "many"],
)
def test_a_document_that_means_harm_is_refused_at_once(make: Callable[[], str | bytes]) -> None:
    text = make()
    with pytest.raises(ParseError):
        parse_domain_xml(text)


@settings(deadline=None, max_examples=50)
@given(st.binary(max_size=200) | st.text(max_size=200))
def test_whatever_it_is_it_is_refused_or_read(text: str | bytes) -> None:
    with pytest.raises(ParseError):
        parse_domain_xml(text)


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_a_document_with_a_piece_spoilt_is_refused_or_read(data: st.DataObject) -> None:
    text = format_domain_xml(GUEST)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(start + 20, len(text))))
    spoilt = text[:start] + data.draw(st.text(max_size=5)) + text[end:]
    try:
        config = parse_domain_xml(spoilt)
    except ParseError:
        return
    assert parse_domain_xml(format_domain_xml(config)) == config
