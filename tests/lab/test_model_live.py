"""The libxl driver of a real host takes what we write, and means by it what we mean."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from tests.corpora.conftest import CorpusOf, corpus_of
from tests.corpora.corpus import NEW, OLD, XEN
from tests.corpora.oracle import BEYOND_THE_FIELDS, misbuilt, misread, understood
from xenvm.errors import LibvirtError, SpecError
from xenvm.formats import format_domain_xml, format_xl_config, parse_domain_xml
from xenvm.host import Host
from xenvm.lab import Release
from xenvm.model.boot import Loader
from xenvm.model.chardev import Chardev
from xenvm.model.clock import Timer
from xenvm.model.cpu import VcpuPin
from xenvm.model.devices import Controller, Input
from xenvm.model.domain import DomainConfig
from xenvm.model.graphics import Graphics, Video
from xenvm.model.hostdev import Hostdev
from xenvm.model.kinds import (
    BootDevice,
    DiskBacking,
    DiskDevice,
    DiskDriver,
    DiskFormat,
    GuestType,
)
from xenvm.model.quantities import CpuSet, MacAddress, PciAddress
from xenvm.model.vbd import Vbd
from xenvm.model.vnif import Vnif

pytestmark = pytest.mark.timeout(1800)

__all__ = ["corpus_of"]

LIBVIRT = {Release.BOOKWORM: OLD, Release.TRIXIE: NEW}
"""The libvirt of each release of the lab."""

ONE_NODE = "it names a second NUMA node of the host, and the lab has one"
NOT_FOR_XL = {
    "multiple-ip.xml": "a PV guest without a kernel, which libvirt gives a boot loader",
    "vnuma-hvm.xml": ONE_NODE,
    "vnuma-hvm-legacy-nest.xml": ONE_NODE,
    "test-fullvirt-vnuma.xml": ONE_NODE,
    "test-fullvirt-vnuma-autocomplete.xml": ONE_NODE,
    "test-fullvirt-vnuma-nodistances.xml": ONE_NODE,
    "test-fullvirt-vnuma-partialdist.xml": ONE_NODE,
}
"""libvirt's documents of which xl does not take the conversion, and why."""

DISKS = (
    Vbd(target="xvda", source="/dev/lab/root", driver=DiskDriver.PHY),
    Vbd(
        target="xvdb",
        source="/srv/b.qcow2",
        backing=DiskBacking.FILE,
        driver=DiskDriver.QEMU,
        format=DiskFormat.QCOW2,
        readonly=True,
    ),
)
NICS = (Vnif(bridge="xenbr0", mac=MacAddress.xen(1), script="vif-bridge"),)
PV = DomainConfig(
    name="xenvm-model-pv",
    memory_kib=131072,
    max_memory_kib=262144,
    vcpus=1,
    max_vcpus=2,
    cpus=CpuSet.parse("0-1"),
    weight=512,
    pins=(VcpuPin(vcpu=0, cpus=CpuSet.of([1])),),
    kernel="/boot/vmlinuz",
    initrd="/boot/initrd.img",
    cmdline="console=hvc0 quiet",
    vbds=DISKS,
    vnifs=NICS,
    graphics=(Graphics(kind="vnc", autoport=True),),
    hostdevs=(Hostdev(kind="pci", managed=True, pci=PciAddress(bus=1, slot=2)),),
    title="A title",
    description="All that a PV guest may have",
)
PVH = dataclasses.replace(
    PV, name="xenvm-model-pvh", guest_type=GuestType.PVH, graphics=(), hostdevs=(), vbds=DISKS[:1]
)
HVM = DomainConfig(
    name="xenvm-model-hvm",
    guest_type=GuestType.HVM,
    memory_kib=262144,
    vcpus=2,
    loader=Loader(path="/usr/lib/xen-4.17/boot/hvmloader", kind="rom"),
    boot=(BootDevice.DISK, BootDevice.CDROM),
    acpi=True,
    apic=True,
    pae=True,
    hap=True,
    timers=(Timer(name="hpet", present=False),),
    vbds=(
        Vbd(target="hda", source="/dev/lab/root", driver=DiskDriver.PHY),
        Vbd(
            target="hdc",
            device=DiskDevice.CDROM,
            backing=DiskBacking.FILE,
            driver=DiskDriver.QEMU,
            source="/srv/a.iso",
            readonly=True,
        ),
    ),
    vnifs=(dataclasses.replace(NICS[0], model="e1000"),),
    serials=(Chardev(target_port=0),),
    controllers=(Controller(kind="usb", index=0, model="qusb2"),),
    inputs=(Input(kind="tablet", bus="usb"),),
    graphics=(Graphics(kind="vnc", autoport=True, listen="127.0.0.1"),),
    videos=(Video(model="vga", vram_kib=16384),),
)


def said_by(config: DomainConfig) -> dict[str, object]:
    """Return the fields that a config says something in."""
    blank = DomainConfig(name="blank", memory_kib=1)
    fields = [each.name for each in dataclasses.fields(config) if each.compare]
    return {
        name: value
        for name in fields
        if (value := getattr(config, name)) != getattr(blank, name) and not isinstance(value, tuple)
    }


@pytest.mark.parametrize("config", [PV, PVH, HVM], ids=lambda config: config.name)
def test_what_a_program_builds_is_what_the_driver_has(host: Host, config: DomainConfig) -> None:
    assert not [found for found in config.check() if found.severity == "error"]
    told = understood(host, format_domain_xml(config))
    assert not isinstance(told, LibvirtError), told
    theirs = parse_domain_xml(told)
    assert {name: getattr(theirs, name) for name in said_by(config)} == said_by(config)
    assert theirs.pins == config.pins
    assert {
        (vbd.target, vbd.source, vbd.driver, vbd.format, vbd.readonly) for vbd in theirs.vbds
    } == {(vbd.target, vbd.source, vbd.driver, vbd.format, vbd.readonly) for vbd in config.vbds}
    assert [(nic.bridge, nic.mac, nic.model) for nic in theirs.vnifs] == [
        (nic.bridge, nic.mac, nic.model) for nic in config.vnifs
    ]
    assert [device.pci for device in theirs.hostdevs] == [d.pci for d in config.hostdevs]


@pytest.mark.parametrize("judge", [misread, misbuilt])
def test_the_driver_understands_the_same_by_libvirts_own_documents(
    host: Host,
    release: Release,
    corpus_of: CorpusOf,
    judge: Callable[[Host, str, str | LibvirtError], str],
) -> None:
    wrong, taken = {}, 0
    for path in corpus_of(LIBVIRT[release]).documents(XEN):
        document = path.read_text("utf-8")
        told = understood(host, document)
        taken += not isinstance(told, LibvirtError)
        if path.name not in BEYOND_THE_FIELDS and (what := judge(host, document, told)):
            wrong[path.name] = what
    assert not wrong
    assert taken > 50, "the driver takes too few of its own documents to judge by"


DRY_RUN = """
mkdir -p /run/xenvm-model
for n in $(seq 1 %d); do
  file=/run/xenvm-model/$n.cfg
  sed -n "/^#begin $n$/,/^#end $n$/p" >"$file" </run/xenvm-model/all
  xl create -q -n "$file" >/dev/null 2>"$file.said" || echo "$n $(tail -n 1 "$file.said")"
done
rm -rf /run/xenvm-model
"""
"""Prints a line for each description that xl does not take; it starts none."""


def refused_by_xl(host: Host, texts: list[str]) -> dict[int, str]:
    """Return which of some xl.cfg texts Dom0's own xl refuses, by number from 1, and why."""
    numbered = enumerate(texts, 1)
    whole = "".join(f"#begin {n}\n{text}#end {n}\n" for n, text in numbered)
    host.shell.run("mkdir -p /run/xenvm-model", deadline_s=30)
    host.shell.put_file("/run/xenvm-model/all", whole.encode(), mode=0o600)
    said = host.shell.run(DRY_RUN % len(texts), deadline_s=600).stdout.splitlines()
    return {int(line.split()[0]): line.partition(" ")[2] for line in said}


def test_xl_takes_what_is_converted_from_libvirts_own_documents(
    host: Host, release: Release, corpus_of: CorpusOf
) -> None:
    texts = {config.name: format_xl_config(config) for config in (PV, PVH, HVM)}
    unsaid = []
    for path in corpus_of(LIBVIRT[release]).documents(XEN):
        try:
            texts[path.name] = format_xl_config(parse_domain_xml(path.read_text("utf-8")))
        except SpecError:  # such as a VNIF of one of libvirt's networks
            unsaid.append(path.name)
    assert len(unsaid) < len(texts) / 10, unsaid
    names = [*texts]
    refused = {names[n - 1]: why for n, why in refused_by_xl(host, [*texts.values()]).items()}
    assert {name: why for name, why in refused.items() if name not in NOT_FOR_XL} == {}
    assert {*NOT_FOR_XL} & {*names} <= {*refused}, "xl takes more than we thought"


def test_a_description_that_is_broken_is_refused_by_xl(host: Host) -> None:
    text = format_xl_config(PV)
    assert [*refused_by_xl(host, [text, text.replace('kernel = "', 'kernel = ["')])] == [2]
