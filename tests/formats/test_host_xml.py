"""What libvirt tells of a host: devices, capabilities of the host and of its guests."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from decimal import Decimal

import libvirt
import pytest
from lxml import etree

from xenvm import formats
from xenvm.errors import ParseError
from xenvm.model.device_capability import (
    NetCapability,
    NodeCapability,
    ScsiHostCapability,
    StorageCapability,
    UsbDeviceCapability,
)
from xenvm.model.domain_capabilities import CapabilityEnum, Support
from xenvm.model.host_topology import CacheBank, CellDistance, CellPages, LogicalCpu
from xenvm.model.interface import LinkState
from xenvm.model.kinds import GuestType
from xenvm.model.node_device import DevNode, DevNodeKind, NodeDevice
from xenvm.model.pci_capability import PciCapability, PcieLink, PhysicalFunction, VirtualFunctions
from xenvm.model.quantities import CpuSet, PciAddress

NIC = """\
<device>
  <name>pci_0000_03_00_0</name>
  <path>/sys/devices/pci0000:00/0000:00:01.0/0000:03:00.0</path>
  <parent>pci_0000_00_01_0</parent>
  <driver>
    <name>ixgbe</name>
  </driver>
  <capability type='pci'>
    <class>0x020000</class>
    <domain>0</domain>
    <bus>3</bus>
    <slot>0</slot>
    <function>0</function>
    <product id='0x1528'>Ethernet Controller</product>
    <vendor id='0x8086'>Intel Corporation</vendor>
    <capability type='virt_functions' maxCount='63'>
      <address domain='0x0000' bus='0x03' slot='0x10' function='0x0'/>
      <address domain='0x0000' bus='0x03' slot='0x10' function='0x2'/>
    </capability>
    <capability type='teleport'>
      <range unit='km'>7</range>
    </capability>
    <iommuGroup number='17'>
      <address domain='0x0000' bus='0x03' slot='0x00' function='0x0'/>
    </iommuGroup>
    <numa node='1'/>
    <pci-express>
      <link validity='cap' port='0' speed='5' width='8'/>
      <link validity='sta' speed='2.5' width='8'/>
    </pci-express>
  </capability>
</device>
"""

XEN = """\
<capabilities>
  <host>
    <cpu>
      <arch>x86_64</arch>
      <features><pae/></features>
    </cpu>
    <power_management><suspend_mem/></power_management>
    <iommu support='no'/>
    <migration_features><live/></migration_features>
    <topology>
      <cells num='1'>
        <cell id='0'>
          <memory unit='GiB'>4</memory>
          <pages unit='KiB' size='4'>1048576</pages>
          <pages unit='MiB' size='2'>0</pages>
          <distances><sibling id='0' value='10'/></distances>
          <cpus num='2'>
            <cpu id='0' socket_id='0' core_id='0' siblings='0-1'/>
            <cpu id='1' socket_id='0' core_id='0' siblings='0-1'/>
          </cpus>
        </cell>
      </cells>
    </topology>
    <cache>
      <bank id='0' level='3' type='both' size='15' unit='MiB' cpus='0-1'/>
    </cache>
    <secmodel><model>none</model><doi>0</doi></secmodel>
  </host>
  <guest>
    <os_type>xen</os_type>
    <arch name='x86_64'>
      <wordsize>64</wordsize>
      <emulator>/usr/lib/xen/bin/qemu-system-i386</emulator>
      <machine>xenpv</machine>
      <domain type='xen'/>
    </arch>
  </guest>
  <guest>
    <os_type>hvm</os_type>
    <arch name='x86_64'>
      <wordsize>64</wordsize>
      <loader>/usr/lib/xen/boot/hvmloader</loader>
      <machine maxCpus='128'>xenfv</machine>
      <domain type='xen'/>
    </arch>
    <features>
      <acpi default='on' toggle='yes'/>
      <hap default='on' toggle='no'/>
      <telepathy default='off'/>
    </features>
  </guest>
</capabilities>
"""

PV = """\
<domainCapabilities>
  <path>/usr/bin/qemu-system-i386</path>
  <domain>xen</domain>
  <machine>xenpv</machine>
  <arch>x86_64</arch>
  <vcpu max='512'/>
  <iothreads supported='no'/>
  <os supported='yes'>
    <enum name='firmware'/>
    <loader supported='yes'>
      <value>/usr/lib/xen/boot/hvmloader</value>
      <enum name='type'><value>rom</value></enum>
    </loader>
  </os>
  <cpu>
    <mode name='custom' supported='yes'>
      <model usable='yes' vendor='Intel'>Haswell</model>
    </mode>
  </cpu>
  <devices>
    <disk supported='yes'>
      <enum name='bus'><value>xen</value><value>ide</value></enum>
    </disk>
    <hologram supported='yes'/>
    <graphics supported='no'/>
  </devices>
  <features>
    <gic supported='no'/>
  </features>
</domainCapabilities>
"""


@pytest.fixture
def driver() -> Iterator[libvirt.virConnect]:
    """Connect to libvirt's test driver, whose host is a dream of its own."""
    connection = libvirt.open("test:///default")
    yield connection
    connection.close()


def test_a_pci_function_is_read_with_its_virtual_ones_and_its_group() -> None:
    device = formats.parse_node_device_xml(NIC)
    assert (device.driver, device.parent) == ("ixgbe", "pci_0000_00_01_0")
    virtual = (
        PciAddress(bus=3, slot=16, function=0),
        PciAddress(bus=3, slot=16, function=2),
    )
    assert device.pci == PciCapability(
        class_code=0x020000,
        bus=3,
        slot=0,
        product_id=0x1528,
        product="Ethernet Controller",
        vendor_id=0x8086,
        vendor="Intel Corporation",
        capabilities=(
            VirtualFunctions(max_count=63, addresses=virtual),
            NodeCapability(kind="teleport"),
        ),
        iommu_group=17,
        iommu_group_addresses=(PciAddress(bus=3, slot=0),),
        numa_node=1,
        pcie_links=(
            PcieLink(validity="cap", port=0, speed_gt_per_s=Decimal(5), width_lanes=8),
            PcieLink(validity="sta", speed_gt_per_s=Decimal("2.5"), width_lanes=8),
        ),
    )
    assert device.pci.virtual_functions == virtual


def test_a_capability_of_tomorrow_stays_whole_beside_an_edit() -> None:
    device = formats.parse_node_device_xml(NIC)
    assert device.pci
    pci = dataclasses.replace(device.pci, vendor_id=0x15B3, class_code=0x028000)
    written = formats.format_node_device_xml(dataclasses.replace(device, capabilities=(pci,)))
    changed = NIC.replace("0x8086", "0x15b3").replace("0x020000", "0x028000")
    assert written.replace('"', "'") == changed


def test_a_virtual_function_names_its_physical_one() -> None:
    device = formats.parse_node_device_xml(
        "<device><name>vf</name><capability type='pci'><bus>3</bus><slot>16</slot>"
        "<capability type='phys_function'><address bus='3' slot='0'/></capability>"
        "</capability></device>"
    )
    assert device.pci
    assert device.pci.address == PciAddress(bus=3, slot=16)
    assert device.pci.capabilities == (PhysicalFunction(address=PciAddress(bus=3, slot=0)),)
    assert device.pci.physical_function == PciAddress(bus=3, slot=0)


def test_a_network_link_is_read() -> None:
    device = formats.parse_node_device_xml(
        "<device><name>n</name><devnode type='dev'>/dev/net/x</devnode>"
        "<capability type='net'><interface>eth0</interface>"
        "<address>00:16:3E:00:00:01</address><link speed='1000' state='up'/>"
        "<feature name='tso'/><feature name='gro'/><capability type='80203'/></capability></device>"
    )
    assert device.dev_nodes == (DevNode(kind=DevNodeKind.DEV, path="/dev/net/x"),)
    assert device.net == NetCapability(
        interface="eth0",
        address="00:16:3E:00:00:01",
        link_speed_mbit_per_s=1000,
        link_state=LinkState.UP,
        features=("tso", "gro"),
        capabilities=(NodeCapability(kind="80203"),),
    )


@pytest.mark.parametrize(
    ("xml", "capability"),
    [
        (
            "<capability type='usb_device'><bus>1</bus><product id='0x0002'>Hub</product>"
            "</capability>",
            UsbDeviceCapability(bus=1, product_id=2, product="Hub"),
        ),
        (
            "<capability type='scsi_host'><host>4</host></capability>",
            ScsiHostCapability(host=4),
        ),
        (
            "<capability type='storage'><block>/dev/sda</block><size>512</size></capability>",
            StorageCapability(block="/dev/sda", size_bytes=512),
        ),
        ("<capability type='warp'><factor>9</factor></capability>", NodeCapability(kind="warp")),
        ("<capability/>", NodeCapability(kind="")),
    ],
)
def test_the_type_of_a_capability_decides_its_class(xml: str, capability: NodeCapability) -> None:
    device = formats.parse_node_device_xml(f"<device><name>d</name>{xml}</device>")
    assert device == NodeDevice(name="d", capabilities=(capability,))


def test_a_hosts_capabilities_are_read() -> None:
    host = formats.parse_capabilities_xml(XEN).host
    assert (host.cpu.arch, host.cpu.pae) == ("x86_64", True)
    assert (host.suspends_to_memory, host.suspends_to_disk, host.has_iommu) == (True, False, False)
    (cell,) = host.cells
    assert cell.memory_kib == 4 * 1024**2
    assert cell.pages == (CellPages(size_kib=4, count=1048576), CellPages(size_kib=2048, count=0))
    assert cell.distances == (CellDistance(cell=0, distance=10),)
    both = CpuSet.parse("0-1")
    assert cell.cpus[1] == LogicalCpu(number=1, socket=0, core=0, siblings=both)
    assert host.cache_banks == (CacheBank(number=0, level=3, size_kib=15 * 1024, cpus=both),)


def test_the_guests_of_a_xen_host_are_read() -> None:
    pv, hvm = formats.parse_capabilities_xml(XEN).guests
    assert (pv.guest_type, hvm.guest_type) == (GuestType.PV, GuestType.HVM)
    assert [machine.name for machine in pv.machines] == ["xenpv"]
    assert hvm.machines[0].max_vcpus == 128
    assert hvm.hap
    assert (hvm.hap.default, hvm.hap.can_toggle) == (True, False)
    assert [domain.hypervisor for domain in hvm.domains] == ["xen"]


def test_a_guests_capabilities_are_read() -> None:
    capabilities = formats.parse_domain_capabilities_xml(PV)
    assert (capabilities.machine, capabilities.max_vcpus) == ("xenpv", 512)
    assert capabilities.iothreads is False
    assert capabilities.disk == Support(
        supported=True, enums=(CapabilityEnum(name="bus", values=("xen", "ide")),)
    )
    assert capabilities.os
    assert capabilities.os.loader
    assert capabilities.os.loader.values == ("/usr/lib/xen/boot/hvmloader",)
    assert capabilities.os.loader.values_of("type") == ("rom",)
    assert capabilities.cpu_modes[0].models[0].name == "Haswell"
    assert capabilities.tpm is None


def test_an_unchanged_document_is_the_text_that_it_was() -> None:
    device, host = formats.parse_node_device_xml(NIC), formats.parse_capabilities_xml(XEN)
    guest = formats.parse_domain_capabilities_xml(PV)
    assert formats.format_node_device_xml(device) == NIC
    assert formats.format_capabilities_xml(host) == XEN
    assert formats.format_domain_capabilities_xml(guest) == PV


def test_one_edit_of_a_hosts_capabilities_changes_one_place() -> None:
    capabilities = formats.parse_capabilities_xml(XEN)
    (bank,) = capabilities.host.cache_banks
    banks = (dataclasses.replace(bank, size_kib=20 * 1024),)
    host = dataclasses.replace(capabilities.host, cache_banks=banks)
    written = formats.format_capabilities_xml(dataclasses.replace(capabilities, host=host))
    assert written.replace('"', "'") == XEN.replace("size='15'", "size='20'")


@pytest.mark.parametrize(
    ("size", "wrong"),
    [("size='15' unit='barn'", "'barn' is no unit"), ("size='x'", "'x' is no whole number")],
)
def test_a_size_that_is_none_is_told_with_its_place(size: str, wrong: str) -> None:
    text = f"<capabilities><host><cache><bank {size}/></cache></host></capabilities>"
    with pytest.raises(ParseError, match=f"/capabilities/host/cache/bank: {wrong}"):
        formats.parse_capabilities_xml(text)


def canonical(text: str) -> bytes:
    return etree.tostring(etree.fromstring(text), method="c14n")


def test_what_libvirt_tells_of_a_host_is_read_without_loss(driver: libvirt.virConnect) -> None:
    text = driver.getCapabilities()
    told = formats.parse_capabilities_xml(text)
    assert [len(cell.cpus) for cell in told.host.cells] == [8, 8]
    assert canonical(formats.format_capabilities_xml(told)) == canonical(text)
    kinds = set()
    for device in driver.listAllDevices():
        node = formats.parse_node_device_xml(device.XMLDesc())
        assert node.name == device.name()
        kinds |= {type(capability).__name__ for capability in node.capabilities}
    assert kinds == {"SystemCapability", "ScsiHostCapability"}
