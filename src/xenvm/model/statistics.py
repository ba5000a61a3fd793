"""What a host counts for its domains, and the rates that two samples give."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from .domain import DomainConfig
from .kinds import DomainState


class Source(StrEnum):
    """Who counted."""

    LIBVIRT = "libvirt"
    SYSFS = "sysfs"
    """Dom0's kernel: netback's interfaces, and blkback's devices."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuCounters:
    """CPU time that a domain has had.

    Attributes:
        vcpus: How many it has now.
        time_s: Seconds on physical CPUs since it was started, all vCPUs together.
        source: Who counted.
    """

    vcpus: int
    time_s: float
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryCounters:
    """Memory that a domain has.

    Attributes:
        now_kib: What Xen has given it, in KiB.
        most_kib: The most it may have, in KiB.
        source: Who counted.
    """

    now_kib: int
    most_kib: int
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class VbdCounters:
    """What went through a VBD since it was plugged in.

    Attributes:
        target: Its name, such as ``xvda``.
        read_requests: Reads.
        read_bytes: Bytes the guest read.
        write_requests: Writes.
        write_bytes: Bytes the guest wrote.
        source: Who counted.
    """

    target: str
    read_requests: int
    read_bytes: int
    write_requests: int
    write_bytes: int
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class VnifCounters:
    """What went through a VNIF since it was plugged in, as the guest sees it.

    Attributes:
        number: Xen's number of it in its domain, from 0.
        received_packets: Packets to the guest.
        received_bytes: Bytes to the guest.
        sent_packets: Packets from the guest.
        sent_bytes: Bytes from the guest.
        source: Who counted.
    """

    number: int
    received_packets: int
    received_bytes: int
    sent_packets: int
    sent_bytes: int
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainCounters:
    """Everything that is counted for a running domain.

    Attributes:
        name: Its name.
        uuid: Its UUID.
        domid: Its domid; counters of another domid began anew.
        cpu: Its CPU time.
        memory: Its memory.
        vbds: Its VBDs that blkback serves; nobody counts in Dom0 for one that QEMU serves.
        vnifs: Its VNIFs.
    """

    name: str
    uuid: UUID
    domid: int
    cpu: CpuCounters
    memory: MemoryCounters
    vbds: tuple[VbdCounters, ...] = ()
    vnifs: tuple[VnifCounters, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HostSample:
    """The counters of all running domains at one moment.

    Attributes:
        at_s: When, on this process's monotonic clock, in seconds.
        domains: By name; Dom0 is one of them.
    """

    at_s: float
    domains: tuple[DomainCounters, ...]

    def of(self, uuid: UUID) -> DomainCounters | None:
        """Return a domain's counters, or None if it did not run."""
        return next((domain for domain in self.domains if domain.uuid == uuid), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainRates:
    """How fast a domain's counters moved between two samples.

    Attributes:
        name: Its name.
        uuid: Its UUID.
        domid: Its domid.
        cpu_percent: CPU time; 100 is one physical CPU.
        memory_kib: Its memory at the end, in KiB.
        read_bytes_per_s: Of all its VBDs.
        write_bytes_per_s: Of all its VBDs.
        received_bytes_per_s: Of all its VNIFs.
        sent_bytes_per_s: Of all its VNIFs.
    """

    name: str
    uuid: UUID
    domid: int
    cpu_percent: float
    memory_kib: int
    read_bytes_per_s: float
    write_bytes_per_s: float
    received_bytes_per_s: float
    sent_bytes_per_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainOverview:
    """What a list of domains says of one.

    Attributes:
        name: Its name.
        uuid: Its UUID.
        domid: Xen's number for it, or None when it is shut off.
        state: What it does.
        vcpus: vCPUs now.
        memory_kib: Memory now, in KiB.
        max_memory_kib: The most it may have, in KiB.
        cpu_time_s: CPU time since it was started, in seconds.
        config: What it is made of now.
    """

    name: str
    uuid: UUID
    domid: int | None
    state: DomainState
    vcpus: int
    memory_kib: int
    max_memory_kib: int
    cpu_time_s: float
    config: DomainConfig


def rates(before: HostSample, after: HostSample) -> tuple[DomainRates, ...]:
    """Return the rates of the domains that ran all the time between two samples.

    A domain that was started anew in between is not among them: its counters began anew. Nor does
    a device count that came or went in between.

    Raises:
        ValueError: The second sample is not the later one.
    """
    length_s = after.at_s - before.at_s
    if length_s <= 0:
        raise ValueError("the second sample must be the later one")
    pairs = ((before.of(now.uuid), now) for now in after.domains)
    return tuple(
        _rates(then, now, length_s) for then, now in pairs if then and then.domid == now.domid
    )


def _rates(then: DomainCounters, now: DomainCounters, length_s: float) -> DomainRates:
    old_vbds = {vbd.target: vbd for vbd in then.vbds}
    old_vnifs = {vnif.number: vnif for vnif in then.vnifs}
    vbds = [(old_vbds[vbd.target], vbd) for vbd in now.vbds if vbd.target in old_vbds]
    vnifs = [(old_vnifs[vnif.number], vnif) for vnif in now.vnifs if vnif.number in old_vnifs]
    moved = {
        "read_bytes": sum(new.read_bytes - old.read_bytes for old, new in vbds),
        "write_bytes": sum(new.write_bytes - old.write_bytes for old, new in vbds),
        "received_bytes": sum(new.received_bytes - old.received_bytes for old, new in vnifs),
        "sent_bytes": sum(new.sent_bytes - old.sent_bytes for old, new in vnifs),
    }
    return DomainRates(
        name=now.name,
        uuid=now.uuid,
        domid=now.domid,
        cpu_percent=100 * (now.cpu.time_s - then.cpu.time_s) / length_s,
        memory_kib=now.memory.now_kib,
        **{f"{name}_per_s": number / length_s for name, number in moved.items()},
    )
