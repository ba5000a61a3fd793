"""The keys of xl.cfg: each has a type, and a document says which it breaks."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from tests.formats.xl_texts import documents
from xenvm.errors import ParseError
from xenvm.formats.xl import (
    SPEC_GRAMMARS,
    XL_KEYS,
    FindingKind,
    KeyStatus,
    ValueKind,
    XlCpuList,
    examine,
    parse_xl_document,
    read_boolean,
    read_cpus,
    read_integer,
    read_specs,
    read_string,
    read_strings,
)

PLAIN = """\
name = "web"
type = "pvh"
memory = 512
maxmem = "1024"
vcpus = 0x2
localtime = 0
acpi = 2
cpus = "0-3,^2"
cpus_soft = ["0", "nodes:1"]
serial = "pty"
usbdevice = ["tablet"]
on_crash = "restart"
tsc_mode = 2
viridian = ["all", "!stimer"]
irqs = [5, "6"]
disk = ["/dev/vg/a,raw,xvda,w"]
vif = ["mac=00:16:3e:00:00:01,bridge=xenbr0", ""]
pci = ["0a:00.0,permissive=1"]
vnuma = [["pnode=0", "size=512", "vcpus=0-1", "vdistances=10"]]
rdm = "strategy=host,policy=strict"
bootloader_args = ["-q"]
cpuid = "host,tm=0"
"""


def findings(text: str) -> list[tuple[FindingKind, str, int]]:
    return [(found.kind, found.key, found.line) for found in examine(parse_xl_document(text))]


def test_a_plain_document_has_nothing_odd() -> None:
    assert examine(parse_xl_document(PLAIN)) == ()


def test_values_are_read_by_type() -> None:
    document = parse_xl_document(PLAIN)
    numbers = [
        read_integer(document, key) for key in ("memory", "maxmem", "vcpus", "shadow_memory")
    ]
    assert numbers == [512, 1024, 2, None]
    flags = [read_boolean(document, key) for key in ("localtime", "acpi", "apic")]
    assert flags == [False, True, None]
    assert [read_string(document, key) for key in ("name", "vcpus", "uuid")] == ["web", "0x2", None]
    lists = [read_strings(document, key) for key in ("serial", "usbdevice", "irqs", "dtdev")]
    assert lists == [("pty",), ("tablet",), ("5", "6"), ()]
    assert read_cpus(document, "cpus") == XlCpuList.parse("0-3,^2")
    assert read_cpus(document, "cpus_soft") == (
        XlCpuList.parse("0"),
        XlCpuList.parse("nodes:1"),
    )
    assert read_cpus(document, "cpu") is None
    assert [disk.get("vdev") for disk in read_specs(document, "disk")] == ["xvda"]
    assert [vif.get("bridge") for vif in read_specs(document, "vif")] == ["xenbr0", None]
    assert [pci.get("bdf") for pci in read_specs(document, "pci")] == ["0a:00.0"]


@pytest.mark.parametrize(
    ("text", "kind", "part"),
    [
        ("memory = 'much'", FindingKind.WRONG_TYPE, "integer in MiB"),
        ("memory = 1\nmemory += 2", FindingKind.WRONG_TYPE, "integer in MiB"),
        ("acpi = 'yes'", FindingKind.WRONG_TYPE, "boolean"),
        ("name = ['a']", FindingKind.WRONG_TYPE, "string"),
        ("disk = 'phy:/a,xvda,w'", FindingKind.WRONG_TYPE, "list of device"),
        ("vnuma = ['pnode=0']", FindingKind.WRONG_TYPE, "list of list of device"),
        ("cpus = '0-'", FindingKind.WRONG_TYPE, "list of CPUs or list of list of CPUs"),
        ("irqs = ['a']", FindingKind.WRONG_TYPE, "list of integer"),
        ("on_crash = 'explode'", FindingKind.UNKNOWN_WORD, "'explode'"),
        ("viridian = ['all', 'some']", FindingKind.UNKNOWN_WORD, "'some'"),
        ("gfx_passthru = 'amd'", FindingKind.UNKNOWN_WORD, "'amd'"),
        ("on_fire = 'run'", FindingKind.UNKNOWN_KEY, "on_fire is no key"),
        ("builder = 'hvm'", FindingKind.DEPRECATED, "use type"),
        ("vif2 = []", FindingKind.IGNORED, "use vif"),
        ("nfs_root = '/'", FindingKind.IGNORED, "not read by xl"),
        ("name = 'a'\nname = 'b'", FindingKind.OVERRIDDEN, "libvirt the first"),
        ("disk = ['/a,raw,xvda,w,x']", FindingKind.BAD_DEVICE, "one value too many"),
        ("disk = ['/a,raw,xvda,vdev=xvdb']", FindingKind.BAD_DEVICE, "two values for vdev"),
        ("disk = ['/a,raw']", FindingKind.BAD_DEVICE, "has no vdev"),
        ("pci = ['x']", FindingKind.BAD_DEVICE, "is no PCI address"),
        ("usbdev = ['hostbus=one']", FindingKind.BAD_DEVICE, "is no integer"),
        ("disk = ['/a,vdi,xvda,w']", FindingKind.UNKNOWN_WORD, "format='vdi'"),
        ("vif = ['model=e1000,colour=red']", FindingKind.UNKNOWN_PARAMETER, "'colour'"),
        ("vnuma = [['pnode=0', 'x=1']]", FindingKind.UNKNOWN_PARAMETER, "'x'"),
        ("rdm = 'strategy=all'", FindingKind.UNKNOWN_WORD, "strategy='all'"),
    ],
)
def test_what_is_odd_is_found_and_nothing_else(text: str, kind: FindingKind, part: str) -> None:
    (found,) = examine(parse_xl_document("\n" + text))
    assert (found.kind, found.line) == (kind, 1 + len(text.splitlines()))
    assert part in str(found)


def test_findings_come_in_the_order_of_the_keys() -> None:
    assert findings("vif2 = [ ]; odd = 1\nmemory = []\nodd = 2\n") == [
        (FindingKind.IGNORED, "vif2", 1),
        (FindingKind.OVERRIDDEN, "odd", 3),
        (FindingKind.UNKNOWN_KEY, "odd", 3),
        (FindingKind.WRONG_TYPE, "memory", 2),
    ]


@pytest.mark.parametrize("text", ["a = 'x'", "a = [1]", "a = ''", "a = 1\na += 1", "a = '1 2'"])
def test_what_is_no_integer_is_refused_by_line(text: str) -> None:
    document = parse_xl_document("\n" + text)
    with pytest.raises(ParseError, match="a is not an integer") as refused:
        read_integer(document, "a")
    assert (refused.value.line, refused.value.path) == (1 + len(text.splitlines()), "a")
    with pytest.raises(ParseError, match="a is not an integer"):
        read_boolean(document, "a")


def test_what_is_of_another_type_is_refused_by_line() -> None:
    document = parse_xl_document(
        "name = ['a']\ndisk = '/a'\nserial = [['pty']]\n"
        "cpus = 'x'\ncpus_soft = [['1']]\npci = ['x']\n"
    )
    with pytest.raises(ParseError, match="line 1: name is not a string"):
        read_string(document, "name")
    with pytest.raises(ParseError, match="line 2: disk is not a list of strings"):
        read_strings(document, "disk")
    with pytest.raises(ParseError, match="line 3: serial is not a list of strings"):
        read_strings(document, "serial")
    with pytest.raises(ParseError, match="line 4: cpus is not CPUs: 'x' is no CPUs"):
        read_cpus(document, "cpus")
    with pytest.raises(ParseError, match="line 5: cpus_soft is not a list of strings"):
        read_cpus(document, "cpus_soft")
    with pytest.raises(ParseError, match="line 6: pci is not a list of devices: 'x' is no PCI"):
        read_specs(document, "pci")


@settings(deadline=None, max_examples=20)
@given(documents())
def test_every_document_can_be_examined(text: str) -> None:
    document = parse_xl_document(text)
    found = examine(document)
    assert {finding.key for finding in found} <= set(document.keys)
    lines = text.count("\n") + 1
    assert all(1 <= finding.line <= lines and "\n" not in str(finding) for finding in found)


def test_every_key_has_a_type_and_devices_have_a_grammar() -> None:
    types = [(key, value_type) for key in XL_KEYS.values() for value_type in key.types]
    assert {key.name for key, _ in types} == set(XL_KEYS)
    specs = {value_type.spec for _, value_type in types if value_type.kind is ValueKind.SPEC}
    assert specs == set(SPEC_GRAMMARS)
    words = [value_type for _, value_type in types if value_type.kind is ValueKind.WORD]
    assert all(value_type.words for value_type in words)


@pytest.mark.parametrize(
    ("name", "unit"),
    [("memory", "MiB"), ("maxmem", "MiB"), ("vmtrace_buf_kb", "KiB"), ("rtc_timeoffset", "s")],
)
def test_units_are_those_of_the_manual(name: str, unit: str) -> None:
    assert XL_KEYS[name].types[0].unit == unit


def test_keys_tell_who_reads_them() -> None:
    assert XL_KEYS["kernel"].status is KeyStatus.CURRENT
    assert XL_KEYS["builder"].instead == "type"
    assert XL_KEYS["bootargs"].status is KeyStatus.XM_ONLY
    assert XL_KEYS["device_model"].status is KeyStatus.IGNORED
    assert [key for key in ("llc_colors", "vif", "sve") if XL_KEYS[key].is_new] == [
        "llc_colors",
        "sve",
    ]
