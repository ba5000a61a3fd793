"""What Dom0's tools print, real and odd, as facts."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xenvm.errors import ParseError
from xenvm.formats.dom0_firmware import (
    evidence_class,
    firmware_facts,
    parse_madt,
    signs_of_emulation,
)
from xenvm.formats.dom0_network import parse_bonds, parse_interfaces, parse_vifs
from xenvm.formats.dom0_sections import output_of, split_sections
from xenvm.formats.dom0_storage import parse_guest_disks, parse_lsblk
from xenvm.formats.dom0_xl import (
    hypervisor_facts,
    parse_guest_types,
    parse_list,
    parse_topology,
)
from xenvm.formats.domain_facts import domain_facts
from xenvm.model.inventory import CpuPlace, GuestDisk, InterfaceKind
from xenvm.model.kinds import GuestType
from xenvm.model.verdict import EvidenceClass

INFO_N = """\
nr_cpus                : 4
max_cpu_id             : 3
cores_per_socket       : 1
threads_per_core       : 2
virt_caps              : pv hvm
total_memory           : 2559
free_memory            : 1410
cpu_topology           :
cpu:    core    socket     node
  0:       0        0        0
  1:       0        0        0
  2:       0        1        0
  3:       0        1        0
device topology        :
device           node
No device topology data available
numa_info              :
node:    memsize    memfree    distances
   0:      2559       1410      10
xen_scheduler          : credit2
xen_commandline        : console=com1 note=a:b
"""

LS = """\
-rw-r--r-- 1 root root 4096 Nov 23 16:06 /sys/class/net/bonding_masters
lrwxrwxrwx 1 root root 0 Nov 23 16:06 /sys/class/net/bond0 -> ../../devices/virtual/net/bond0
drwxr-xr-x 2 root root 0 Nov 23 16:06 /sys/class/net/bond0/bonding
lrwxrwxrwx 1 root root 0 Nov 23 16:06 /sys/class/net/bond0/lower_eth0 -> ../../../x/net/eth0
lrwxrwxrwx 1 root root 0 Nov 23 16:06 /sys/class/net/bond0.5 -> ../../devices/virtual/net/bond0.5
lrwxrwxrwx 1 root root 0 Nov 23 16:06 /sys/class/net/bond0.5/lower_bond0 -> ../bond0
lrwxrwxrwx 1 root root 0 Nov 23 16:06 /sys/class/net/bond0.5/master -> ../../br5
lrwxrwxrwx 1 root root 0 Nov 23 16:06 /sys/class/net/br5 -> ../../devices/virtual/net/br5
drwxr-xr-x 2 root root 0 Nov 23 16:06 /sys/class/net/br5/bridge
lrwxrwxrwx 1 root root 0 Nov 23 16:06 /sys/class/net/eth0 -> ../../devices/pci0000:00/x/net/eth0
lrwxrwxrwx 1 root root 0 Nov 23 16:06 /sys/class/net/eth0/device/subsystem -> ../../../bus/pci
lrwxrwxrwx 1 root root 0 Nov 23 16:06 /sys/class/net/eth0/master -> ../../../../virtual/net/bond0
lrwxrwxrwx 1 root root 0 Nov 23 16:06 /sys/class/net/eth9 -> ../../devices/pci0000:00/y/net/eth9
lrwxrwxrwx 1 root root 0 Nov 23 16:06 /sys/class/net/eth9/device/physfn -> ../0000:00:04.0
lrwxrwxrwx 1 root root 0 Nov 23 16:06 /sys/class/net/eth9/device/subsystem -> ../../../bus/pci
lrwxrwxrwx 1 root root 0 Nov 23 16:06 /sys/class/net/lo -> ../../devices/virtual/net/lo
lrwxrwxrwx 1 root root 0 Nov 23 16:06 /sys/class/net/vif3.0 -> ../../devices/vif-3-0/net/vif3.0
lrwxrwxrwx 1 root root 0 Nov 23 16:06 /sys/class/net/vif3.0/device/subsystem -> ../bus/xen-backend
lrwxrwxrwx 1 root root 0 Nov 23 16:06 /sys/class/net/vif3.0/master -> ../../../virtual/net/br5
lrwxrwxrwx 1 root root 0 Nov 23 16:06 /sys/class/net/vif3.0-emu -> ../../devices/virtual/net/v
lrwxrwxrwx 1 root root 0 Nov 23 16:06 /sys/class/net/vif3.0-emu/master -> ../br5
-rw------- 1 root root 0 Nov 23 16:06 /proc/net/vlan/bond0.5
-rw------- 1 root root 0 Nov 23 16:06 /proc/net/vlan/config
"""

BONDING = """\
== bond0
Ethernet Channel Bonding Driver: v6.1.0

Bonding Mode: fault-tolerance (active-backup)
Primary Slave: None
MII Status: up

Slave Interface: eth0
MII Status: up
Speed: 1000 Mbps

Slave Interface: eth1
MII Status: down
"""

XENSTORE = """\
/local/domain/0/name = "Domain-0"
/local/domain/0/backend/vif/3/0/frontend-id = "3"
/local/domain/0/backend/vif/3/0/script = "/etc/xen/scripts/vif-bridge"
/local/domain/0/backend/vif/3/0/bridge = "br5"
/local/domain/0/backend/vif/3/0/mac = "00:16:3E:00:00:01"
/local/domain/0/backend/vif/12/1/vifname = "web-eth1"
/local/domain/0/backend/vif/12/1/mac = "00:16:3e:00:00:02"
/local/domain/0/backend/vbd/3/51712/dev = "xvda"
/local/domain/0/backend/vbd/3/51712/params = "/dev/vg0/web"
/local/domain/0/backend/vbd/3/51712/physical-device = "fe:1"
/local/domain/0/backend/qdisk/3/51728/dev = "xvdb"
/local/domain/0/backend/qdisk/3/51728/params = "aio:/srv/images/a b.img"
"""


def test_the_cpu_table_ends_where_the_numa_table_begins() -> None:
    places = parse_topology(INFO_N)
    assert places is not None
    assert len(places) == 4
    assert places[3] == CpuPlace(cpu=3, core=0, socket=1, node=0)


def test_a_table_without_rows_is_empty_and_no_table_is_unknown() -> None:
    assert parse_topology("cpu:    core    socket     node\ndevice topology :\n") == ()
    assert parse_topology("nr_cpus : 2\n") is None


def test_sockets_are_counted_from_xens_own_numbers() -> None:
    facts = hypervisor_facts(INFO_N, None)
    assert (facts.sockets, facts.cores, facts.threads_per_core) == (2, 2, 2)
    assert facts.command_line == "console=com1 note=a:b"
    assert facts.brought_up_cpus is None


def test_what_xl_did_not_print_is_unknown() -> None:
    facts = hypervisor_facts(None, None)
    assert facts.nr_cpus is None
    assert facts.virt_caps is None
    assert facts.sockets is None


def test_names_with_spaces_and_numbers_are_listed_whole() -> None:
    text = (
        "Name                  ID   Mem VCPUs\tState\tTime(s)\n"
        "Domain-0               0  1024     2     r-----     228.0\n"
        "my guest 7             3    96     1     -b----      12.2\n"
    )
    listed = parse_list(text)
    assert listed is not None
    assert [(row.name, row.domid, row.memory_mib) for row in listed] == [
        ("Domain-0", 0, 1024),
        ("my guest 7", 3, 96),
    ]


def test_a_list_without_dom0_is_no_list() -> None:
    assert parse_list("") is None
    assert parse_list("Name  ID  Mem VCPUs State Time(s)\n") is None


def test_types_of_domains_are_read_and_odd_ones_left_out() -> None:
    text = (
        '[{"domid": 1, "config": {"c_info": {"type": "pvh"}}},'
        ' {"domid": 2, "config": {}}, 3, {"domid": 4, "config": {"c_info": {"type": "zx"}}}]'
    )
    assert parse_guest_types(text) == {1: GuestType.PVH}


@settings(max_examples=30)
@given(st.text())
def test_no_text_makes_the_list_parsers_stumble(text: str) -> None:
    parse_list(text)
    parse_guest_types(text)
    parse_topology(text)
    parse_interfaces(text)
    parse_bonds(text)
    parse_vifs(text)
    parse_lsblk(text)
    parse_guest_disks(text, text)
    parse_madt(text)
    firmware_facts(dmidecode=text, madt=text, signs=None, tables=text)


def test_each_interface_is_known_for_what_it_is() -> None:
    kinds = {interface.name: interface.kind for interface in parse_interfaces(LS)}
    assert kinds == {
        "bond0": InterfaceKind.BOND,
        "bond0.5": InterfaceKind.VLAN,
        "br5": InterfaceKind.BRIDGE,
        "eth0": InterfaceKind.NIC,
        "eth9": InterfaceKind.OTHER,
        "lo": InterfaceKind.OTHER,
        "vif3.0": InterfaceKind.VIF,
        "vif3.0-emu": InterfaceKind.EMULATED,
    }


def test_interfaces_know_what_they_hang_on() -> None:
    found = {interface.name: interface for interface in parse_interfaces(LS)}
    assert found["eth0"].master == "bond0"
    assert found["bond0.5"].lowers == ("bond0",)
    assert found["vif3.0"].master == "br5"


def test_bonds_have_a_mode_and_the_state_of_each_link() -> None:
    (bond,) = parse_bonds(BONDING)
    assert bond.mode == "fault-tolerance (active-backup)"
    assert [(link.name, link.up) for link in bond.links] == [("eth0", True), ("eth1", False)]


def test_vifs_carry_the_front_ends_mac_and_their_own_name() -> None:
    first, second = parse_vifs(XENSTORE)
    assert (first.name, first.domid, first.bridge) == ("vif3.0", 3, "br5")
    assert (first.script, first.mac) == ("vif-bridge", "00:16:3e:00:00:01")
    assert (second.name, second.domid) == ("web-eth1", 12)


def test_guest_disks_are_traced_to_the_device_they_lie_on() -> None:
    disks = parse_guest_disks(XENSTORE, "64770 /srv/images/a b.img\n")
    assert disks == (
        GuestDisk(domid=3, target="xvda", path="/dev/vg0/web", device="254:1"),
        GuestDisk(domid=3, target="xvdb", path="/srv/images/a b.img", device="253:2"),
    )


def test_a_device_on_two_disks_has_both_as_parents() -> None:
    row = (
        'NAME="{0}" KNAME="{0}" PKNAME="{1}" MAJ:MIN="{2}" TYPE="{3}" TRAN="" VENDOR="" MODEL=""\n'
    )
    text = (
        row.format("sda", "", "8:0", "disk")
        + row.format("md0", "sda", "9:0", "raid1")
        + row.format("sdb", "", "8:16", "disk")
        + row.format("md0", "sdb", "9:0", "raid1")
        + row.format("sr0", "", "11:0", "rom")
    )
    devices = {device.name: device for device in parse_lsblk(text)}
    assert set(devices) == {"sda", "sdb", "md0"}
    assert devices["md0"].parents == ("sda", "sdb")


def madt(*entries: str) -> str:
    """Return a MADT with these entries, as hexadecimal bytes."""
    return b"APIC".hex() + "00" * 40 + "".join(entries).replace(" ", "")


@pytest.mark.parametrize(
    ("tables", "iommu"),
    [
        ("APIC\nDMAR\nFACP\n", True),
        ("APIC\nRMAD\n", True),
        ("IVRS\n", True),
        ("APIC\nDMARX\n", False),
        (None, None),
    ],
)
def test_an_iommu_is_known_by_its_table(*, tables: str | None, iommu: bool | None) -> None:
    found = firmware_facts(dmidecode=None, madt=None, signs=None, tables=tables)
    assert found.iommu is iommu


def test_the_madt_counts_enabled_processors_once_each() -> None:
    lapic0, lapic1 = "00 08 00 00 01 00 00 00", "00 08 01 01 01 00 00 00"
    disabled = "00 08 02 02 00 00 00 00"
    io_apic = "01 0c 02 00 00 00 c0 fe 00 00 00 00"
    assert parse_madt(madt(lapic0, lapic1, disabled, io_apic)) == 2
    x2apic = "09 10 00 00 01 01 00 00 01 00 00 00 00 00 00 00"
    assert parse_madt(madt(lapic0, x2apic)) == 2
    same = "09 10 00 00 01 00 00 00 01 00 00 00 00 00 00 00"
    assert parse_madt(madt(lapic0, lapic1, same)) == 2


@pytest.mark.parametrize("text", ["", "41 50", "zz", madt("00 00"), madt("00 ff 00")])
def test_a_madt_that_is_none_is_unknown(text: str) -> None:
    assert parse_madt(text) is None


@pytest.mark.parametrize(
    ("dmi", "cpuid", "evidence"),
    [
        ("/sys/class/dmi/id/sys_vendor: FUJITSU\n", None, EvidenceClass.HARDWARE),
        ("/sys/class/dmi/id/sys_vendor: QEMU\n", None, EvidenceClass.NESTED),
        ("/sys/class/dmi/id/product_name: VMware Virtual Platform\n", None, EvidenceClass.NESTED),
        ("/sys/class/dmi/id/product_name: Standard KVMX\n", None, EvidenceClass.HARDWARE),
        (
            "/sys/class/dmi/id/sys_vendor: FUJITSU\n",
            "Raw     078bfbfd:c2d82203:25d3fbfd\n",
            EvidenceClass.NESTED,
        ),
        (
            "/sys/class/dmi/id/sys_vendor: FUJITSU\n",
            "Raw     078bfbfd:42d82203:25d3fbfd\n",
            EvidenceClass.HARDWARE,
        ),
        (None, None, EvidenceClass.NESTED),
    ],
)
def test_hardware_is_claimed_only_where_one_looked_and_saw_no_emulator(
    dmi: str | None, cpuid: str | None, evidence: EvidenceClass
) -> None:
    signs = signs_of_emulation(dmi=dmi, cpuid=cpuid, pci_vendors=None, log=None)
    assert evidence_class(signs) is evidence


def test_sections_keep_their_output_and_how_they_failed() -> None:
    text = "m begin a\nhello\n\nm end 0\n\nm begin b c\n\nm end 127\nnot found\nm begin d\nx"
    sections = split_sections(text, "m")
    assert output_of(sections, "a") == "hello\n"
    assert output_of(sections, "b c") is None
    assert sections["b c"].evidence == "not found\n[exit status 127]\n"
    assert "d" not in sections


def test_output_that_looks_like_an_edge_of_another_mark_is_output() -> None:
    text = "m begin a\nn end 0\n\nn begin b\n\nm end 0\n\n"
    assert output_of(split_sections(text, "m"), "a") == "n end 0\n\nn begin b\n"


def test_a_script_that_printed_nothing_is_refused() -> None:
    with pytest.raises(ParseError, match="no section"):
        split_sections("sh: not found\n", "m")


def test_anybodys_domain_is_read_as_far_as_it_tells() -> None:
    facts = domain_facts(
        "<domain type='xen' id='7'><name>a</name><memory unit='MiB'>64</memory><vcpu>2</vcpu>"
        "<metadata><l:libosinfo xmlns:l='http://libosinfo.org/xmlns/libvirt/domain/1.0'>"
        "<l:os id='http://redhat.com/rhel/5.3'/></l:libosinfo></metadata>"
        "<os><type>linux</type></os><devices><interface type='bridge'>"
        "<mac address='00:16:3E:AA:BB:CC'/></interface></devices></domain>"
    )
    assert (facts.name, facts.domid, facts.guest_type) == ("a", 7, GuestType.PV)
    assert (facts.memory_kib, facts.vcpus) == (64 * 1024, 2)
    assert facts.macs == ("00:16:3e:aa:bb:cc",)
    assert facts.guest_os == "http://redhat.com/rhel/5.3"


def test_a_domain_that_tells_nothing_is_unknown_not_wrong() -> None:
    facts = domain_facts("<domain><name>a</name></domain>")
    assert (facts.domid, facts.guest_type, facts.memory_kib, facts.vcpus) == (None,) * 4
    assert facts.macs == ()
