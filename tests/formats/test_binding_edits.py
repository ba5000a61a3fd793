"""Where an edit puts what it writes, and what it takes away."""

from __future__ import annotations

import dataclasses
from dataclasses import replace

import pytest

from xenvm.errors import SpecError
from xenvm.formats.domain_xml import (
    format_domain_xml,
    format_vbd_xml,
    format_vnif_xml,
    parse_domain_xml,
)
from xenvm.model.chardev import Chardev
from xenvm.model.domain import DomainConfig
from xenvm.model.graphics import Graphics
from xenvm.model.hostdev import Hostdev, ScsiAddress, UsbAddress
from xenvm.model.kinds import (
    BootDevice,
    DiskBacking,
    DiskFormat,
    GuestType,
    HostdevKind,
    VnifKind,
)
from xenvm.model.quantities import MacAddress, PciAddress
from xenvm.model.vbd import Vbd
from xenvm.model.vnif import Bandwidth, Vnif

EVERYWHERE = "0.0.0.0"  # noqa: S104 - nobody listens
DISKS = """<domain type="xen">
  <name>a</name>
  <memory>4</memory>
  <devices>
    <!-- root -->
    <disk type="block" device="disk">
      <source dev="/dev/a"/>
      <target dev="xvda"/>
    </disk>
    <!-- swap -->
    <disk type="file" device="disk">
      <source file="/b" index="2"/>
      <target dev="xvdb"/>
      <alias name="b"/>
    </disk>
    <vsock model="xen"/>
  </devices>
</domain>"""


def lines_of_change(before: str, after: str) -> tuple[list[str], list[str]]:
    """Return the lines that went and those that came."""
    old, new = before.splitlines(), after.splitlines()
    return [line for line in old if line not in new], [line for line in new if line not in old]


def edited(text: str, **fields: object) -> tuple[list[str], list[str]]:
    config = dataclasses.replace(parse_domain_xml(text), **fields)  # type: ignore[arg-type]
    told = format_domain_xml(config)
    assert parse_domain_xml(told) == config
    return lines_of_change(text, told)


def disks() -> tuple[Vbd, Vbd]:
    first, second = parse_domain_xml(DISKS).vbds
    return first, second


def test_a_config_made_by_a_program_is_laid_out_as_libvirt_does() -> None:
    vbd = Vbd(target="xvda", source="/dev/vg/a", readonly=True)
    config = DomainConfig(name="a", memory_kib=1024, kernel="/k", vbds=(vbd,))
    assert format_domain_xml(config) == (
        '<domain type="xen">\n'
        "  <name>a</name>\n"
        '  <memory unit="KiB">1024</memory>\n'
        '  <currentMemory unit="KiB">1024</currentMemory>\n'
        '  <vcpu current="1" placement="static">1</vcpu>\n'
        "  <os>\n"
        '    <type machine="xenpv" arch="x86_64">linux</type>\n'
        "    <kernel>/k</kernel>\n"
        "  </os>\n"
        '  <clock offset="utc"/>\n'
        "  <on_poweroff>destroy</on_poweroff>\n"
        "  <on_reboot>restart</on_reboot>\n"
        "  <on_crash>destroy</on_crash>\n"
        "  <devices>\n"
        '    <disk type="block" device="disk">\n'
        '      <driver type="raw"/>\n'
        '      <source dev="/dev/vg/a"/>\n'
        '      <target dev="xvda"/>\n'
        "      <readonly/>\n"
        "    </disk>\n"
        "  </devices>\n"
        "</domain>\n"
    )


def test_a_new_disk_goes_behind_the_others_as_deep_as_they_are() -> None:
    new = Vbd(target="xvdc", source="/c", backing=DiskBacking.FILE)
    gone, come = edited(DISKS, vbds=(*disks(), new))
    assert not gone
    assert come == [
        '      <driver type="raw"/>',
        '      <source file="/c"/>',
        '      <target dev="xvdc"/>',
    ]


def test_a_new_first_disk_goes_before_the_others() -> None:
    new = Vbd(target="xvdc", source="/c", backing=DiskBacking.FILE)
    told = format_domain_xml(replace(parse_domain_xml(DISKS), vbds=(new, *disks())))
    assert told.index("xvdc") < told.index("xvda")
    assert told.index("<!-- root -->") < told.index("xvdc")


def test_a_disk_that_goes_takes_only_its_own_lines() -> None:
    gone, come = edited(DISKS, vbds=disks()[1:])
    assert not come
    assert gone == ['    <disk type="block" device="disk">', '      <source dev="/dev/a"/>',
                    '      <target dev="xvda"/>']  # fmt: skip


def test_disks_that_change_places_change_only_places() -> None:
    told = format_domain_xml(replace(parse_domain_xml(DISKS), vbds=disks()[::-1]))
    assert sorted(told.splitlines()) == sorted(DISKS.splitlines())
    order = [told.index(word) for word in ("root", "xvdb", "swap", "xvda", "vsock")]
    assert order == sorted(order)


def test_the_last_device_takes_the_devices_with_it() -> None:
    text = DISKS.replace('    <vsock model="xen"/>\n', "").replace("    <!-- root -->\n", "")
    text = text.replace("    <!-- swap -->\n", "")
    told = format_domain_xml(replace(parse_domain_xml(text), vbds=()))
    assert told == '<domain type="xen">\n  <name>a</name>\n  <memory>4</memory>\n</domain>'


def test_another_backing_moves_the_source_to_another_attribute() -> None:
    first, second = disks()
    gone, come = edited(DISKS, vbds=(first, replace(second, backing=DiskBacking.BLOCK)))
    assert come == ['      <source index="2" dev="/b"/>']
    assert gone == ['    <disk type="file" device="disk">', '      <source file="/b" index="2"/>']


def test_an_empty_drive_keeps_what_else_its_source_says() -> None:
    first, second = disks()
    gone, come = edited(DISKS, vbds=(replace(first, source=None), replace(second, source=None)))
    assert come == ['      <source index="2"/>']
    assert gone == ['      <source dev="/dev/a"/>', '      <source file="/b" index="2"/>']


def test_a_disk_of_another_document_brings_all_that_it_is() -> None:
    other = parse_domain_xml("<domain><name>b</name><memory>4</memory></domain>")
    told = format_domain_xml(replace(other, vbds=disks()[1:]))
    assert '<source file="/b" index="2"/>' in told
    assert '<alias name="b"/>' in told
    assert parse_domain_xml(told).vbds == disks()[1:]


def test_a_disk_that_equals_one_here_is_that_one() -> None:
    config = parse_domain_xml(DISKS)
    first, second = config.vbds
    afresh = Vbd(target="xvda", source="/dev/a")
    told = format_domain_xml(replace(config, vbds=(second, afresh)))
    assert sorted(told.splitlines()) == sorted(DISKS.splitlines())
    assert first == afresh


def test_a_disk_twice_is_two_disks() -> None:
    second = disks()[1]
    twin = replace(second, target="xvdc")
    told = format_domain_xml(replace(parse_domain_xml(DISKS), vbds=(*disks(), twin)))
    assert [vbd.target for vbd in parse_domain_xml(told).vbds] == ["xvda", "xvdb", "xvdc"]
    assert told.count('<alias name="b"/>') == 2


def test_a_serial_port_may_become_a_console() -> None:
    text = (
        "<domain><name>a</name><devices><serial type='pty'><target port='0'/>"
        "<alias name='s'/></serial></devices></domain>"
    )
    config = parse_domain_xml(text)
    told = format_domain_xml(replace(config, serials=(), consoles=config.serials))
    assert "<serial" not in told
    assert parse_domain_xml(told).consoles == config.serials


@pytest.mark.parametrize(
    ("unit", "number", "size_kib", "wanted"),
    [
        ("GiB", 1, 2 * 1024**2, '<memory unit="GiB">2</memory>'),
        ("GiB", 1, 2 * 1024**2 + 1, '<memory unit="KiB">2097153</memory>'),
        ("GB", 1, 4, '<memory unit="KiB">4</memory>'),
        ("bytes", 4096, 8, '<memory unit="bytes">8192</memory>'),
    ],
)
def test_a_size_is_written_in_its_own_unit_where_that_has_it_exactly(
    unit: str, number: int, size_kib: int, wanted: str
) -> None:
    text = f'<domain><name>a</name><memory unit="{unit}">{number}</memory></domain>'
    assert wanted in format_domain_xml(replace(parse_domain_xml(text), max_memory_kib=size_kib))


def test_memory_that_followed_the_maximum_is_said_when_only_that_changes() -> None:
    gone, come = edited(DISKS, max_memory_kib=8)
    assert gone == ["  <memory>4</memory>"]
    assert come == [
        '  <memory unit="KiB">8</memory>',
        '  <currentMemory unit="KiB">4</currentMemory>',
    ]


def test_the_second_place_of_an_address_is_kept_in_step() -> None:
    text = (
        '<domain><name>a</name><devices><graphics type="vnc" listen="127.0.0.1">'
        '<listen type="address" address="127.0.0.1"/></graphics></devices></domain>'
    )
    config = parse_domain_xml(text)
    everywhere = replace(config.graphics[0], listen=EVERYWHERE)
    told = format_domain_xml(replace(config, graphics=(everywhere,)))
    assert told == text.replace("127.0.0.1", EVERYWHERE)
    silent = format_domain_xml(
        replace(config, graphics=(replace(config.graphics[0], listen=None),))
    )
    assert "127" not in silent
    second = text.replace(' listen="127.0.0.1"', "")
    config = parse_domain_xml(second)
    assert config.graphics[0].listen == "127.0.0.1"
    everywhere = replace(config.graphics[0], listen=EVERYWHERE)
    told = format_domain_xml(replace(config, graphics=(everywhere,)))
    assert told == second.replace("127.0.0.1", EVERYWHERE)


def test_of_two_sources_the_one_is_changed_that_says_it() -> None:
    text = (
        '<domain><name>a</name><devices><serial type="udp"><source mode="bind"/>'
        '<source mode="connect" host="198.51.100.4"/></serial></devices></domain>'
    )
    config = parse_domain_xml(text)
    assert (config.serials[0].mode, config.serials[0].host) == ("bind", "198.51.100.4")
    serial = replace(config.serials[0], host="198.51.100.5")
    told = format_domain_xml(replace(config, serials=(serial,)))
    assert told == text.replace("198.51.100.4", "198.51.100.5")


def hostdev_xml(hostdev: Hostdev) -> str:
    config = DomainConfig(name="a", memory_kib=1, hostdevs=(hostdev,))
    told = format_domain_xml(config)
    assert parse_domain_xml(told) == config
    return told


def test_a_hostdev_has_the_address_of_its_kind() -> None:
    pci = hostdev_xml(Hostdev(pci=PciAddress(bus=0x0A, slot=0x1F, function=7)))
    assert '<address domain="0x0000" bus="0x0a" slot="0x1f" function="0x7"/>' in pci
    scsi = Hostdev(
        kind=HostdevKind.SCSI,
        scsi_adapter="scsi_host0",
        scsi=ScsiAddress(bus=0, target=1, unit=2),
    )
    assert '<address bus="0" target="1" unit="2"/>' in hostdev_xml(scsi)
    usb = Hostdev(kind=HostdevKind.USB, usb_vendor=0x46D, usb_product=0xC52B)
    assert '<vendor id="0x046d"/>' in hostdev_xml(usb)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            Hostdev(pci=PciAddress(bus=1, slot=2)),
            {"kind": HostdevKind.USB, "pci": None, "usb": UsbAddress(bus=300, device=2)},
        ),
        (
            Hostdev(kind=HostdevKind.USB, usb=UsbAddress(bus=3, device=2)),
            {"kind": HostdevKind.PCI, "usb": None, "pci": PciAddress(bus=1, slot=2)},
        ),
    ],
)
def test_a_hostdev_of_another_kind_loses_the_other_address(
    old: Hostdev, new: dict[str, object]
) -> None:
    config = parse_domain_xml(hostdev_xml(old))
    hostdev = replace(config.hostdevs[0], **new)  # type: ignore[arg-type]
    told = format_domain_xml(replace(config, hostdevs=(hostdev,)))
    assert parse_domain_xml(told).hostdevs == (hostdev,)
    assert told.count("<address") == 1


def test_a_guest_that_becomes_pvh_says_so_to_libvirt() -> None:
    text = DISKS.replace(
        "  <devices>", '  <os>\n    <type arch="x86_64">linux</type>\n  </os>\n  <devices>'
    )
    _, come = edited(text, guest_type=GuestType.PVH)
    assert come == ['    <type arch="x86_64" machine="xenpvh">xenpvh</type>']


def test_what_a_section_held_last_takes_the_section_with_it() -> None:
    text = "<domain><name>a</name><memory>4</memory><features><acpi/></features></domain>"
    told = format_domain_xml(replace(parse_domain_xml(text), acpi=False))
    assert told == "<domain><name>a</name><memory>4</memory></domain>"


def test_text_that_a_comment_cuts_is_one_text() -> None:
    text = "<domain><name>a</name><os><cmdline>one <!-- and -->two</cmdline></os></domain>"
    config = parse_domain_xml(text)
    assert config.cmdline == "one two"
    assert format_domain_xml(replace(config, cmdline="three")) == text.replace(
        "one <!-- and -->two", "three<!-- and -->"
    )


def test_boot_devices_are_written_one_by_one() -> None:
    text = '<domain><name>a</name><os><boot dev="hd"/><!-- x --><boot dev="fd"/></os></domain>'
    config = parse_domain_xml(text)
    assert config.boot == (BootDevice.DISK, BootDevice.FLOPPY)
    told = format_domain_xml(replace(config, boot=("cdrom",)))
    assert told == '<domain><name>a</name><os><boot dev="cdrom"/><!-- x --></os></domain>'


def test_our_own_metadata_has_our_own_prefix() -> None:
    _, come = edited(DISKS, cap_percent=50)
    assert come == [
        "  <metadata>",
        '    <xenvm:domain xmlns:xenvm="urn:xenvm:domain:1">',
        "      <xenvm:cap>50</xenvm:cap>",
        "    </xenvm:domain>",
        "  </metadata>",
    ]


def test_a_vnif_is_written_for_hot_plugging() -> None:
    vnif = Vnif(bridge="xenbr0", mac=MacAddress.xen(1), outbound=Bandwidth(average_kib_per_s=100))
    assert format_vnif_xml(vnif) == (
        '<interface type="bridge">\n'
        '  <mac address="00:16:3e:00:00:01"/>\n'
        '  <source bridge="xenbr0"/>\n'
        "  <bandwidth>\n"
        '    <outbound average="100"/>\n'
        "  </bandwidth>\n"
        "</interface>\n"
    )


def test_a_device_of_a_document_is_written_alone_and_edited_alone() -> None:
    second = disks()[1]
    assert format_vbd_xml(second).startswith('<disk type="file" device="disk">\n      <source')
    told = format_vbd_xml(replace(second, source="/c"))
    assert '<source file="/c" index="2"/>' in told
    assert told.endswith("</disk>")


def test_a_link_says_up_or_down() -> None:
    assert '<link state="down"/>' in format_vnif_xml(Vnif(bridge="b", link_up=False))


@pytest.mark.parametrize(
    ("config", "field"),
    [
        (DomainConfig(name="a\x00", memory_kib=1), "name"),
        (DomainConfig(name="a", memory_kib=1, passthrough_mode="sync_pt"), "passthrough"),
        (
            DomainConfig(name="a", memory_kib=1, vbds=(Vbd(target="a", backing="?", source="/b"),)),
            "vbds",
        ),
        (
            DomainConfig(
                name="a",
                memory_kib=1,
                vnifs=(Vnif(kind=VnifKind.ETHERNET, script="\ufffe"),),
            ),
            "script",
        ),
    ],
)
def test_what_xml_cannot_say_is_refused_by_the_fields_name(
    config: DomainConfig, field: str
) -> None:
    with pytest.raises(SpecError, match=field):
        format_domain_xml(config)


def test_what_stands_around_the_root_stays() -> None:
    text = f'<?xml version="1.0"?>\n<!-- a -->\n{DISKS}\n<!-- b -->\n'
    told = format_domain_xml(replace(parse_domain_xml(text), name="b"))
    assert told == text.replace("<name>a<", "<name>b<")


@pytest.mark.parametrize("encoding", ["iso-8859-1", "utf-16"])
def test_a_document_of_another_encoding_is_written_without_its_name(encoding: str) -> None:
    text = f"<?xml version='1.0' encoding='{encoding}'?>\n<domain><name>é</name></domain>"
    told = "<domain><name>é</name></domain>"
    assert format_domain_xml(parse_domain_xml(text.encode(encoding))) == told
    assert format_domain_xml(parse_domain_xml(text)) == told


def test_words_of_tomorrow_survive() -> None:
    text = DISKS.replace('type="block"', 'type="astral"').replace("/dev/a", "/x")
    config = parse_domain_xml(text)
    assert (config.vbds[0].backing, config.vbds[0].source) == ("astral", None)
    assert format_domain_xml(replace(config, name="b")) == text.replace("<name>a<", "<name>b<")


def test_a_document_without_a_word_has_libvirts_meaning() -> None:
    config = parse_domain_xml(
        "<domain><name>a</name><devices><disk><source file='/a'/><target dev='hda'/></disk>"
        "<interface/><graphics/><console/></devices></domain>"
    )
    assert (config.vbds[0].backing, config.vbds[0].source) == (DiskBacking.FILE, "/a")
    assert config.vbds[0].format is DiskFormat.RAW
    assert config.vnifs[0].kind == "user"
    assert config.graphics == (Graphics(),)
    assert config.consoles == (Chardev(),)
    assert (config.memory_kib, config.vcpus, config.arch) == (0, 1, None)
