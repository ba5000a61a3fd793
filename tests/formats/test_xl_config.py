"""xl.cfg and xm text as domains: nothing is lost, and what is said is meant."""

from __future__ import annotations

import copy
import dataclasses
import importlib
import pickle
import pkgutil
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings

import xenvm.model
from tests.formats.xl_configs import SAYABLE, changed, configs
from xenvm.errors import ParseError, SpecError
from xenvm.formats import (
    format_domain_xml,
    format_xl_config,
    lost_in_xl,
    lost_in_xml,
    parse_domain_xml,
    parse_xl_config,
)
from xenvm.formats.xl import SPEC_GRAMMARS, XL_KEYS, examine, parse_xl_document
from xenvm.formats.xl_config.config import LENSES
from xenvm.model.domain import DomainConfig
from xenvm.model.kinds import Firmware, GuestType
from xenvm.model.mapping import place_of
from xenvm.model.quantities import CpuSet
from xenvm.model.residue import Modelled
from xenvm.model.vbd import Vbd
from xenvm.model.vnif import Vnif

HVM = 'name="g"\ntype="hvm"\n'
PV = 'name="g"\n'
PVH = 'name="g"\ntype="pvh"\n'


def of(text: str, path: str) -> object:
    """Return a part of the domain that a text describes, such as ``vbds.0.source``."""
    value: Any = parse_xl_config(text)
    for name in path.split("."):
        value = value[int(name)] if name.isdecimal() else getattr(value, name)
    return value


@settings(max_examples=40, deadline=None)
@given(configs())
def test_a_domain_that_xl_can_describe_is_read_back_the_same_from_words_that_xl_knows(
    config: DomainConfig,
) -> None:
    text = format_xl_config(config)
    assert parse_xl_config(text) == config
    assert lost_in_xl(config) == []
    assert format_xl_config(parse_xl_config(text)) == text
    findings = examine(parse_xl_document(text))
    passed_over = {"parallel"}  # xm's key, which libvirt writes, too
    assert [f for f in findings if f.key not in passed_over] == []


@pytest.mark.parametrize(
    ("text", "path", "value"),
    [
        (PV + 'uuid="8b8f6c49-4dd0-4e0e-9f0c-5a7d2b5b7f01"', "uuid.version", 4),
        (PV, "guest_type", GuestType.PV),
        (PV + "builder='hvm'", "guest_type", GuestType.HVM),
        (PV + "builder='linux'", "guest_type", GuestType.PV),
        (PVH + "builder='hvm'", "guest_type", GuestType.PVH),
        (PV + "memory=3", "max_memory_kib", 3072),
        (PV + "maxmem=3", "memory_kib", 3072),
        (PV, "memory_kib", 32 * 1024),
        (PV + "memory='010'", "memory_kib", 8 * 1024),
        (PV + "maxvcpus=4", "vcpus", 1),
        (PV + "vcpus=2", "max_vcpus", 2),
        (PV + 'cpus="0-3,^2"', "cpus", CpuSet.of([0, 1, 3])),
        (PV + 'cpus=["0-1","all","3"]', "pins.1.vcpu", 2),
        (PV + "cpus=[2, 3]", "pins.1.cpus", CpuSet.of([3])),
        (PV + 'cpus="nodes:0"', "cpus", None),
        (PV + "cpu_weight=512", "weight", 512),
        (PV + "cap=50", "cap_percent", 50),
        (PV + 'root="/dev/a"\nextra="ro"', "cmdline", "root=/dev/a ro"),
        (PV + 'extra="ro"', "cmdline", "ro"),
        (PV + 'extra="no"\ncmdline="yes"', "cmdline", "yes"),
        (PV + 'bootloader_args=["-q", "-t 3"]', "bootloader_args", "-q -t 3"),
        (PV + 'bootloader_args="-q"', "bootloader_args", "-q"),
        (PV + 'bootargs="-q"', "bootloader_args", "-q"),
        (HVM + 'kernel="/usr/lib/xen/boot/hvmloader"', "loader.kind", "rom"),
        (HVM + 'kernel="/usr/lib/xen/boot/hvmloader"', "kernel", None),
        (HVM + 'kernel="/boot/vmlinuz"', "kernel", "/boot/vmlinuz"),
        (HVM + 'bios="ovmf"', "firmware", Firmware.EFI),
        (HVM + 'firmware="uefi"', "firmware", Firmware.EFI),
        (HVM + 'bios="seabios"', "firmware", Firmware.BIOS),
        (HVM + 'bios="ovmf"\nbios_path_override="/o"', "loader.path", "/o"),
        (HVM + 'firmware="/f"', "loader.path", "/f"),
        (HVM + 'boot="ndx"', "boot", ("network", "cdrom", "x")),
        (HVM + "acpi=0", "acpi", False),
        (HVM, "acpi", True),
        (PV + "acpi=1", "acpi", False),
        (HVM + 'viridian=["defaults", "synic", "!freq"]', "hyperv.synic", True),
        (HVM + 'viridian=["defaults", "synic", "!freq"]', "hyperv.frequencies", False),
        (HVM + 'viridian=["defaults"]', "viridian", True),
        (HVM + "viridian=1", "viridian", True),
        (HVM + 'passthrough="sync_pt"', "passthrough_mode", "sync_pt"),
        (HVM + "nestedhvm=0", "cpu_features.0.name", "vmx"),
        (HVM + 'cpuid="host,sse3=k"', "cpu_features.0.name", "pni"),
        (HVM + 'cpuid="host,sse3=k"', "cpu_features.0.policy", "optional"),
        (HVM + "localtime=1", "clock_basis", "localtime"),
        (PV + "localtime=1", "clock_offset", "localtime"),
        (PV + "tsc_mode=2", "timers.0.mode", "native"),
        (HVM + "hpet=0", "timers.0.present", False),
        (HVM + 'soundhw="hda"', "sounds.0.model", "ich6"),
        (HVM + 'soundhw="all"', "sounds.1.model", "es1370"),
        (HVM + "stdvga=1", "videos.0.model", "vga"),
        (HVM + "videoram=16", "videos.0.vram_kib", 16384),
        (HVM + 'usbdevice=["host:1", "tablet"]', "inputs.0.kind", "tablet"),
        (HVM + 'serial=["none", "pty"]', "serials.0.target_port", 1),
        (HVM + 'serial="tcp:1.2.3.4:5,server,nowait"', "serials.0.mode", "bind"),
        (HVM + 'serial="/dev/ttyS0"', "serials.0.kind", "dev"),
        (HVM + 'serial="mon:stdio"', "serials.0.kind", "mon"),
        (HVM + "vnc=1\nvncunused=0\nvncdisplay=3", "graphics.0.port", 5903),
        (HVM + 'vnc=1\nvnclisten="0.0.0.0:4"', "graphics.0.port", 5904),
        (HVM + 'spice=1\nspicedisable_ticketing=1\nspicepasswd="x"', "graphics.0.password", None),
        (PV + "vnc=1\nvncdisplay=2\nvncunused=0", "graphics.0.port", 5902),
        (PV + "vfb=['vncdisplay=2']", "graphics.0.port", 5902),
        (PV + "vfb=['']", "graphics.0.autoport", True),
        (PV + "vfb=['sdl=1']", "graphics.0.kind", "sdl"),
        (PV + "pci=['01:00.0']\npci_permissive=1", "hostdevs.0.write_filtering", False),
        (PV + "usbdev=['hostbus=0x10,hostaddr=10']", "hostdevs.0.usb.bus", 16),
        (PV + "usbdev=['hostbus=0x10,hostaddr=10']", "hostdevs.0.usb.device", 10),
        (PV + "usbctrl=['type=qusb,ports=10']", "controllers.0.ports", 10),
        (PV + "max_grant_frames=64", "controllers.0.max_grant_frames", 64),
        (PV + "vnuma=[['pnode=1','size=512','vcpus=0']]", "numa_cells.0.memory_kib", 524288),
    ],
)
def test_a_text_means_what_it_means_to_xl(text: str, path: str, value: object) -> None:
    assert of(text, path) == value


@pytest.mark.parametrize(
    ("disk", "driver", "layout", "backing", "source"),
    [
        ("phy:/dev/vg/a,xvda,w", "phy", "raw", "block", "/dev/vg/a"),
        ("phy:vg/a,xvda,w", "phy", "raw", "block", "vg/a"),
        ("file:/a.img,xvda,w", "file", "raw", "file", "/a.img"),
        ("tap:aio:/a.img,xvda,w", "tap", "raw", "file", "/a.img"),
        ("tap2:qcow2:/a.img,xvda,w", "tap2", "qcow2", "file", "/a.img"),
        ("qcow2:/a.img,xvda,w", None, "qcow2", "file", "/a.img"),
        ("/a.img,qcow2,xvda,w", None, "qcow2", "file", "/a.img"),
        ("/dev/vg/a,,xvda", None, "raw", "block", "/dev/vg/a"),
        ("vdev=xvda,backendtype=qdisk,target=/dev/vg/a", "qemu", "raw", "block", "/dev/vg/a"),
        (",hdc:cdrom,r", "phy", "raw", "block", None),
        (",,hdc,cdrom", None, "raw", "file", None),
        ("vdev=xvda,target=rbd:p/i:mon_host=h\\\\:1\\\\;k", None, "raw", "network", "p/i"),
    ],
)
def test_a_disk_is_the_vbd_that_its_string_says(
    disk: str, driver: str | None, layout: str, backing: str, source: str | None
) -> None:
    (vbd,) = parse_xl_config(f'{HVM}disk=["{disk}"]').vbds
    assert (vbd.driver, vbd.format, vbd.backing, vbd.source) == (driver, layout, backing, source)


@pytest.mark.parametrize(
    ("vif", "wanted"),
    [
        ("", Vnif(kind="ethernet")),
        ("script=vif-bridge", Vnif(bridge="xenbr0", script="vif-bridge")),
        ("bridge=br0.5", Vnif(bridge="br0.5")),
        ("bridge=br0,type=ioemu", Vnif(bridge="br0")),
        ("bridge=br0,type=netfront", Vnif(bridge="br0", model="netfront")),
        ("bridge=br0,type=vif", Vnif(bridge="br0", model="netfront")),
        ("bridge=br0,type=ioemu,model=e1000", Vnif(bridge="br0", model="e1000")),
        (
            "bridge=br0.5,script=vif-openvswitch",
            Vnif(bridge="br0", vlans=(5,), virtualport="openvswitch", script="vif-openvswitch"),
        ),
    ],
)
def test_a_vif_is_the_vnif_that_its_string_says(vif: str, wanted: Vnif) -> None:
    assert parse_xl_config(f"{HVM}vif=['{vif}']").vnifs == (wanted,)


@pytest.mark.parametrize(
    ("rate", "kib_per_s"),
    [("1000KB/s", 977), ("1024B/s", 1), ("8192b/s", 1), ("10MB/s@20ms", 9766), ("1B/s", 1)],
)
def test_a_kilo_of_a_vifs_rate_is_a_thousand_bytes(rate: str, kib_per_s: int) -> None:
    text = f"{PV}vif=['rate={rate}']"
    assert of(text, "vnifs.0.outbound.average_kib_per_s") == kib_per_s


def test_a_rate_is_written_exactly_and_not_as_libvirt_writes_it() -> None:
    xml = (
        "<domain type='xen'><name>g</name><memory>1024</memory><os><type>linux</type></os><devices>"
        "<interface type='bridge'><source bridge='b'/><bandwidth><outbound average='10240'/>"
        "</bandwidth></interface></devices></domain>"
    )
    assert "rate=10485760B/s" in format_xl_config(parse_domain_xml(xml))


@pytest.mark.parametrize(
    ("text", "line", "shown", "why"),
    [
        ("memory=1", None, "", "name: it is missing"),
        ('name="g"\n\ntype="hv"', 3, '"hv"', "no kind of guest: write pv, pvh, hvm"),
        (PV + "uuid='12'", 2, "'12'", "no UUID"),
        (PV + "memory='much'", 2, "'much'", "not an integer"),
        (PV + "memory=-1", 2, "-1", "less than nothing"),
        (PV + "memory=[1]", 2, "[1]", "not an integer"),
        (PV + "kernel=['/a']", 2, "['/a']", "not a string"),
        (PV + "cpus='x'", 2, "'x'", "no CPUs"),
        (PV + "vif=['mac=00:00']", 2, "mac=00:00", "no MAC address"),
        (PV + "vif=['rate=fast']", 2, "rate=fast", "no rate"),
        (PV + "vif=['mtu=big']", 2, "mtu=big", "no whole number"),
        (PV + "vif='bridge=a'", 2, "bridge=a", "list of strings"),
        (PV + "disk=['a,b,c,d,e,f']", 2, "a,b,c,d,e,f", "one value too many"),
        (PV + "pci=['1']", 2, "'1'", "PCI address"),
        (PV + "usbdev=['hostbus=x,hostaddr=1']", 2, "hostbus=x", "no number"),
        (PV + "vfb=['vncdisplay=x']", 2, "vncdisplay=x", "no number of a display"),
        (PV + "vnuma=['a']", 2, "['a']", "no list of NAME=VALUE"),
        (PV + "vnuma=[['size=x']]", 2, "size=x", "no whole number"),
        (PV + "passthrough='maybe'", 2, "'maybe'", "no word that xl knows"),
        (PV + "tsc_mode='fast'", 2, "'fast'", "write one of default"),
        (HVM + "serial='?'", 3, "'?'", "no serial port"),
        (HVM + "acpi='on'", 3, "'on'", "not an integer"),
        ("name = f()", 1, "name = f()", "nothing is evaluated"),
        ("<domain/>", 1, "<domain/>", "begins with a name"),
    ],
)
def test_what_is_no_domain_is_refused_with_line_and_text(
    text: str, line: int | None, shown: str, why: str
) -> None:
    with pytest.raises(ParseError, match=why) as caught:
        parse_xl_config(text)
    assert caught.value.line == line
    assert shown in caught.value.text


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"hypervisor": "kvm"}, "xl starts pv, pvh and hvm, not 'kvm pv'"),
        ({"guest_type": "exe"}, "not 'xen exe'"),
        ({"vnifs": (Vnif(kind="network", network="lan"),)}, "vnifs.lan.: xl has no word"),
        ({"vbds": (Vbd(target="xvda", source="v", backing="volume"),)}, "vbds.xvda.: xl has no"),
        ({"vnifs": (Vnif(bridge="a,b"),)}, "it has a ','"),
        ({"vnifs": (Vnif(bridge="a\nb"),)}, "line's end"),
        ({"name": "a\0b"}, "NUL"),
    ],
)
def test_what_could_not_be_started_is_refused(changes: dict[str, object], why: str) -> None:
    with pytest.raises(SpecError, match=why):
        format_xl_config(changed(DomainConfig(name="g", memory_kib=1024), changes))


def test_what_xl_has_no_word_for_is_left_out_and_told() -> None:
    config = DomainConfig(
        name="g",
        memory_kib=1500,
        title="My guest",
        vbds=(Vbd(target="xvda", source="/dev/a", boot_order=1, shareable=True),),
        memballoon="none",
    )
    assert "memory = 2\n" in format_xl_config(config)
    assert lost_in_xl(config) == [
        "memory_kib", "max_memory_kib", "title",
        "vbds[xvda].shareable", "vbds[xvda].boot_order", "memballoon",
    ]  # fmt: skip


def test_what_xml_says_beyond_the_model_is_told_unless_every_guest_has_it() -> None:
    xml = (
        "<domain type='xen'><name>g</name><memory>1024</memory><os>"
        "<type arch='x86_64' machine='xenpv'>linux</type></os><devices>"
        "<disk type='block' device='disk'><source dev='/dev/a'/><target dev='xvda' bus='xen'/>"
        "<serial>s1</serial></disk><console type='pty'><target type='xen' port='0'/></console>"
        "<input type='mouse' bus='xen'/><memballoon model='xen'/></devices></domain>"
    )
    assert lost_in_xl(parse_domain_xml(xml)) == ["devices/disk[xvda]/serial"]


def test_what_xl_says_beyond_the_model_is_told() -> None:
    text = HVM + (
        'cpus_soft="1"\nmystery=1\n# a remark\n'
        'disk=["/a,raw,xvda,rw,script=block-x,direct-io-safe", "/b,,xvdb"]\n'
        'vif=["bridge=a,gatewaydev=eth0"]\npci=["01:00.*", "01:00.0,msitranslate=1"]\n'
        'usbdevice=["host:1", "tablet"]\nviridian=["base", "no_vp_limit"]\ncpus=["node:1"]\n'
        'usbctrl=["type=pv"]\nvnuma=[["pnode=3","size=1","vcpus=0"]]\ncpuid=["1:eax=0"]\n'
    )
    assert lost_in_xml(parse_xl_config(text)) == [
        "cpus_soft", "mystery", "cpus[0]", "cpuid", "vnuma[0].pnode", "viridian.no_vp_limit",
        "disk[0].script", "disk[0].direct-io-safe", "vif[0].gatewaydev", "usbdevice[0]",
        "pci[0]", "pci[1].msitranslate", "usbctrl[0]",
    ]  # fmt: skip
    assert lost_in_xml(parse_xl_config(PVH + "acpi=0")) == ["acpi"]
    assert lost_in_xml(DomainConfig(name="g")) == []


def test_a_guest_without_a_screen_gets_none_from_xl_either() -> None:
    config = DomainConfig(name="g", memory_kib=1024, guest_type=GuestType.HVM)
    assert "vnc = 0\n" in format_xl_config(config)


def test_a_domain_from_xl_can_be_copied_pickled_and_written_as_xml() -> None:
    text = "# mine\n" + HVM + "disk=['phy:/dev/a,xvda,w']  # root\n"
    config = parse_xl_config(text)
    for twin in (copy.deepcopy(config), pickle.loads(pickle.dumps(config))):  # noqa: S301
        assert twin == config
        assert format_xl_config(twin) == text
    read = parse_domain_xml(format_domain_xml(config))
    assert (read.name, read.vbds[0].source) == ("g", "/dev/a")


def test_bytes_are_text() -> None:
    assert parse_xl_config('name="gâst"'.encode()).name == "gâst"


@pytest.mark.timeout(30)
def test_the_longest_text_is_read_and_edited_in_a_few_seconds() -> None:
    text = PV + "a=1\n" * 60_000 + "memory=1\n"
    config = parse_xl_config(text)
    edited = format_xl_config(dataclasses.replace(config, vcpus=2, max_vcpus=2))
    assert edited == text + "vcpus = 2\n"


@pytest.mark.parametrize(
    ("key", "item", "most"),
    [
        ("vif", "''", 4096),
        ("disk", "',,a'", 4096),
        ("vnuma", "['size=1']", 256),
        ("cpus", "1", 16384),
    ],
)
def test_a_list_that_no_guest_needs_is_refused(key: str, item: str, most: int) -> None:
    assert parse_xl_config(f"{PV}{key}=[{f'{item},' * 200}]").name == "g"
    with pytest.raises(ParseError, match=f"line 2: {key}: .* may have {most}"):
        parse_xl_config(f"{PV}{key}=[{f'{item},' * (most + 1)}]")


def modelled() -> list[type[Modelled]]:
    for module in pkgutil.walk_packages(xenvm.model.__path__, "xenvm.model."):
        importlib.import_module(module.name)
    kinds = Modelled.__subclasses__()
    return [kind for kind in kinds if kind.__module__.startswith(f"{xenvm.model.__name__}.")]


@pytest.mark.parametrize("kind", modelled(), ids=lambda kind: kind.__name__)
def test_what_a_field_says_of_xl_is_a_key_of_xl(kind: type[Modelled]) -> None:
    for field in dataclasses.fields(kind):
        place = place_of(field)
        key, _, parameter = (place.xl if place else "").partition(".")
        assert not key or key in XL_KEYS, field.name
        if parameter:
            grammar = SPEC_GRAMMARS[key]
            known = {*grammar.parameters, *grammar.flags, *grammar.positional}
            assert parameter in known, field.name


def test_the_fields_that_say_a_key_are_those_that_are_converted() -> None:
    keys = {name: lens.keys for lens in LENSES for name in lens.fields}
    places = {field.name: place_of(field) for field in dataclasses.fields(DomainConfig)}
    told = {name: place.xl for name, place in places.items() if place and place.xl}
    assert set(told) == SAYABLE
    assert not [name for name, key in told.items() if key not in keys[name]]


def test_each_field_and_each_key_belongs_to_one_part() -> None:
    for names in ([f for lens in LENSES for f in lens.fields], [k for e in LENSES for k in e.keys]):
        assert len(names) == len(set(names))


def test_a_uuid_is_read() -> None:
    text = PV + "uuid='8B8F6C49-4DD0-4E0E-9F0C-5A7D2B5B7F01'"
    assert parse_xl_config(text).uuid == UUID("8b8f6c49-4dd0-4e0e-9f0c-5a7d2b5b7f01")
