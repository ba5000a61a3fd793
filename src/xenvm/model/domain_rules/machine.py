"""Rules on clocks, CPUs and firmware."""

from __future__ import annotations

from xenvm.model.domain_fields import DomainFields
from xenvm.model.kinds import ClockOffset, GuestType

from .rulebook import LIBVIRT, LIBVIRT_11, Found, error, listed, numbered, shown, warning

_BUILD_INFO = LIBVIRT + "libxl/libxl_conf.c, libxlMakeDomBuildInfo"
_VALIDATE_11 = LIBVIRT_11 + "libxl/libxl_domain.c, libxlDomainDefValidate"
_OFFSETS = (ClockOffset.UTC, ClockOffset.LOCALTIME, ClockOffset.VARIABLE)
_ACPI_TABLES = ("rawset", "slic")
HOST_PASSTHROUGH = "host-passthrough"


@error(_BUILD_INFO)
def clock_offset_is_one_of_libxls(config: DomainFields) -> Found:
    """Yield a clock that Xen's tools cannot set."""
    if config.clock_offset not in {None, *_OFFSETS}:
        yield (
            "clock_offset",
            f"{shown(config.clock_offset or '')} is refused: use {listed(_OFFSETS)}",
        )


@error(_BUILD_INFO)
def timers_are_libxls(config: DomainFields) -> Found:
    """Yield timers that the libxl driver refuses."""
    for path, timer in numbered("timers", config.timers):
        if timer.name == "hpet" and config.guest_type != GuestType.HVM:
            yield f"{path}.name", "only an HVM domain has an hpet: take it out"
        elif timer.name not in {"tsc", "hpet"}:
            yield f"{path}.name", f"{shown(timer.name)} is refused: Xen lets hpet and tsc be set"


@warning(_BUILD_INFO)
def timers_say_no_more_than_is_read(config: DomainFields) -> Found:
    """Yield what of a timer is dropped."""
    for path, timer in numbered("timers", config.timers):
        for field in ("frequency_hz", "tickpolicy", "track"):
            if getattr(timer, field) is not None:
                yield f"{path}.{field}", "libvirt's Xen driver drops it silently: take it out"


@warning(_BUILD_INFO)
def cpu_mode_is_read(config: DomainFields) -> Found:
    """Yield a CPU model, which Xen's tools do not choose."""
    if config.cpu_mode not in {None, HOST_PASSTHROUGH}:
        yield (
            "cpu_mode",
            f"{shown(config.cpu_mode or '')} is dropped silently, the guest sees the host's CPU: "
            f"say {HOST_PASSTHROUGH}",
        )


@warning(_BUILD_INFO)
def cpu_features_are_read(config: DomainFields) -> Found:
    """Yield CPU features that nobody reads."""
    if config.cpu_features and config.guest_type == GuestType.PV:
        yield "cpu_features", "they are dropped silently for a PV domain: take them out"
    elif config.cpu_features and config.cpu_mode != HOST_PASSTHROUGH:
        yield "cpu_features", f"they are dropped silently: say cpu_mode {HOST_PASSTHROUGH}"


@error(LIBVIRT + "libxl/libxl_conf.c, libxlMakeVnumaList")
def numa_cells_have_cpus(config: DomainFields) -> Found:
    """Yield NUMA cells without vCPUs."""
    for path, cell in numbered("numa_cells", config.numa_cells):
        if not cell.cpus:
            yield f"{path}.cpus", "it has no vCPUs: name some"


@warning(_BUILD_INFO)
def firmware_is_of_hvm(config: DomainFields) -> Found:
    """Yield firmware of a domain that has none."""
    is_pv = config.guest_type in {GuestType.PV, GuestType.PVH}
    for field in ("firmware", "loader", "nvram"):
        if is_pv and getattr(config, field) is not None:
            yield field, "only an HVM domain has firmware, it is dropped silently: take it out"


@warning(_BUILD_INFO)
def nvram_is_kept(config: DomainFields) -> Found:
    """Yield a file for UEFI's variables, which Xen does not keep."""
    if config.nvram is not None and config.guest_type == GuestType.HVM:
        yield "nvram", "Xen keeps no UEFI variables, it is dropped silently: take it out"


@error(LIBVIRT_11 + "libxl/libxl_conf.c, libxlMakeDomBuildInfo")
def loader_is_raw(config: DomainFields) -> Found:
    """Yield firmware in a format that is not raw."""
    if config.loader is not None and config.loader.format not in {None, "raw"}:
        yield "loader.format", f"{shown(config.loader.format or '')} is refused: make it raw"


@error(_VALIDATE_11)
def acpi_tables_are_one(config: DomainFields) -> Found:
    """Yield ACPI tables beyond the first, and kinds that are refused."""
    for path, table in numbered("acpi_tables", config.acpi_tables):
        if table.kind not in _ACPI_TABLES:
            yield f"{path}.kind", f"{shown(table.kind)} is refused: use {listed(_ACPI_TABLES)}"
    if len(config.acpi_tables) > 1:
        yield "acpi_tables[1]", "Xen's tools take one table: put them into one file"


@warning(_BUILD_INFO)
def e820_host_is_of_pv(config: DomainFields) -> Found:
    """Yield a memory map that only PV domains are shown."""
    if config.e820_host and config.guest_type in {GuestType.PVH, GuestType.HVM}:
        yield "e820_host", "it is read for PV domains only: take it out"
