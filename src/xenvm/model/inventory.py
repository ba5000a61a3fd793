"""What a host is and has: every fact that a rule reads, and the raw output behind it.

A fact is None when it could not be observed. An empty tuple says that somebody looked and found
nothing. The two never stand for each other: rules make a pass of what was seen, of nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from .kinds import GuestType
from .verdict import EvidenceClass

INVENTORY_SCHEMA = "xenvm-inventory/1"
"""The name of the JSON form; :mod:`xenvm.formats.inventory_json` reads and writes it."""

OWN_PREFIX = "xenvm-"
"""The name of each thing that a qualification makes on a host begins so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostIdentity:
    """Which host, and when it was looked at.

    Attributes:
        uri: The libvirt URI it was reached by.
        collected_at: ISO 8601, UTC.
        hostname: Dom0's node name.
        manufacturer: DMI ``sys_vendor``.
        product_name: DMI ``product_name``.
        kernel_release: Dom0's ``uname -r``.
        xen_version: As ``xl info`` says, such as ``4.17.5``.
        libvirt_version: Such as ``9.0.0``.
    """

    uri: str
    collected_at: str
    hostname: str | None = None
    manufacturer: str | None = None
    product_name: str | None = None
    kernel_release: str | None = None
    xen_version: str | None = None
    libvirt_version: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuPlace:
    """Where one online CPU sits, as ``xl info -n`` says. Core ids count within a socket."""

    cpu: int
    core: int
    socket: int
    node: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HypervisorFacts:
    """What Xen says of itself and the machine.

    Attributes:
        nr_cpus: Online CPUs (threads).
        max_cpu_id: The highest CPU id this build can bring up.
        cores_per_socket: As Xen counts, from CPU 0.
        threads_per_core: Online siblings of CPU 0; 1 with SMT off.
        cpus: Where each online CPU sits; empty where Xen knows no core ids, as on AMD processors
            of one core.
        total_memory_mib: Memory that Xen uses.
        free_memory_mib: Memory that no domain has.
        virt_caps: Such as ``pv``, ``hvm``, ``hap``.
        scheduler: Such as ``credit2``.
        command_line: Xen's own.
        brought_up_cpus: CPUs in Xen's log at boot; None once the log has wrapped.
    """

    nr_cpus: int | None = None
    max_cpu_id: int | None = None
    cores_per_socket: int | None = None
    threads_per_core: int | None = None
    cpus: tuple[CpuPlace, ...] | None = None
    total_memory_mib: int | None = None
    free_memory_mib: int | None = None
    virt_caps: tuple[str, ...] | None = None
    scheduler: str | None = None
    command_line: str | None = None
    brought_up_cpus: int | None = None

    @property
    def sockets(self) -> int | None:
        """Return the sockets, from Xen's numbers; libvirt's libxl driver always says 1.

        Source:
            libvirt 9.0.0 libxl_conf.c hard-codes ``sockets = 1`` in the node info.
        """
        if not (self.nr_cpus and self.cores_per_socket and self.threads_per_core):
            return None
        return self.nr_cpus // (self.cores_per_socket * self.threads_per_core)

    @property
    def cores(self) -> int | None:
        """Return the physical cores that Xen uses; SMT siblings count once."""
        if not (self.nr_cpus and self.threads_per_core):
            return None
        return self.nr_cpus // self.threads_per_core


@dataclass(frozen=True, slots=True, kw_only=True)
class FirmwareFacts:
    """What the firmware offers, and what it gives away about the machine.

    Attributes:
        cpu_threads: Enabled processors in the ACPI MADT, or else by dmidecode.
        cpu_sockets: Populated sockets by dmidecode.
        cpu_cores: Enabled cores in those sockets.
        installed_memory_mib: Sum over the memory modules by dmidecode.
        signs: Signs of an emulator or hypervisor underneath, in words.
        iommu: Whether it tells of an IOMMU, by an ACPI table of it.
    """

    cpu_threads: int | None = None
    cpu_sockets: int | None = None
    cpu_cores: int | None = None
    installed_memory_mib: int | None = None
    signs: tuple[str, ...] | None = None
    iommu: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dom0Facts:
    """What Dom0 is.

    Attributes:
        hypervisor_type: ``/sys/hypervisor/type``; ``xen`` under Xen.
        control_domain: Whether this OS holds Xen's control capability.
        memory_kib: What Dom0 has now, not its target and not its maximum.
        services: Active services of the init system, and names of running programs.
    """

    hypervisor_type: str | None = None
    control_domain: bool | None = None
    memory_kib: int | None = None
    services: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainFacts:
    """One domain other than Dom0, defined or running.

    Attributes:
        name: Its name.
        domid: Its number, or None when it does not run.
        guest_type: How it runs; None when nothing says.
        memory_kib: Its memory now, or as defined.
        vcpus: Its virtual CPUs.
        macs: Front-end MAC addresses, lower case; the back ends in Dom0 all carry the same one.
        guest_os: libosinfo's id of the OS inside, where the definition names one.
    """

    name: str
    domid: int | None = None
    guest_type: GuestType | None = None
    memory_kib: int | None = None
    vcpus: int | None = None
    macs: tuple[str, ...] | None = None
    guest_os: str | None = None

    @property
    def own(self) -> bool:
        """Return whether a qualification made it."""
        return self.name.startswith(OWN_PREFIX)


class InterfaceKind(StrEnum):
    """What a network interface of Dom0 is."""

    BRIDGE = "bridge"
    NIC = "nic"
    """A physical port: it has a device, and that is no back end and no virtual function."""
    VIF = "vif"
    """The back end of a guest's VNIF."""
    EMULATED = "emulated"
    """The twin of a VIF that serves an HVM guest's emulated card; not a second VNIF."""
    BOND = "bond"
    VLAN = "vlan"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """One network interface of Dom0.

    Attributes:
        name: Such as ``eth0``.
        kind: What it is.
        master: The bridge, bond or switch it is a port of; empty for none.
        lowers: The interfaces it stands on.
    """

    name: str
    kind: InterfaceKind
    master: str = ""
    lowers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BondLink:
    """One member of a bond, and whether its link is up."""

    name: str
    up: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Bond:
    """One bond of Dom0."""

    name: str
    mode: str
    links: tuple[BondLink, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Vif:
    """One VNIF's back end, as xenstore says.

    Attributes:
        name: Dom0's interface, such as ``vif3.0``.
        domid: The guest.
        bridge: The bridge asked for; empty when the tool stack named none.
        script: The base name of its hotplug script.
        mac: The front end's MAC address.
    """

    name: str
    domid: int
    bridge: str
    script: str
    mac: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkFacts:
    """Dom0's network: interfaces, bonds and the guests' back ends."""

    interfaces: tuple[Interface, ...] | None = None
    bonds: tuple[Bond, ...] | None = None
    vifs: tuple[Vif, ...] | None = None

    def find(self, name: str) -> Interface | None:
        """Return the interface of that name, or None."""
        return next((i for i in self.interfaces or () if i.name == name), None)

    def of_kind(self, kind: InterfaceKind) -> tuple[Interface, ...]:
        """Return the interfaces of one kind."""
        return tuple(i for i in self.interfaces or () if i.kind is kind)

    def ports(self, bridge: str) -> tuple[Interface, ...]:
        """Return the ports of a bridge or the members of a bond."""
        return tuple(i for i in self.interfaces or () if i.master == bridge)

    def beneath(self, interface: Interface) -> Iterator[Interface]:
        """Yield ``interface`` and all it stands on, through VLANs and bonds to the NICs."""
        seen: set[str] = set()
        todo = [interface]
        while todo:
            found = todo.pop()
            if found.name in seen:
                continue
            seen.add(found.name)
            yield found
            todo += [lower for name in found.lowers if (lower := self.find(name))]


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockDevice:
    """One block device of Dom0.

    Attributes:
        name: The kernel's name, such as ``sda`` or ``dm-0``.
        number: ``major:minor``.
        kind: lsblk's type, such as ``disk``, ``part``, ``lvm``, ``raid1``, ``mpath``, ``loop``.
        parents: The devices it stands on.
        transport: Such as ``sata``, ``nvme``, ``fc``; empty when the kernel does not say.
        model: Vendor and model of the disk, or of the RAID controller's volume.
    """

    name: str
    number: str
    kind: str
    parents: tuple[str, ...] = ()
    transport: str = ""
    model: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestDisk:
    """One disk of a running guest: the Dom0 device or file behind it.

    Attributes:
        domid: The guest.
        target: The guest's own name for it, such as ``xvda``.
        path: The path behind it.
        device: The ``major:minor`` on which it lies, for a file that of its file system.
    """

    domid: int
    target: str
    path: str
    device: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageFacts:
    """Dom0's block devices, and which of them guests use."""

    devices: tuple[BlockDevice, ...] | None = None
    guest_disks: tuple[GuestDisk, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """Everything the rules read about one host.

    Attributes:
        evidence: What kind of host this is, found by looking.
        host: Which host, and when.
        hypervisor: What Xen says.
        firmware: What the firmware offers.
        dom0: What Dom0 is.
        domains: Every domain but Dom0, defined or running.
        network: Dom0's network.
        storage: Dom0's block devices.
        raw: The raw output behind the facts, by command.
    """

    evidence: EvidenceClass
    host: HostIdentity
    hypervisor: HypervisorFacts = field(default_factory=HypervisorFacts)
    firmware: FirmwareFacts = field(default_factory=FirmwareFacts)
    dom0: Dom0Facts = field(default_factory=Dom0Facts)
    domains: tuple[DomainFacts, ...] | None = None
    network: NetworkFacts = field(default_factory=NetworkFacts)
    storage: StorageFacts = field(default_factory=StorageFacts)
    raw: Mapping[str, str] = field(default_factory=dict)

    @property
    def running(self) -> tuple[DomainFacts, ...] | None:
        """Return the running guests, or None when nobody could look."""
        if self.domains is None:
            return None
        return tuple(domain for domain in self.domains if domain.domid is not None)
