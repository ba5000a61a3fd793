"""The inventory out of what Dom0 and libvirt said; pure, so that a capture replays."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from xenvm.model.inventory import (
    Dom0Facts,
    DomainFacts,
    HostIdentity,
    Inventory,
    NetworkFacts,
    StorageFacts,
    Vif,
)
from xenvm.model.verdict import EvidenceClass

from .dom0_commands import (
    ACPI_TABLES,
    BALLOON,
    BLOCK_DEVICES,
    BONDS,
    CAPABILITIES,
    CPUID,
    DMI,
    DMIDECODE,
    DOMAIN_XML,
    HOSTNAME,
    HYPERVISOR_TYPE,
    IMAGES,
    INFO,
    INTERFACES,
    KERNEL,
    LIST,
    LOG,
    LONG_LIST,
    MADT,
    PCI_VENDORS,
    PROGRAMS,
    UNITS,
    XENSTORE,
)
from .dom0_firmware import evidence_class, firmware_facts, parse_dmi, signs_of_emulation
from .dom0_network import parse_bonds, parse_interfaces, parse_vifs
from .dom0_sections import Sections, output_of
from .dom0_storage import parse_guest_disks, parse_lsblk
from .dom0_xl import Listed, hypervisor_facts, parse_guest_types, parse_info, parse_list
from .domain_facts import domain_facts

_DOM0 = 0


def read_inventory(
    sections: Sections, domain_xmls: Sequence[str] | None, *, uri: str, collected_at: str
) -> Inventory:
    """Return the inventory of a Xen host.

    Args:
        sections: What the gathering script printed.
        domain_xmls: The XML of each domain that libvirt knows, or None when it was not asked.
        uri: The libvirt URI of the host.
        collected_at: ISO 8601, UTC.

    Raises:
        ParseError: A domain's XML is none.
    """
    info, log = output_of(sections, INFO), output_of(sections, LOG)
    dmi = output_of(sections, DMI)
    signs = signs_of_emulation(
        dmi=dmi,
        cpuid=output_of(sections, CPUID),
        pci_vendors=output_of(sections, PCI_VENDORS),
        log=log,
    )
    network = _network(sections)
    raw = {name: section.evidence for name, section in sections.items()}
    if domain_xmls is not None:
        raw[DOMAIN_XML] = "\n".join(domain_xmls)
    return Inventory(
        evidence=evidence_class(signs),
        host=_identity(sections, uri, collected_at),
        hypervisor=hypervisor_facts(info, log),
        firmware=firmware_facts(
            dmidecode=output_of(sections, DMIDECODE),
            madt=output_of(sections, MADT),
            signs=signs,
            tables=output_of(sections, ACPI_TABLES),
        ),
        dom0=_dom0(sections),
        domains=_domains(sections, domain_xmls, network.vifs),
        network=network,
        storage=_storage(sections),
        raw=raw,
    )


def read_simulated_inventory(
    domain_xmls: Sequence[str], *, uri: str, collected_at: str
) -> Inventory:
    """Return the inventory of libvirt's test driver: domains and nothing else.

    Raises:
        ParseError: A domain's XML is none.
    """
    return Inventory(
        evidence=EvidenceClass.SIMULATED,
        host=HostIdentity(uri=uri, collected_at=collected_at),
        domains=tuple(domain_facts(xml) for xml in domain_xmls),
        raw={DOMAIN_XML: "\n".join(domain_xmls)},
    )


def _identity(sections: Sections, uri: str, collected_at: str) -> HostIdentity:
    dmi = parse_dmi(output_of(sections, DMI) or "")
    return HostIdentity(
        uri=uri,
        collected_at=collected_at,
        hostname=_word(sections, HOSTNAME),
        manufacturer=dmi.get("sys_vendor") or None,
        product_name=dmi.get("product_name") or None,
        kernel_release=_word(sections, KERNEL),
        xen_version=parse_info(output_of(sections, INFO) or "").get("xen_version"),
    )


def _dom0(sections: Sections) -> Dom0Facts:
    capabilities = output_of(sections, CAPABILITIES)
    return Dom0Facts(
        hypervisor_type=_word(sections, HYPERVISOR_TYPE),
        control_domain=None if capabilities is None else "control_d" in capabilities.split(),
        memory_kib=_dom0_memory_kib(sections),
        services=_services(sections),
    )


def _dom0_memory_kib(sections: Sections) -> int | None:
    """Return Dom0's memory by its balloon driver, which counts pages, or by Xen's list in MiB."""
    counted = _word(sections, BALLOON) or ""
    if re.fullmatch(r"\d{1,15}", counted):
        return int(counted)
    listed = parse_list(output_of(sections, LIST) or "") or ()
    return next((row.memory_mib * 1024 for row in listed if row.domid == _DOM0), None)


def _services(sections: Sections) -> tuple[str, ...] | None:
    """Return units and programs; a Dom0 without systemd has its programs to tell."""
    programs = output_of(sections, PROGRAMS)
    if programs is None:
        return None
    lines = (line.split() for line in (output_of(sections, UNITS) or "").splitlines())
    units = {words[0].removesuffix(".service") for words in lines if words}
    running = {line.partition(": ")[2] for line in programs.splitlines()} - {""}
    return tuple(sorted(units | running))


def _network(sections: Sections) -> NetworkFacts:
    interfaces = output_of(sections, INTERFACES)
    bonds = output_of(sections, BONDS)
    xenstore = output_of(sections, XENSTORE)
    return NetworkFacts(
        interfaces=None if interfaces is None else parse_interfaces(interfaces),
        bonds=None if bonds is None else parse_bonds(bonds),
        vifs=None if xenstore is None else parse_vifs(xenstore),
    )


def _storage(sections: Sections) -> StorageFacts:
    devices = output_of(sections, BLOCK_DEVICES)
    xenstore = output_of(sections, XENSTORE)
    images = output_of(sections, IMAGES) or ""
    return StorageFacts(
        devices=None if devices is None else parse_lsblk(devices),
        guest_disks=None if xenstore is None else parse_guest_disks(xenstore, images),
    )


def _domains(
    sections: Sections, domain_xmls: Sequence[str] | None, vifs: tuple[Vif, ...] | None
) -> tuple[DomainFacts, ...] | None:
    """Return libvirt's domains and Xen's as one list.

    Each knows what the other does not: libvirt those that are shut off, Xen those that another
    tool stack started. What runs, Xen decides.
    """
    listed = parse_list(output_of(sections, LIST) or "")
    if listed is None or domain_xmls is None:
        return None
    known = {facts.name: facts for facts in map(domain_facts, domain_xmls) if facts.domid != _DOM0}
    types = parse_guest_types(output_of(sections, LONG_LIST) or "")
    guests = [row for row in listed if row.domid != _DOM0]
    running = []
    for row in guests:
        facts = _running(row, known.get(row.name), vifs)
        kind = facts.guest_type or types.get(row.domid)
        running.append(replace(facts, guest_type=kind))
    names = {row.name for row in guests}
    off = [replace(facts, domid=None) for facts in known.values() if facts.name not in names]
    return (*running, *off)


def _running(row: Listed, defined: DomainFacts | None, vifs: Iterable[Vif] | None) -> DomainFacts:
    defined = defined or DomainFacts(name=row.name)
    macs = None
    if vifs is not None:
        plugged = (vif.mac for vif in vifs if vif.domid == row.domid and vif.mac)
        macs = tuple(dict.fromkeys((*(defined.macs or ()), *plugged)))
    return replace(
        defined,
        domid=row.domid,
        memory_kib=row.memory_mib * 1024,
        vcpus=row.vcpus,
        macs=macs if macs is not None else defined.macs,
    )


def _word(sections: Sections, name: str) -> str | None:
    return (output_of(sections, name) or "").strip() or None
