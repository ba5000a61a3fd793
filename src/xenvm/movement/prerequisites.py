"""What must be so before a domain can move: pure functions of what both hosts have."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest

from xenvm.model.domain import DomainConfig
from xenvm.model.kinds import GuestType
from xenvm.model.movement import Manner, Means, MoveOptions

from .means import boot_files, bridges, local_disks

XEN_KIB_PER_GUEST = 8 * 1024
"""Xen's own for a small guest: page tables and grant tables; as for the probe guests."""

Lack = tuple[str, str]
"""What is missing, and what to do about it."""


def lacks(
    config: DomainConfig, options: MoveOptions, source: Means, destination: Means
) -> list[Lack]:
    """Return everything that keeps a domain from moving; empty when nothing does."""
    found = [
        *_same_host(source, destination),
        *_pass_through(config),
        *_names(config, options, destination),
        *_places(config, destination),
        *_disks(config, source, destination),
    ]
    if options.manner is not Manner.SHUT_OFF:
        found += [
            *_hypervisor(config, options, source, destination),
            *_memory(config, destination),
        ]
    return found


def _same_host(source: Means, destination: Means) -> Iterator[Lack]:
    if source.machine_id and source.machine_id == destination.machine_id:
        yield (
            f"both are the host {source.host}, by /etc/machine-id",
            "name another destination; if they are two, give one an id of its own"
            " (rm /etc/machine-id; systemd-machine-id-setup)",
        )


def _pass_through(config: DomainConfig) -> Iterator[Lack]:
    devices = len(config.hostdevs) + sum(vnif.hostdev is not None for vnif in config.vnifs)
    if devices:
        yield f"it has {devices} devices of its host", "detach them first"


def _names(config: DomainConfig, options: MoveOptions, destination: Means) -> Iterator[Lack]:
    name = options.name or config.name
    if name in destination.names:
        yield f"{destination.host} has a domain {name}", "undefine it, or move under another name"
    if str(config.uuid) in destination.names:
        yield f"{destination.host} has a domain {config.uuid}", "undefine it there"
    for mac in sorted({vnif.mac for vnif in config.vnifs if vnif.mac} & destination.macs):
        yield f"{destination.host} has a VNIF or NIC {mac}", "give one of both another address"


def _places(config: DomainConfig, destination: Means) -> Iterator[Lack]:
    for bridge in sorted({*bridges(config)} - destination.bridges):
        yield f"{destination.host} has no bridge {bridge}", "make it, on the same network"
    for path in sorted({*boot_files(config)} - destination.files):
        yield f"{destination.host} has no {path}, which it boots from", "copy it there"


def _disks(config: DomainConfig, source: Means, destination: Means) -> Iterator[Lack]:
    for path in local_disks(config):
        here, there = source.disks.get(path), destination.disks.get(path)
        if there is None:
            yield f"{destination.host} has no {path}", "attach the shared storage there"
        elif not here or not there:
            yield (
                f"{path} has nothing by which both hosts could know that it is the same disk",
                "use storage that both share: a LUN, a volume on one, or a file on NFS",
            )
        elif here != there:
            yield (
                f"{path} is {there.strip()} on {destination.host} and {here.strip()} here",
                "give both hosts the same disk under that name",
            )


def _hypervisor(
    config: DomainConfig, options: MoveOptions, source: Means, destination: Means
) -> Iterator[Lack]:
    if destination.xen_version < source.xen_version:
        yield (
            f"{destination.host} runs Xen {_dotted(destination.xen_version)}, older than"
            f" {_dotted(source.xen_version)} here",
            "upgrade it: Xen takes guests from the same or an older version only",
        )
    if (
        options.manner is Manner.LIVE
        and config.guest_type is GuestType.PV
        and "shadow" not in source.virt_caps
    ):
        # Xen follows what a PV guest writes by shadow page tables alone.
        yield (
            f"{source.host}'s Xen was built without shadow paging, and cannot follow the memory of"
            " a PV guest that runs",
            "move it still or saved, or make it a PVH guest",
        )
    kind = "pv" if config.guest_type is GuestType.PV else "hvm"
    if kind not in destination.virt_caps:
        yield (
            f"{destination.host} runs no {config.guest_type.upper()} guests",
            "see its virt_caps, xl info",
        )
    yield from _processors(source, destination)


def _processors(source: Means, destination: Means) -> Iterator[Lack]:
    missing = [
        f"word {number}: {here & ~there:08x}"
        for number, (here, there) in enumerate(
            zip_longest(source.hw_caps, destination.hw_caps, fillvalue=0)
        )
        if here & ~there
    ]
    if missing:
        yield (
            f"{destination.host}'s processors lack features that the guest may use"
            f" ({', '.join(missing)} of hw_caps)",
            "hide them on this host with Xen's cpuid= and restart the guest, or move it shut off",
        )


def _memory(config: DomainConfig, destination: Means) -> Iterator[Lack]:
    needed_kib = max(config.memory_kib, config.max_memory_kib) + XEN_KIB_PER_GUEST
    if destination.free_memory_kib < needed_kib:
        yield (
            f"it needs {needed_kib // 1024} MiB and {destination.host} has"
            f" {destination.free_memory_kib // 1024} MiB free",
            "shut guests down there, or give its Dom0 less",
        )


def _dotted(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"
