"""Rules on what a domain boots from."""

from __future__ import annotations

from xenvm.model.domain_fields import DomainFields
from xenvm.model.kinds import GuestType

from .rulebook import XEN, Found, error, shown, warning

_PVGRUB = ("pvgrub32", "pvgrub64")
"""Kernels of Xen's own that xl.cfg's ``firmware`` names."""


@error(XEN + "tools/xl/xl_parse.c, parse_config_data; libvirt instead runs pygrub unasked")
def pv_has_a_kernel(config: DomainFields) -> Found:
    """Yield a PV domain that says nothing of its kernel."""
    if config.guest_type == GuestType.PV and not _has_kernel(config):
        yield (
            "kernel",
            "a PV domain boots from a kernel in Dom0 or by a bootloader: set kernel, or bootloader "
            "to 'pygrub'",
        )


@error("libvirt issue 390: libvirtd 8.7 crashes; " + XEN + "tools/xl/xl_parse.c refuses it")
def pvh_has_a_kernel(config: DomainFields) -> Found:
    """Yield a PVH domain that says nothing of its kernel."""
    if config.guest_type == GuestType.PVH and not _has_kernel(config):
        yield (
            "kernel",
            "a PVH domain has no firmware, and starting it can crash libvirtd: set kernel",
        )


@error(XEN + "tools/libs/light/libxl_bootloader.c, libxl__bootloader_run (skips it silently)")
def hvm_has_no_bootloader(config: DomainFields) -> Found:
    """Yield a bootloader that is never run."""
    if config.bootloader and config.guest_type == GuestType.HVM:
        yield (
            "bootloader",
            "an HVM domain boots by its firmware, never by a bootloader: take it out",
        )


@warning(XEN + "tools/libs/light/libxl_bootloader.c, make_bootloader_args (--kernel)")
def bootloader_finds_the_kernel(config: DomainFields) -> Found:
    """Yield a kernel that reads as Dom0's and is looked for in the guest's disk."""
    if config.kernel and config.bootloader and config.guest_type != GuestType.HVM:
        yield (
            "kernel",
            "with a bootloader it is a file on the guest's own disk, not Dom0's: take one of the "
            "two out",
        )


@error(XEN + "tools/libs/light/libxl_bootloader.c, libxl__bootloader_run; xl.cfg(5), ramdisk")
def initrd_and_cmdline_have_a_kernel(config: DomainFields) -> Found:
    """Yield what would be handed to a kernel that is not there."""
    for field in ("initrd", "cmdline"):
        if getattr(config, field) and not _has_kernel(config):
            yield field, "there is no kernel to hand it to: set kernel, or take it out"


@error(XEN + "tools/libs/light/libxl_internal.c, libxl__abs_path; libvirtd runs in /")
def boot_files_are_absolute(config: DomainFields) -> Found:
    """Yield paths that depend on where a tool was started."""
    for field in ("kernel", "initrd", "bootloader"):
        path = getattr(config, field)
        # A bare name of a bootloader is looked up among Xen's own.
        bare = field == "bootloader" and path and "/" not in path
        if path and not path.startswith("/") and not bare:
            yield field, f"{shown(path)} is no absolute path in Dom0: begin it with /"


def _has_kernel(config: DomainFields) -> bool:
    return bool(config.kernel or config.bootloader or config.firmware in _PVGRUB)
