"""Domain XML: it says what the config says, libvirt accepts it, and hostile input is refused."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from uuid import UUID

import libvirt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xenvm.errors import ParseError
from xenvm.formats.domain_xml import format_domain_xml, parse_domain_xml
from xenvm.model.domain import (
    DiskBacking,
    DiskDriver,
    DiskFormat,
    DomainConfig,
    GuestType,
    LifecycleAction,
    Vbd,
    Vnif,
)
from xenvm.model.quantities import MacAddress

GUEST = DomainConfig(
    name="web",
    memory_kib=131072,
    max_memory_kib=262144,
    vcpus=1,
    max_vcpus=2,
    kernel="/boot/vmlinuz",
    initrd="/var/lib/xenvm/probe.img",
    cmdline="console=hvc0 quiet",
    vbds=(
        Vbd(target="xvda", source="/dev/vg/a", backing=DiskBacking.BLOCK, driver=DiskDriver.PHY),
        Vbd(
            target="xvdb",
            source="/srv/b.qcow2",
            backing=DiskBacking.FILE,
            driver=DiskDriver.QEMU,
            format=DiskFormat.QCOW2,
            readonly=True,
        ),
    ),
    vnifs=(Vnif(bridge="xenbr0", mac=MacAddress("00:16:3e:00:00:01"), script="vif-bridge"),),
    uuid=UUID("8b8f6c49-4dd0-4e0e-9f0c-5a7d2b5b7f01"),
)

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
        backing=draw(st.sampled_from(DiskBacking)),
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


@settings(deadline=None, max_examples=50)
@given(configs())
def test_reading_what_was_written_gives_the_same_config(config: DomainConfig) -> None:
    assert parse_domain_xml(format_domain_xml(config)) == config


@settings(deadline=None, max_examples=25)
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
    assert set(told.vbds) == set(config.vbds)  # libvirt sorts them
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
    assert dataclasses.replace(told, vnifs=GUEST.vnifs) == GUEST
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
        (broken('"xen">', '"kvm">'), "/domain"),
        (broken(">262144<", ">much<"), "/domain/memory"),
        (broken('unit="KiB">262144', 'unit="cows">262144'), "/domain/memory"),
        (broken(">linux<", ">exe<"), "/domain/os/type"),
        (broken("8b8f6c49-", ""), "/domain/uuid"),
        (broken("<name>web</name>", ""), "/domain"),
        (broken('type="block"', 'type="network"'), "/domain/devices/disk[1]"),
        (broken('name="phy"', 'name="fee"'), "/domain/devices/disk[1]"),
        (broken("00:16:3e", "zz:16:3e"), "/domain/devices/interface"),
        (broken('type="bridge"', 'type="ethernet"'), "/domain/devices/interface"),
        (broken(">restart<", ">shrug<"), "/domain/on_reboot"),
    ],
)
def test_what_is_no_xen_guest_is_refused_with_its_place(text: str, path: str) -> None:
    with pytest.raises(ParseError) as caught:
        parse_domain_xml(text)
    assert caught.value.path == path


@pytest.mark.parametrize("text", ["", "<domain", "<a/>", b"\xff\xfe", "\ud800", "<domain>\x00"])
def test_what_is_no_domain_document_is_refused(text: str | bytes) -> None:
    with pytest.raises(ParseError):
        parse_domain_xml(text)


def test_a_syntax_error_names_its_line() -> None:
    with pytest.raises(ParseError) as caught:
        parse_domain_xml("<domain>\n</name>")
    assert caught.value.line == 2


def test_a_document_type_is_refused_so_that_no_entity_is_expanded() -> None:
    bomb = '<!DOCTYPE domain [<!ENTITY a SYSTEM "file:///etc/passwd">]><domain><name>&a;</name>'
    with pytest.raises(ParseError):
        parse_domain_xml(bomb + "</domain>")
    with pytest.raises(ParseError, match="document type"):
        parse_domain_xml("<!DOCTYPE domain><domain type='xen'/>")


def test_a_document_of_more_than_16_mib_is_refused_unread() -> None:
    with pytest.raises(ParseError, match="at most"):
        parse_domain_xml(b" " * (16 * 1024 * 1024 + 1))
