"""Rules on the guests: how many, of which type and OS, and their MAC addresses."""

from __future__ import annotations

from collections import defaultdict

from xenvm.errors import SpecError
from xenvm.formats.dom0_commands import DOMAIN_XML, INFO, LIST, XENSTORE
from xenvm.model.domain_rules.limits import os_is_listed
from xenvm.model.inventory import Inventory
from xenvm.model.profile import Profile
from xenvm.model.quantities import MacAddress

from .limits import number_of, words_of
from .rulebook import Finding, failed, judged, passed, rule, unseen

_BACK_END_MAC = "fe:ff:ff:ff:ff:ff"
"""What Xen gives to each back end in Dom0; no guest has it (xen-network-common.sh)."""

_DOMAINS = "the host's domains"


@rule("WP-3.4-04", LIST, INFO, limit="guests_per_core")
def guests_per_core(inventory: Inventory, profile: Profile) -> Finding:
    """Return a pass when no more guests run than the cores may carry; SMT siblings are no cores."""
    cores, guests = inventory.hypervisor.cores, inventory.running
    if cores is None:
        return unseen("the number of cores")
    if guests is None:
        return unseen(_DOMAINS)
    most = cores * number_of(profile, "guests_per_core")
    return judged(len(guests) <= most, len(guests), most, "guests", f"on {cores} cores")


@rule("WP-3.4-09", LIST, DOMAIN_XML, limit="guest_types", lines="^\\S|<type|<name")
def guest_types(inventory: Inventory, profile: Profile) -> Finding:
    """Return a pass when every domain, running or not, is of a supported type."""
    if inventory.domains is None:
        return unseen(_DOMAINS)
    supported = words_of(profile, "guest_types")
    types = {guest.name: guest.guest_type for guest in inventory.domains}
    others = sorted(name for name, kind in types.items() if kind and kind not in supported)
    unknown = sorted(name for name, kind in types.items() if kind is None)
    expected = f"all {' or '.join(supported)}"
    if others:
        said = ", ".join(f"{name} is {types[name]}" for name in others)
        return failed(f"{len(others)} of {len(types)} are not", expected, detail=said)
    if unknown:
        return unseen(f"the type of {', '.join(unknown)}")
    said = "" if types else "no guest is defined"
    return passed(f"{len(types)} of {len(types)}", expected, detail=said)


@rule("WP-3.4-10", DOMAIN_XML, limit="guest_os", lines="<name|libosinfo|<domain")
def guest_os(inventory: Inventory, profile: Profile) -> Finding:
    """Return a pass when the OS of every guest but our own is on the list; definitions name it."""
    if inventory.domains is None:
        return unseen(_DOMAINS)
    guests = [guest for guest in inventory.domains if not guest.own]
    supported = words_of(profile, "guest_os")
    expected = ", ".join(supported)
    others = [
        f"{guest.name} runs {guest.guest_os}"
        for guest in guests
        if guest.guest_os and not os_is_listed(guest.guest_os, supported)
    ]
    if others:
        detail = "; ".join(others)
        return failed(f"{len(others)} of {len(guests)} are not", expected, detail=detail)
    unknown = sorted(guest.name for guest in guests if guest.guest_os is None)
    if unknown:
        return unseen(f"the OS in {', '.join(unknown)} (no libosinfo in the definition)")
    said = "" if guests else "no guest is defined"
    return passed(f"{len(guests)} of {len(guests)}", expected, detail=said)


@rule("WP-5.7-06", DOMAIN_XML, XENSTORE, lines="mac|<name")
def unique_macs(inventory: Inventory, _: Profile) -> Finding:
    """Return a pass when all front-end MAC addresses are unique and none is a multicast one."""
    if inventory.domains is None or any(guest.macs is None for guest in inventory.domains):
        return unseen("the MAC addresses of all defined guests")
    owners: dict[str, list[str]] = defaultdict(list)
    for guest in inventory.domains:
        for mac in guest.macs or ():
            if mac != _BACK_END_MAC:
                owners[mac].append(guest.name)
    bad = [f"{mac} in {' and '.join(names)}" for mac, names in owners.items() if len(names) > 1]
    bad += [f"{mac} in {names[0]} is multicast" for mac, names in owners.items() if _group(mac)]
    total = sum(map(len, owners.values()))
    observed = f"{len(owners)} addresses on {total} VNIFs"
    return judged(not bad, observed, "one unicast address per VNIF", detail="; ".join(bad))


def _group(mac: str) -> bool:
    try:
        return MacAddress(mac).is_multicast
    except SpecError:  # the host's own text, whatever it is
        return False
