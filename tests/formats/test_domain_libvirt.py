"""What the model builds with every device there is: libvirt's schema and parser agree."""

from __future__ import annotations

import dataclasses

import libvirt
import pytest

from xenvm.formats.domain_xml import format_domain_xml, parse_domain_xml
from xenvm.model.boot import AcpiTable, Loader
from xenvm.model.chardev import Chardev
from xenvm.model.clock import Timer
from xenvm.model.cpu import CpuFeature, NumaCell, NumaDistance, VcpuPin
from xenvm.model.devices import Controller, Input, Sound, Tpm
from xenvm.model.domain import DomainConfig
from xenvm.model.graphics import Graphics, Video
from xenvm.model.hostdev import Hostdev, ScsiAddress, UsbAddress
from xenvm.model.hyperv import Hyperv
from xenvm.model.kinds import (
    BootDevice,
    ChardevKind,
    ClockOffset,
    ControllerKind,
    DiskBacking,
    DiskDevice,
    DiskDriver,
    DiskFormat,
    GraphicsKind,
    GuestType,
    HostdevKind,
    VnifKind,
)
from xenvm.model.quantities import CpuSet, MacAddress, PciAddress
from xenvm.model.vbd import DiskHost, DriveAddress, Vbd
from xenvm.model.vnif import Bandwidth, Vnif, VnifAddress

PV = DomainConfig(
    name="pv",
    title="with everything",
    os_id="http://debian.org/debian/12",
    cap_percent=50,
    memory_kib=262144,
    vcpus=2,
    max_vcpus=4,
    cpus=CpuSet.parse("0-3"),
    weight=512,
    pins=(VcpuPin(vcpu=0, cpus=CpuSet.of([1])),),
    kernel="/k",
    initrd="/i",
    cmdline="c",
    e820_host=True,
    passthrough=True,
    passthrough_mode="sync_pt",
    clock_offset=ClockOffset.VARIABLE,
    clock_adjustment="3600",
    clock_basis="utc",
    timers=(Timer(name="tsc", mode="native", frequency_hz=10),),
    vbds=(
        Vbd(target="xvda", source="/a", driver=DiskDriver.PHY, backend_domain="b"),
        Vbd(
            target="xvdb",
            source="/b",
            backing=DiskBacking.FILE,
            driver=DiskDriver.QEMU,
            format=DiskFormat.QCOW2,
            cache="none",
            discard="unmap",
            shareable=True,
        ),
        Vbd(
            target="xvdc",
            backing=DiskBacking.NETWORK,
            protocol="rbd",
            source="p/i",
            hosts=(DiskHost(name="m", port=6789),),
            readonly=True,
        ),
        Vbd(target="xvdd", backing=DiskBacking.VOLUME, pool="default", source="v"),
    ),
    controllers=(
        Controller(kind=ControllerKind.XENBUS, max_grant_frames=64, max_event_channels=2047),
        Controller(kind=ControllerKind.USB, index=0, model="qusb2", ports=4),
    ),
    vnifs=(
        Vnif(
            bridge="xenbr0",
            mac=MacAddress.xen(1),
            vlan_trunk=True,
            vlans=(10, 20),
            virtualport="openvswitch",
            ips=(VnifAddress(address="192.0.2.7", family="ipv4"),),
            script="vif-x",
            outbound=Bandwidth(average_kib_per_s=100),
            mtu_bytes=1500,
            link_up=False,
        ),
        Vnif(kind=VnifKind.NETWORK, mac=MacAddress.xen(2), network="default", model="netfront"),
        Vnif(
            kind=VnifKind.HOSTDEV,
            mac=MacAddress.xen(3),
            hostdev=PciAddress(bus=3, slot=16),
            managed=True,
        ),
        Vnif(kind=VnifKind.ETHERNET, mac=MacAddress.xen(4), backend_domain="b", script="vif-y"),
    ),
    consoles=(Chardev(target_kind="xen", target_port=0),),
    channels=(
        Chardev(kind=ChardevKind.UNIX, mode="bind", path="/s", target_kind="xen", target_name="n"),
    ),
    inputs=(Input(kind="mouse", bus="xen"),),
    graphics=(Graphics(port=5901, listen="127.0.0.1", keymap="de", autoport=False),),
    videos=(Video(model="xen", vram_kib=4096, heads=1, primary=True),),
    hostdevs=(
        Hostdev(pci=PciAddress(bus=10, slot=31, function=7), managed=True, write_filtering=False),
        Hostdev(kind=HostdevKind.USB, managed=False, usb=UsbAddress(bus=1, device=2)),
        Hostdev(
            kind=HostdevKind.SCSI,
            managed=False,
            scsi_adapter="scsi_host0",
            scsi=ScsiAddress(bus=0, target=0, unit=0),
        ),
    ),
    memballoon="xen",
)

HVM = DomainConfig(
    name="hvm",
    guest_type=GuestType.HVM,
    memory_kib=262144,
    max_vcpus=4,
    boot=(BootDevice.CDROM, BootDevice.DISK),
    loader=Loader(path="/usr/lib/xen/boot/hvmloader", kind="rom", readonly=True),
    acpi_tables=(AcpiTable(kind="slic", path="/t"),),
    acpi=True,
    apic=True,
    pae=True,
    hap=False,
    viridian=True,
    hyperv=Hyperv(mode="custom", vapic=True, stimer=False, synic=True, relaxed=True),
    cpu_mode="host-passthrough",
    cpu_features=(CpuFeature(name="vmx", policy="disable"),),
    numa_cells=tuple(
        NumaCell(
            number=number,
            cpus=CpuSet.of([2 * number, 2 * number + 1]),
            memory_kib=131072,
            distances=tuple(NumaDistance(cell=n, distance=10 + 11 * (n != number)) for n in (0, 1)),
        )
        for number in (0, 1)
    ),
    emulator="/usr/lib/xen/bin/qemu-system-i386",
    vbds=(
        Vbd(
            target="hda",
            source="/a",
            address=DriveAddress(controller=0, bus=0, target=0, unit=0),
        ),
        Vbd(target="hdc", backing=DiskBacking.FILE, device=DiskDevice.CDROM, readonly=True),
    ),
    serials=(
        Chardev(
            kind=ChardevKind.TCP,
            mode="bind",
            host="127.0.0.1",
            service="4555",
            protocol="telnet",
            target_port=0,
        ),
    ),
    parallels=(Chardev(kind=ChardevKind.FILE, path="/p", target_port=0),),
    inputs=(Input(kind="tablet", bus="usb"),),
    tpms=(Tpm(model="tpm-tis", backend="passthrough", device="/dev/tpm0"),),
    graphics=(
        Graphics(
            kind=GraphicsKind.SPICE,
            port=6000,
            tls_port=6001,
            autoport=False,
            listen="127.0.0.1",
            clipboard=True,
            mouse_mode="client",
        ),
        Graphics(kind=GraphicsKind.SDL, display=":0", xauthority="/x"),
    ),
    sounds=(Sound(model="ich6"),),
    videos=(Video(model="cirrus", vram_kib=8192, heads=1, primary=True),),
)

ADDED = {
    "uuid",
    "vbds",  # the bus, by the target's name; an address
    "vnifs",  # the back-end's name
    "controllers",
    "consoles",  # HVM: the first serial port is one
}
"""What libvirt says more of than it was told."""


@pytest.mark.parametrize("config", [PV, HVM], ids=lambda config: config.name)
def test_libvirt_takes_all_that_the_model_says_and_says_the_same(config: DomainConfig) -> None:
    text = format_domain_xml(config)
    assert parse_domain_xml(text) == config
    connection = libvirt.open("test:///default")
    try:
        domain = connection.defineXMLFlags(text, libvirt.VIR_DOMAIN_DEFINE_VALIDATE)
        told = parse_domain_xml(domain.XMLDesc(0))
        domain.undefine()
    finally:
        connection.close()
    same = {each.name for each in dataclasses.fields(config)} - ADDED - {"residue"}
    assert {name: getattr(told, name) for name in same} == {
        name: getattr(config, name) for name in same
    }
    assert [vbd.source for vbd in told.vbds] == [vbd.source for vbd in config.vbds]
    assert [dataclasses.replace(vnif, device=None) for vnif in told.vnifs] == [*config.vnifs]
    assert {(each.kind, each.ports, each.max_grant_frames) for each in told.controllers} >= {
        (each.kind, each.ports, each.max_grant_frames) for each in config.controllers
    }
