"""Rules on Dom0: its memory, the hypervisor's share, and what must not run in it."""

from __future__ import annotations

from xenvm.formats.dom0_commands import BALLOON, INFO, LIST, PROGRAMS, UNITS
from xenvm.model.inventory import Inventory
from xenvm.model.profile import Profile
from xenvm.model.verdict import VerdictKind

from .limits import number_of, words_of
from .rulebook import Finding, judged, rule, unseen

_KIB_PER_MIB = 1024


@rule("WP-3.4-07", LIST, BALLOON, limit="dom0_memory_min_mib")
def dom0_memory(inventory: Inventory, profile: Profile) -> Finding:
    """Return a pass when Dom0 has its memory now; a live test watches that it stays."""
    memory_kib = inventory.dom0.memory_kib
    if memory_kib is None:
        return unseen("Dom0's memory")
    least_mib = number_of(profile, "dom0_memory_min_mib")
    good = memory_kib >= least_mib * _KIB_PER_MIB
    return judged(good, memory_kib // _KIB_PER_MIB, least_mib, "MiB")


@rule("WP-3.4-08", INFO, LIST)
def hypervisor_memory(inventory: Inventory, _: Profile) -> Finding:
    """Return what neither a domain has nor is free: the hypervisor's; never a gate."""
    xen, dom0, guests = inventory.hypervisor, inventory.dom0, inventory.running
    sizes_kib = [guest.memory_kib for guest in guests or ()]
    known_kib = [size_kib for size_kib in (dom0.memory_kib, *sizes_kib) if size_kib is not None]
    if guests is None or len(known_kib) <= len(guests):
        return unseen("the memory of each domain")
    if xen.total_memory_mib is None or xen.free_memory_mib is None:
        return unseen("Xen's total and free memory")
    domains_mib = sum(known_kib) // _KIB_PER_MIB
    return Finding(
        kind=VerdictKind.PASS,
        observed=max(0, xen.total_memory_mib - xen.free_memory_mib - domains_mib),
        unit="MiB",
        detail="reported, never gated: total less free less all domains, it grows with the machine",
    )


@rule(
    "WP-3.4-17",
    UNITS,
    PROGRAMS,
    limit="cluster_managers_forbidden",
    lines="(?i)pacemaker|corosync|cman|rgmanager|heartbeat",
)
def no_cluster_manager(inventory: Inventory, profile: Profile) -> Finding:
    """Return a pass when no cluster manager runs in Dom0."""
    services = inventory.dom0.services
    if services is None:
        return unseen("what runs in Dom0")
    forbidden = words_of(profile, "cluster_managers_forbidden")
    # A program may be named as its unit with a d for daemon: pacemakerd.
    found = sorted({name for name in services if name in forbidden or name[:-1] in forbidden})
    return judged(not found, ", ".join(found) or "none", "none")
