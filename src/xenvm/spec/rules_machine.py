"""Rules on the machine: processors, sockets, model, memory, and the hypervisor itself."""

from __future__ import annotations

import re

from xenvm.formats.dom0_commands import (
    ACPI_TABLES,
    CAPABILITIES,
    DMI,
    DMIDECODE,
    HYPERVISOR_TYPE,
    INFO,
    LOG,
    MADT,
)
from xenvm.model.inventory import CpuPlace, FirmwareFacts, HypervisorFacts, Inventory
from xenvm.model.profile import Profile
from xenvm.model.verdict import VerdictKind

from .limits import number_of, words_of
from .rulebook import Finding, failed, judged, passed, rule, unseen

_CPUS_WITHHELD = re.compile(r"(?:^|\s)(?:maxcpus=\S+|nosmp)(?=\s|$)")
_MEMORY_WITHHELD = re.compile(r"(?:^|\s)(?:mem|availmem)=\S+")
_CPU_LINES = r"nr_cpus|max_cpu_id|xen_commandline|Brought up|Core|Thread|^ [0-9a-f]{2} "
_IOMMU_LINES = r"virt_caps|I/O virtualisation|Interrupt remapping|DMAR|RMAD|IVRS"
_SMT_OFF = re.compile(r"(?:^|\s)(?:smt=(?:0|no|off|false|disable)|no-smt)(?=\s|$)")


@rule("WP-3.4-01", INFO, LOG, lines="virt_caps|VMX|SVM")
def hardware_virtualisation(inventory: Inventory, _: Profile) -> Finding:
    """Return a pass when VT-x or SVM is there and enabled."""
    caps = inventory.hypervisor.virt_caps
    if caps is None:
        return unseen("virt_caps in xl info")
    return judged("hvm" in caps, " ".join(caps), "virt_caps with hvm")


@rule("WP-3.4-02", INFO, DMIDECODE, limit="sockets_min")
def sockets(inventory: Inventory, profile: Profile) -> Finding:
    """Return a pass when there are sockets enough, by Xen's counts and by a second witness.

    Where Xen names each CPU's socket, that decides; where it names none, the firmware does.
    """
    xen = inventory.hypervisor
    least = number_of(profile, "sockets_min")
    witness = inventory.firmware.cpu_sockets
    told_by = "dmidecode -t 4"
    if xen.cpus:
        witness, told_by = len({place.socket for place in xen.cpus}), "the CPUs in xl info -n"
    if xen.sockets is None or xen.cpus is None or witness is None:
        return unseen("the number of sockets")
    counted = witness if xen.cpus else min(xen.sockets, witness)
    detail = f"{xen.sockets} by xl info's counts, {witness} by {told_by}"
    return judged(counted >= least, counted, least, "sockets", detail)


@rule("WP-3.4-03", DMI, limit="hardware_models")
def supported_model(inventory: Inventory, profile: Profile) -> Finding:
    """Return a pass when the model is on the list."""
    product = inventory.host.product_name
    if product is None:
        return unseen("the machine's model (DMI product_name)")
    models = words_of(profile, "hardware_models")
    named = f" {' '.join(re.findall(r'[A-Za-z0-9]+', product)).upper()} "
    listed = any(f" {model.upper()} " in named for model in models)
    return judged(listed, product, ", ".join(models))


@rule("WP-3.4-05", INFO, LOG, DMIDECODE, MADT, lines=_CPU_LINES)
def every_cpu(inventory: Inventory, _: Profile) -> Finding:
    """Return a pass when Xen uses every CPU that the firmware offers."""
    xen, firmware = inventory.hypervisor, inventory.firmware
    if xen.nr_cpus is None or xen.command_line is None:
        return unseen("the CPUs that Xen uses")
    offered = _offered_cpus(xen.command_line, firmware)
    if offered is None:
        return unseen("the CPUs that the firmware offers (ACPI MADT, dmidecode -t 4)")
    withheld = _CPUS_WITHHELD.search(xen.command_line)
    said = f"Xen was told {withheld[0].strip()}" if withheld else ""
    return judged(xen.nr_cpus >= offered and not withheld, xen.nr_cpus, offered, "CPUs", said)


@rule("WP-3.4-06", INFO, DMIDECODE, limit="memory_used_min_percent")
def all_memory(inventory: Inventory, profile: Profile) -> Finding:
    """Return a pass when Xen uses the installed memory."""
    xen, installed_mib = inventory.hypervisor, inventory.firmware.installed_memory_mib
    if xen.total_memory_mib is None or xen.command_line is None:
        return unseen("the memory that Xen uses")
    if installed_mib is None:
        return unseen("the installed memory (dmidecode -t 17)")
    percent = number_of(profile, "memory_used_min_percent")
    least_mib = installed_mib * percent // 100
    withheld = _MEMORY_WITHHELD.search(xen.command_line)
    said = f"{installed_mib} MiB are installed"
    if withheld:
        said += f", but Xen was told {withheld[0].strip()}"
    good = xen.total_memory_mib >= least_mib and not withheld
    return judged(good, xen.total_memory_mib, least_mib, "MiB", said)


@rule("WP-3.4-21", INFO, limit="smt")
def no_smt(inventory: Inventory, profile: Profile) -> Finding:
    """Return a pass when SMT is off on every core, not on CPU 0's alone."""
    if profile.limits["smt"].value != "forbidden":
        return Finding(kind=VerdictKind.NOT_APPLICABLE, detail="the profile allows SMT")
    xen = inventory.hypervisor
    shared = _shared_cores(xen.cpus or ())
    if shared or (xen.threads_per_core or 0) > 1:
        said = f"CPUs {', '.join(map(str, shared))} share a core" if shared else "by CPU 0"
        return failed(xen.threads_per_core, 1, "threads per core", said)
    if xen.threads_per_core is None or not _cores_told_apart(xen, inventory.firmware):
        return unseen("the threads of each core")
    return passed(xen.threads_per_core, 1, "threads per core")


@rule("WP-5.1-01", HYPERVISOR_TYPE, CAPABILITIES)
def xen_and_its_dom0(inventory: Inventory, _: Profile) -> Finding:
    """Return a pass when the host runs Xen and this OS controls it."""
    dom0 = inventory.dom0
    if dom0.hypervisor_type is None or dom0.control_domain is None:
        return unseen("/sys/hypervisor/type or /proc/xen/capabilities")
    observed = f"{dom0.hypervisor_type}, {'' if dom0.control_domain else 'no '}control_d"
    good = dom0.hypervisor_type == "xen" and dom0.control_domain
    return judged(good, observed, "xen, control_d")


@rule("WP-5.4-04", INFO, LOG, lines="virt_caps|HAP")
def second_level_translation(inventory: Inventory, _: Profile) -> Finding:
    """Return a pass when the hardware translates guests' addresses."""
    caps = inventory.hypervisor.virt_caps
    if caps is None:
        return unseen("virt_caps in xl info")
    return judged("hap" in caps, " ".join(caps), "virt_caps with hap")


@rule("WP-5.5.2-04", INFO, LOG, ACPI_TABLES, lines=_IOMMU_LINES)
def iommu_in_use(inventory: Inventory, _: Profile) -> Finding:
    """Return a pass when Xen uses the machine's IOMMU; one that has none is not asked."""
    caps, told = inventory.hypervisor.virt_caps, inventory.firmware.iommu
    if caps is None or told is None:
        return unseen("virt_caps in xl info" if caps is None else "the firmware's ACPI tables")
    used = any(cap.endswith("directio") for cap in caps)
    if not used and not told:
        why = "the firmware tells of no IOMMU, and the white paper of 2008 only plans direct I/O"
        return Finding(kind=VerdictKind.NOT_APPLICABLE, detail=why)
    why = "" if used else "the firmware tells of one that Xen does not use: see iommu= in xl info"
    return judged(used, " ".join(caps), "virt_caps with directio", detail=why)


@rule("WP-5.3-06", INFO, limit="schedulers", lines="xen_scheduler")
def known_scheduler(inventory: Inventory, profile: Profile) -> Finding:
    """Return a pass when the scheduler is known."""
    scheduler = inventory.hypervisor.scheduler
    if scheduler is None:
        return unseen("xen_scheduler in xl info")
    known = words_of(profile, "schedulers")
    return judged(scheduler in known, scheduler, " or ".join(known))


def _offered_cpus(command_line: str, firmware: FirmwareFacts) -> int | None:
    # With smt=0 Xen parks all siblings but one: what it shall bring up are cores.
    return firmware.cpu_cores if _SMT_OFF.search(command_line) else firmware.cpu_threads


def _shared_cores(cpus: tuple[CpuPlace, ...]) -> list[int]:
    first: dict[tuple[int, int], int] = {}
    shared: set[int] = set()
    for place in cpus:
        core = (place.socket, place.core)
        if core in first:
            shared |= {first[core], place.cpu}
        first.setdefault(core, place.cpu)
    return sorted(shared)


def _cores_told_apart(xen: HypervisorFacts, firmware: FirmwareFacts) -> bool:
    """Return whether every CPU's core is known, or there are as many cores as CPUs.

    Xen's ``threads_per_core`` speaks of CPU 0 alone (xen/common/sysctl.c), so it takes a second
    witness. Of AMD processors with one core Xen knows no core ids; there the firmware's count is.
    """
    if xen.nr_cpus is None or xen.cpus is None:
        return False
    if xen.cpus:
        return len(xen.cpus) >= xen.nr_cpus
    return firmware.cpu_cores is not None and firmware.cpu_cores >= xen.nr_cpus
