"""Rules on memory, vCPUs and their scheduling."""

from __future__ import annotations

from collections.abc import Mapping

from xenvm.model.domain_fields import DomainFields
from xenvm.model.kinds import GuestType

from .rulebook import LIBVIRT, XEN, Found, error, numbered, repeated, warning

MIB_KIB = 1024

VCPUS_MOST: Mapping[str, int] = {GuestType.PV: 8192, GuestType.PVH: 128, GuestType.HVM: 128}
"""HVM_MAX_VCPUS, and for PV what fits into a domain's area of the page tables."""

WEIGHT_MOST = 65535


@error(LIBVIRT + "conf/domain_postparse.c, virDomainDefPostParseMemory")
def memory_is_some(config: DomainFields) -> Found:
    """Yield a domain without memory."""
    if config.memory_kib < 1:
        yield "memory_kib", f"{config.memory_kib} KiB start nothing: give it memory"


@error(LIBVIRT + "conf/domain_postparse.c, virDomainDefPostParseMemory (lowers it silently)")
def memory_is_within_its_maximum(config: DomainFields) -> Found:
    """Yield a domain that starts with more memory than it may have."""
    if config.memory_kib > config.max_memory_kib:
        yield (
            "memory_kib",
            f"{config.memory_kib} KiB are more than max_memory_kib, {config.max_memory_kib}: "
            "lower it, or raise the maximum",
        )


@warning(LIBVIRT + "libxl/libxl_conf.c, libxlMakeDomBuildInfo (rounds up); xl.cfg(5), memory (MiB)")
def memory_is_whole_mib(config: DomainFields) -> Found:
    """Yield sizes that Xen's tools round."""
    for field in ("memory_kib", "max_memory_kib"):
        size_kib = getattr(config, field)
        if size_kib > 0 and size_kib % MIB_KIB:
            whole_kib = -(-size_kib // MIB_KIB) * MIB_KIB
            yield (
                field,
                f"{size_kib} KiB are no whole MiB: libvirt makes them {whole_kib}, xl cannot say "
                f"them; say {whole_kib}",
            )


@error(LIBVIRT + "conf/domain_conf.c, virDomainDefSetVcpus")
def vcpus_are_within_their_maximum(config: DomainFields) -> Found:
    """Yield a domain that starts with no vCPU, or with more than it may have."""
    if config.vcpus < 1:
        yield "vcpus", f"{config.vcpus} vCPUs run nothing: give it one or more"
    elif config.vcpus > config.max_vcpus:
        yield (
            "vcpus",
            f"{config.vcpus} are more than max_vcpus, {config.max_vcpus}: "
            "lower it, or raise the maximum",
        )


@error(XEN + "xen/include/public/hvm/hvm_info_table.h; xen/arch/x86/domain.c")
def vcpus_are_no_more_than_xen_has(config: DomainFields) -> Found:
    """Yield more vCPUs than the hypervisor gives to a domain of this type."""
    most = VCPUS_MOST.get(config.guest_type)
    if most is not None and config.max_vcpus > most:
        yield (
            "max_vcpus",
            f"{config.max_vcpus} are more than the {most} that Xen gives to a "
            f"{config.guest_type.upper()} domain: lower it",
        )


@warning(LIBVIRT + "libxl/libxl_conf.c, libxlSetVcpuAffinities (reads vcpupin only)")
def cpus_are_pins(config: DomainFields) -> Found:
    """Yield an affinity of the whole domain, which libvirt does not pass on."""
    if config.cpus is not None and not config.pins:
        yield "cpus", "libvirt drops it silently: write pins, one for each vCPU"


@warning(LIBVIRT + "conf/domain_conf.c, virDomainVcpuPinDefParseXML (drops it silently)")
def pins_are_of_vcpus_that_exist(config: DomainFields) -> Found:
    """Yield pins of vCPUs that the domain will never have."""
    for path, pin in numbered("pins", config.pins):
        if not 0 <= pin.vcpu < config.max_vcpus:
            yield f"{path}.vcpu", f"there is no vCPU {pin.vcpu}: take the pin out"


@warning(LIBVIRT + "conf/domain_postparse.c, virDomainDefRemoveOfflineVcpuPin (drops it silently)")
def pins_are_of_vcpus_that_start(config: DomainFields) -> Found:
    """Yield pins of vCPUs that are off at the start."""
    for path, pin in numbered("pins", config.pins):
        if config.vcpus <= pin.vcpu < config.max_vcpus:
            yield (
                f"{path}.vcpu",
                f"vCPU {pin.vcpu} is off at the start, and libvirt drops its pin: "
                "pin it once it is on",
            )


@error(LIBVIRT + "conf/domain_conf.c, virDomainVcpuPinDefParseXML")
def pins_leave_a_cpu(config: DomainFields) -> Found:
    """Yield pins to no CPU at all."""
    for path, pin in numbered("pins", config.pins):
        if not pin.cpus:
            yield f"{path}.cpus", f"vCPU {pin.vcpu} may run nowhere: name a CPU"


@error(LIBVIRT + "conf/domain_conf.c, virDomainVcpuPinDefParseXML")
def pins_are_one_for_a_vcpu(config: DomainFields) -> Found:
    """Yield vCPUs with two pins."""
    pins = ((f"{path}.vcpu", str(pin.vcpu)) for path, pin in numbered("pins", config.pins))
    for path, vcpu, first in repeated(pins):
        yield path, f"vCPU {vcpu} has a pin already, {first}: take one out"


@error(XEN + "tools/libs/light/libxl_sched.c, sched_credit2_domain_set")
def weight_is_one_of_xens(config: DomainFields) -> Found:
    """Yield a weight that the scheduler refuses."""
    if config.weight is not None and not 1 <= config.weight <= WEIGHT_MOST:
        yield "weight", f"{config.weight} is not between 1 and {WEIGHT_MOST}: Xen's usual is 256"


@error(XEN + "tools/libs/light/libxl_sched.c, sched_credit2_domain_set")
def cap_is_within_its_vcpus(config: DomainFields) -> Found:
    """Yield a cap that the scheduler refuses."""
    most_percent = 100 * config.max_vcpus
    if config.cap_percent is not None and not 0 <= config.cap_percent <= most_percent:
        yield (
            "cap_percent",
            f"{config.cap_percent} is not between 0 and {most_percent}: a vCPU takes 100 at most",
        )


@warning(LIBVIRT + "libxl/libxl_driver.c, libxlDomainSetSchedulerParametersFlags (live only)")
def cap_is_kept(config: DomainFields) -> Found:
    """Yield a cap, for which libvirt's XML has no word."""
    if config.cap_percent is not None and config.cap_percent > 0:
        yield (
            "cap_percent",
            "libvirt's XML has no cap: set it again after each start, or start with xl",
        )
