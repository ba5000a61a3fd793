"""The strings of xl.cfg that describe devices and CPUs: what they mean, and that they stay."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xenvm.errors import ParseError, SpecError
from xenvm.formats.xl import (
    SPEC_GRAMMARS,
    CpuItemKind,
    VifRate,
    XlCpuList,
    XlSerialPort,
    parse_device,
    parse_disk,
    parse_pci,
)
from xenvm.model.quantities import CpuSet, PciAddress

VG = "/dev/vg/guest"
ISO = "/root/image.iso"


@pytest.mark.parametrize(
    "text",
    [
        f"{VG},,hda",
        f"{VG},raw,hda,rw",
        f"{VG},raw,hda,",
        f"format=raw, vdev=hda, access=rw, target={VG}",
        f"raw:{VG},hda,w",
        f"phy:{VG},hda,w",
        f"tap:aio:{VG},ioemu:hda,w",
        f"{VG},hda,w",
        f"{VG},vdev=hda,raw,w",
        f"backendtype=phy,vdev=hda,access=w,target={VG}",
        f"discard,{VG},,hda,,",
    ],
)
def test_a_disk_is_the_same_however_it_is_written(text: str) -> None:
    disk = parse_disk(text)
    assert str(disk) == text
    assert (disk.target, disk.vdev, disk.format or "raw") == (VG, "hda", "raw")
    assert (disk.is_read_only, disk.is_cdrom, disk.is_shareable) == (False, False, False)


@pytest.mark.parametrize(
    "text",
    [
        f"{ISO},,hdc,cdrom",
        f"{ISO},,hdc,,cdrom",
        f"{ISO},raw,hdc,devtype=cdrom",
        f"format=raw, vdev=hdc, access=ro, devtype=cdrom, target={ISO}",
        f"raw:{ISO},hdc:cdrom,ro",
        f"file:{ISO},hdc:cdrom,r",
        f"{ISO},hdc:cdrom,r",
    ],
)
def test_a_cdrom_is_read_only(text: str) -> None:
    disk = parse_disk(text)
    assert str(disk) == text
    assert (disk.target, disk.vdev) == (ISO, "hdc")
    assert disk.is_cdrom
    assert disk.is_read_only


@pytest.mark.parametrize(
    "text",
    [
        "devtype=cdrom,,,hdc",
        ",,hdc:cdrom,r",
        ",hdc:cdrom,r",
        "vdev=hdc,access=r,devtype=cdrom,target=",
        ",empty,hdc:cdrom,r",
        "vdev=hdc,access=r,devtype=cdrom,format=empty",
    ],
)
def test_an_empty_drive_has_no_target(text: str) -> None:
    disk = parse_disk(text)
    assert str(disk) == text
    assert (disk.target, disk.vdev, disk.is_cdrom) == ("", "hdc", True)


def test_the_target_by_name_takes_all_the_rest() -> None:
    text = "vdev=xvda,target=rbd:pool/a,b=c:d, "
    disk = parse_disk(text)
    assert disk.target == "rbd:pool/a,b=c:d, "
    changed = disk.spec.set("access", "r").with_flag("discard").set("target", "/a,b")
    assert str(changed) == "vdev=xvda,access=r,discard,target=/a,b"


def test_old_prefixes_are_told() -> None:
    assert parse_disk("tap2:qcow2:/a,xvda,w").prefixes == ("tap2", "qcow2")
    assert parse_disk("tap:qcow2:/a,xvda,w").format == "qcow2"
    assert parse_disk("drbd:app01,hda,w").script == "block-drbd"
    assert parse_disk("iscsi:iqn.2001-05.com:0-8a,xvda,w").target == "iqn.2001-05.com:0-8a"
    assert parse_disk("phy:/a,xvda,w!").is_shareable
    assert parse_disk("phy:/a,xvda,w,storage").spec.get("backend") == "storage"
    assert parse_disk("/a,vdi,xvda").format == "vdi"
    assert parse_disk("script=block-nbd,vdev=xvda,target=a").script == "block-nbd"


def test_a_disk_is_edited_where_it_stands() -> None:
    spec = parse_disk("phy:/dev/vg/a,hdc:cdrom,r").spec
    assert str(spec.set("target", "/dev/vg/b")) == "phy:/dev/vg/b,hdc:cdrom,r"
    assert str(spec.set("vdev", "xvda").set("access", "w")) == "phy:/dev/vg/a,xvda:cdrom,w"
    assert str(spec.set("target", "/a,b")) == "phy:,hdc:cdrom,r,target=/a,b"
    assert str(spec.set("backendtype", "phy")) == "phy:/dev/vg/a,hdc:cdrom,r,backendtype=phy"
    assert str(spec.without("access").without("target")) == ",hdc:cdrom,"
    assert parse_disk(str(spec.set("target", "/a,b"))).target == "/a,b"


@pytest.mark.parametrize("text", ["/a,raw,xvda,w,b", "phy:/a,xvda,w,b,c", "/a,xvda,w,b"])
def test_a_disk_with_too_many_values_is_refused(text: str) -> None:
    with pytest.raises(ParseError, match="one value too many"):
        parse_disk(text)


def test_a_vif_is_edited_where_it_stands() -> None:
    text = "mac=00:16:3e:00:00:01, bridge=xenbr0,script=vif-bridge,,untrusted,new=1,odd"
    vif = parse_device(text, "vif")
    assert str(vif) == text
    assert (vif.get("bridge"), vif.get("untrusted"), vif.get("rate")) == ("xenbr0", "", None)
    assert vif.unknown == ("new", "odd")
    assert vif.names == ("mac", "bridge", "script", "untrusted", "new")
    assert str(vif.set("bridge", "br1")) == text.replace("xenbr0", "br1")
    assert str(vif.set("rate", "1MB/s")) == text + ",rate=1MB/s"
    assert str(vif.without("script").without("untrusted")) == (
        "mac=00:16:3e:00:00:01, bridge=xenbr0,,new=1,odd"
    )
    assert vif.with_flag("untrusted") is vif
    assert str(parse_device("", "vif").set("mac", "a").with_flag("trusted")) == "mac=a,trusted"
    with pytest.raises(SpecError, match="has a ','"):
        vif.set("bridge", "a,b")


def test_of_a_parameter_given_twice_the_last_counts() -> None:
    vif = parse_device("bridge=a,bridge=b", "vif")
    assert vif.get("bridge") == "b"
    assert str(vif.set("bridge", "c")) == "bridge=a,bridge=c"


def test_devices_have_grammars_of_their_own() -> None:
    node = parse_device("vdistances = 10,20 ", "vnuma")
    assert (node.get("vdistances"), str(node)) == ("10,20", "vdistances = 10,20 ")
    assert str(node.set("vdistances", "10,30")) == "vdistances = 10,30 "
    assert parse_device("oem=a,b", "smbios").get("oem") == "a,b"
    assert parse_device("type=virtio,device22,transport=mmio", "virtio").get("type") == (
        "virtio,device22"
    )
    channel = parse_device(" name = a , connection=pty", "channel")
    assert (channel.get("name"), channel.get("connection")) == ("a", "pty")
    assert parse_device("CARD, short-name=Main", "vsnd").get("item") == "CARD"
    scsi = parse_device("/dev/sdx,4:0:0:0", "vscsi")
    assert (scsi.get("pdev"), scsi.get("vdev")) == ("/dev/sdx", "4:0:0:0")
    with pytest.raises(ParseError, match="describes no device"):
        parse_device("a=1", "memory")


@settings(deadline=None)
@given(
    st.text("ab1=, :.@\t-_*d\né", max_size=40),
    st.sampled_from(sorted({*SPEC_GRAMMARS} - {"disk", "pci"})),
)
def test_a_device_gives_its_text_back(text: str, name: str) -> None:
    spec = parse_device(text, name)
    assert str(spec) == text
    assert hash(spec) == hash(parse_device(text, name))
    for parameter in spec:
        if parameter.name and parameter.value:
            assert spec.set(parameter.name, spec.get(parameter.name) or "") == spec


@settings(deadline=None)
@given(
    st.text("ab1=:.@ -_d", max_size=10),
    st.sampled_from(["phy:", "tap:aio:", "", "target="]),
    st.sampled_from(["", ",", ",xvda,w", ",raw,xvda,r", ",vdev=xvda,cdrom"]),
)
def test_a_disk_gives_its_text_back(target: str, prefix: str, rest: str) -> None:
    text = prefix + target + rest
    disk = parse_disk(text)
    assert str(disk) == text
    for wanted in ("/a,b", "/a,", "/a"):
        assert parse_disk(str(disk.spec.set("target", wanted))).target == wanted


@pytest.mark.parametrize(
    ("text", "address", "vslot"),
    [
        ("36:00.0@1f,seize=1", "0000:36:00.0", 0x1F),
        ("36:00.0,vslot=1f,seize=1", "0000:36:00.0", 0x1F),
        ("bdf=36:00.0,vslot=1f,seize=1", "0000:36:00.0", 0x1F),
        ("0001:0c:1b.2", "0001:0c:1b.2", None),
        ("0a:00.*,permissive=1", "0000:0a:00.0", None),
    ],
)
def test_a_pci_device_has_an_address(text: str, address: str, vslot: int | None) -> None:
    device = parse_pci(text)
    assert str(device) == text
    assert (device.address, device.vslot) == (PciAddress.parse(address), vslot)
    assert device.all_functions == ("*" in text)
    assert device.option("seize") == (True if "seize" in text else None)


def test_a_pci_device_may_have_a_name_instead() -> None:
    device = parse_pci("name=nic,permissive=0")
    assert (device.address, device.name, device.option("permissive")) == (None, "nic", False)
    with pytest.raises(ParseError, match="is no integer"):
        parse_pci("name=nic,permissive=yes").option("permissive")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "an address or a name"),
        ("permissive=1", "an address or a name"),
        ("0a:00.0,name=nic", "an address or a name"),
        ("0a:00", "is no PCI address"),
        ("0a:20.0", "the slot of a PCI address"),
        ("0a:00.8", "is no PCI address"),
        ("0a:00.0@20", "is no slot"),
        ("0a:00.0,vslot=x", "is no slot"),
    ],
)
def test_what_is_no_pci_device_is_refused(text: str, problem: str) -> None:
    with pytest.raises(ParseError, match=problem):
        parse_pci(text)


@pytest.mark.parametrize(
    ("text", "bytes_per_s", "interval_us"),
    [
        ("10MB/s@20ms", 10_000_000, 20_000),
        ("10Mb/s", 1_250_000, 50_000),
        ("250KB/s", 250_000, 50_000),
        ("1GB/s@1s", 1_000_000_000, 1_000_000),
        ("8b/s@7us", 1, 7),
        ("5B/s@2", 5, 2_000_000),
        ("5B/s@2m", 5, 2_000),
    ],
)
def test_a_rate_is_in_bytes_and_microseconds(text: str, bytes_per_s: int, interval_us: int) -> None:
    rate = VifRate(text)
    assert (str(rate), rate.bytes_per_s, rate.interval_us) == (text, bytes_per_s, interval_us)


@pytest.mark.parametrize(
    "text",
    [
        *("", "10", "10MB", "MB/s", "0MB/s", "4294967296B/s", "1MB/s@", "1MB/s@0s", "1MB/s@4295s"),
        *("1TB/s", "-1B/s", "1MB/s@1h", "٣B/s", "9" * 99 + "B/s"),
    ],
)
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(SpecError):
        VifRate(text)


def test_a_list_of_cpus_may_need_the_host_to_be_known() -> None:
    assert XlCpuList.parse("0-3,^2, 8").cpu_set == CpuSet.of([0, 1, 3, 8])
    assert XlCpuList.parse("1,,2,").cpu_set == CpuSet.of([1, 2])
    for text in ("all", "nodes:0-3,^node:2", "node:1,^6", "all,^node:1"):
        cpus = XlCpuList.parse(text)
        assert (str(cpus), cpus.cpu_set) == (text, None)
    first, second = XlCpuList.parse("nodes:0-3,^node:2").items
    assert (first.kind, first.first, first.last, first.without) == (CpuItemKind.NODES, 0, 3, False)
    assert (second.kind, second.first, second.last, second.without) == (
        CpuItemKind.NODES,
        2,
        2,
        True,
    )


@pytest.mark.parametrize(
    "text",
    [
        *("", ",", "a", "^all", "node:all", "3-1", "0-999999999", "16384", "1;2", "-1", "^"),
        *("nodes:", "1" * 200_000),
    ],
)
def test_what_is_no_list_of_cpus_is_refused(text: str) -> None:
    with pytest.raises(SpecError):
        XlCpuList.parse(text)


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 200), st.integers(0, 9)), min_size=1))
def test_lists_of_cpus_count_as_libvirts_do(items: list[tuple[bool, int, int]]) -> None:
    text = ",".join(f"^{a}" if out else f"{a}-{a + more}" for out, a, more in items)
    assert XlCpuList.parse(text).cpu_set == CpuSet.parse(text)


@pytest.mark.parametrize(
    ("text", "kind", "address", "options"),
    [
        ("pty", "pty", "", ()),
        ("none", "none", "", ()),
        ("/dev/ttyS0", "device", "/dev/ttyS0", ()),
        ("file:/tmp/a:b.log", "file", "/tmp/a:b.log", ()),  # noqa: S108 - nobody opens it
        ("tcp:127.0.0.1:7777,server,nowait", "tcp", "127.0.0.1:7777", ("server", "nowait")),
        ("udp:a:9999@b:9998", "udp", "a:9999@b:9998", ()),
    ],
)
def test_a_serial_port_goes_somewhere(
    text: str, kind: str, address: str, options: tuple[str, ...]
) -> None:
    port = XlSerialPort(text)
    assert (str(port), port.kind, port.address, port.options) == (text, kind, address, options)


@pytest.mark.parametrize("text", ["", ":a", ",server", "PTY", "a b"])
def test_what_is_no_serial_port_is_refused(text: str) -> None:
    with pytest.raises(SpecError, match="is no serial port"):
        XlSerialPort(text)
