"""Inventories for the rules: one complete, qualified machine, to be spoilt fact by fact."""

from __future__ import annotations

import pytest

from xenvm.model.inventory import (
    BlockDevice,
    Bond,
    BondLink,
    CpuPlace,
    Dom0Facts,
    DomainFacts,
    FirmwareFacts,
    GuestDisk,
    HostIdentity,
    HypervisorFacts,
    Interface,
    InterfaceKind,
    Inventory,
    NetworkFacts,
    StorageFacts,
    Vif,
)
from xenvm.model.kinds import GuestType
from xenvm.model.profile import Profile
from xenvm.model.verdict import EvidenceClass
from xenvm.spec import load_profile

RHEL = "http://redhat.com/rhel/5.3"


def complete_inventory() -> Inventory:
    """Return a PRIMERGY of two sockets and eight cores that fujitsu-2008 finds nothing wrong in."""
    interfaces = (
        Interface(name="bond0", kind=InterfaceKind.BOND, master="xenbr0", lowers=("eth0", "eth1")),
        Interface(name="eth0", kind=InterfaceKind.NIC, master="bond0"),
        Interface(name="eth1", kind=InterfaceKind.NIC, master="bond0"),
        Interface(name="vif1.0", kind=InterfaceKind.VIF, master="xenbr0"),
        Interface(name="xenbr0", kind=InterfaceKind.BRIDGE, lowers=("bond0", "vif1.0")),
    )
    links = (BondLink(name="eth0", up=True), BondLink(name="eth1", up=True))
    mac = "00:16:3e:00:00:01"
    return Inventory(
        evidence=EvidenceClass.HARDWARE,
        host=HostIdentity(
            uri="xen+ssh://root@host/system",
            collected_at="2008-03-01T00:00:00+00:00",
            product_name="PRIMERGY RX300 S4",
        ),
        hypervisor=HypervisorFacts(
            nr_cpus=8,
            max_cpu_id=255,
            cores_per_socket=4,
            threads_per_core=1,
            cpus=tuple(CpuPlace(cpu=n, core=n % 4, socket=n // 4, node=0) for n in range(8)),
            total_memory_mib=8190,
            free_memory_mib=6080,
            virt_caps=("pv", "hvm", "hap", "pv_directio", "hvm_directio"),
            scheduler="credit2",
            command_line="dom0_mem=1024M,max:1024M",
            brought_up_cpus=8,
        ),
        firmware=FirmwareFacts(
            cpu_threads=8,
            cpu_sockets=2,
            cpu_cores=8,
            installed_memory_mib=8192,
            signs=(),
            iommu=True,
        ),
        dom0=Dom0Facts(
            hypervisor_type="xen",
            control_domain=True,
            memory_kib=1024 * 1024,
            services=("libvirtd", "sshd", "systemd"),
        ),
        domains=(
            DomainFacts(
                name="web",
                domid=1,
                guest_type=GuestType.PV,
                memory_kib=1024 * 1024,
                vcpus=1,
                macs=(mac,),
                guest_os=RHEL,
            ),
            DomainFacts(
                name="spare", guest_type=GuestType.PV, macs=("00:16:3e:00:00:02",), guest_os=RHEL
            ),
        ),
        network=NetworkFacts(
            interfaces=interfaces,
            bonds=(Bond(name="bond0", mode="active-backup", links=links),),
            vifs=(Vif(name="vif1.0", domid=1, bridge="xenbr0", script="vif-bridge", mac=mac),),
        ),
        storage=StorageFacts(
            devices=(
                BlockDevice(name="sda", number="8:0", kind="disk", model="LSI MegaRAID SAS"),
                BlockDevice(name="dm-0", number="253:0", kind="lvm", parents=("sda",)),
            ),
            guest_disks=(GuestDisk(domid=1, target="xvda", path="/dev/vg0/web", device="253:0"),),
        ),
        raw={"xl info -n": "nr_cpus : 8\nxen_scheduler : credit2\n"},
    )


@pytest.fixture(scope="session")
def complete() -> Inventory:
    """Return an inventory that every rule passes."""
    return complete_inventory()


@pytest.fixture(scope="session")
def fujitsu() -> Profile:
    """Return the profile fujitsu-2008."""
    return load_profile("fujitsu-2008")
