"""Rules on VBDs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from xenvm.errors import SpecError
from xenvm.model.disk_target import DiskTarget
from xenvm.model.domain_fields import DomainFields
from xenvm.model.kinds import DiskBacking, DiskDevice, DiskDriver, DiskFormat, GuestType
from xenvm.model.vbd import Vbd

from .rulebook import (
    LIBVIRT,
    XEN,
    Found,
    error,
    listed,
    numbered,
    repeated,
    shown,
    warning,
)

_MAKE_DISK = LIBVIRT + "libxl/libxl_conf.c, libxlMakeDisk"

_FORMATS: Mapping[str, frozenset[str]] = {
    DiskDriver.PHY: frozenset({DiskFormat.RAW}),
    DiskDriver.FILE: frozenset({DiskFormat.RAW}),
    DiskDriver.QEMU: frozenset({"raw", "qcow", "qcow2", "qed", "vhd"}),
    DiskDriver.TAP: frozenset({"raw", "qcow", "qcow2", "qed", "vhd"}),
    "tap2": frozenset({"raw", "qcow", "qcow2", "qed", "vhd"}),
}
_TAPS = frozenset({DiskDriver.TAP, "tap2"})
_REMOVABLE = frozenset({DiskDevice.CDROM, DiskDevice.FLOPPY})
_BACKINGS = (DiskBacking.BLOCK, DiskBacking.FILE, DiskBacking.NETWORK)


def _vbds(config: DomainFields) -> Iterator[tuple[str, Vbd]]:
    return numbered("vbds", config.vbds)


@error(XEN + "tools/libs/light/libxl_device.c, libxl__device_disk_dev_number")
def vbd_target_is_one_of_xens(config: DomainFields) -> Found:
    """Yield a target that libxl cannot number."""
    for path, vbd in _vbds(config):
        if not _is_target(vbd.target):
            said = shown(vbd.target)
            yield f"{path}.target", f"{said} is no VBD of Xen: use xvda, hda to hdd or sda to sdp"


@error(LIBVIRT + "conf/domain_conf.c, virDomainDiskDefCheckDuplicateInfo")
def vbd_targets_differ(config: DomainFields) -> Found:
    """Yield a target that two VBDs have."""
    targets = ((f"{path}.target", vbd.target) for path, vbd in _vbds(config) if vbd.target)
    for path, target, first in repeated(targets):
        yield path, f"{target} is taken by {first}: use another"


@error(XEN + "tools/libs/light/libxl_device.c, libxl__device_disk_set_backend")
def vbd_has_a_source(config: DomainFields) -> Found:
    """Yield a disk with nothing behind it; a drive may be empty."""
    for path, vbd in _vbds(config):
        if not vbd.source and vbd.device not in _REMOVABLE:
            yield f"{path}.source", f"{vbd.target} has no source: only a drive may be empty"


@error("xl-disk-configuration(5), target; libvirtd runs in /")
def vbd_source_is_absolute(config: DomainFields) -> Found:
    """Yield a device or image whose path depends on where a tool was started."""
    for path, vbd in _vbds(config):
        is_path = vbd.backing in {DiskBacking.BLOCK, DiskBacking.FILE}
        if is_path and vbd.source and not vbd.source.startswith("/"):
            said = shown(vbd.source)
            yield f"{path}.source", f"{said} is no absolute path in Dom0: begin it with /"


@error(_MAKE_DISK + " (translates no storage pool)")
def vbd_backing_is_one_of_libxls(config: DomainFields) -> Found:
    """Yield a backing that the libxl driver does not look behind."""
    for path, vbd in _vbds(config):
        if vbd.backing not in _BACKINGS:
            yield (
                f"{path}.backing",
                f"libvirt's Xen driver cannot open a {vbd.backing}: use {listed(_BACKINGS)}",
            )


@error(_MAKE_DISK)
def vbd_driver_is_one_of_libxls(config: DomainFields) -> Found:
    """Yield a driver that libxl does not have."""
    for path, vbd in _vbds(config):
        if vbd.driver is not None and vbd.driver not in _FORMATS:
            said = shown(vbd.driver)
            yield f"{path}.driver", f"{said} serves no VBD of Xen: use phy or qemu"


@error(_MAKE_DISK)
def vbd_format_has_a_driver(config: DomainFields) -> Found:
    """Yield a format that its driver does not read, or that no driver is told of."""
    for path, vbd in _vbds(config):
        if vbd.driver is None and vbd.format != DiskFormat.RAW:
            yield (
                f"{path}.driver",
                f"without a driver libvirt serves {vbd.format} as if it were raw, and the guest "
                "ruins it: set driver to qemu",
            )
        elif vbd.driver is not None and vbd.format not in _FORMATS.get(vbd.driver, {vbd.format}):
            remedy = (
                "is for no VBD of Xen" if vbd.driver == DiskDriver.QEMU else "needs driver qemu"
            )
            yield f"{path}.format", f"{vbd.format} {remedy}: {vbd.driver} does not read it"


@error(XEN + "tools/libs/light/libxl_device.c, disk_try_backend (blktap is not available)")
def vbd_driver_is_not_blktap(config: DomainFields) -> Found:
    """Yield images that only blktap would serve; the other formats go to QEMU."""
    for path, vbd in _vbds(config):
        if vbd.driver in _TAPS and vbd.format in {DiskFormat.RAW, DiskFormat.VHD}:
            yield f"{path}.driver", f"Xen has no blktap any more: let qemu serve {vbd.format}"


@error(_MAKE_DISK)
def vbd_over_the_network_has_qemu(config: DomainFields) -> Found:
    """Yield a network disk that something else than QEMU is to serve."""
    for path, vbd in _vbds(config):
        if vbd.backing == DiskBacking.NETWORK and vbd.driver not in {None, DiskDriver.QEMU}:
            yield f"{path}.driver", f"{vbd.driver} serves no network disk: use qemu"


@error(LIBVIRT + "libxl/libxl_conf.c, libxlMakeNetworkDiskSrcStr")
def vbd_over_the_network_is_rbd(config: DomainFields) -> Found:
    """Yield a protocol that the libxl driver does not speak."""
    for path, vbd in _vbds(config):
        if vbd.backing == DiskBacking.NETWORK and vbd.protocol != "rbd":
            said = shown(vbd.protocol or "")
            yield (
                f"{path}.protocol",
                f"libvirt's Xen driver knows rbd only, not {said}: let Dom0 attach the disk, and "
                "give the guest the block device",
            )


@error(XEN + "tools/libs/light/libxl_device.c, libxl__device_disk_dev_number")
def vbd_is_no_floppy(config: DomainFields) -> Found:
    """Yield a floppy drive, of which Xen's toolstack has none."""
    for path, vbd in _vbds(config):
        if vbd.device == DiskDevice.FLOPPY:
            yield f"{path}.device", "Xen's toolstack has no floppy drives: use a cdrom"


@warning(_MAKE_DISK + " (takes a lun for a disk)")
def vbd_is_no_lun(config: DomainFields) -> Found:
    """Yield a LUN, which becomes a disk without SCSI commands."""
    for path, vbd in _vbds(config):
        if vbd.device == DiskDevice.LUN:
            yield f"{path}.device", "the guest gets a plain disk, no SCSI commands: say disk"


@warning(XEN + "tools/libs/light/libxl_disk.c, libxl_cdrom_insert")
def vbd_is_a_cdrom_of_hvm(config: DomainFields) -> Found:
    """Yield a CD-ROM whose medium can never be changed."""
    for path, vbd in _vbds(config):
        if vbd.device == DiskDevice.CDROM and config.guest_type in {GuestType.PV, GuestType.PVH}:
            yield (
                f"{path}.device",
                "only an HVM domain has its CDs changed, here it is a fixed disk: say a readonly "
                "disk",
            )


@error(XEN + "tools/libs/light/libxl_disk.c, libxl__device_disk_setdefault")
def vbd_cdrom_of_hvm_has_qemu(config: DomainFields) -> Found:
    """Yield a CD-ROM that blkback is to serve, which HVM domains do not start with."""
    for path, vbd in _vbds(config):
        is_cdrom = vbd.device == DiskDevice.CDROM and config.guest_type == GuestType.HVM
        if is_cdrom and vbd.driver == DiskDriver.PHY:
            yield f"{path}.driver", "only QEMU serves the CDs of an HVM domain: say qemu"


@warning(LIBVIRT + "libxl/libxl_driver.c, libxlDomainAttachDeviceDiskLive; libxl_conf.c drops bus")
def vbd_bus_of_pv_is_xen(config: DomainFields) -> Found:
    """Yield a bus that a PV or PVH guest does not have, and libvirt does not hot-plug."""
    for path, vbd in _vbds(config):
        is_disk = vbd.device == DiskDevice.DISK and vbd.bus not in {None, "xen"}
        if is_disk and config.guest_type in {GuestType.PV, GuestType.PVH}:
            yield (
                f"{path}.bus",
                f"a {config.guest_type.upper()} domain has no {vbd.bus}, and libvirt hot-plugs "
                "bus xen only: say xen",
            )


@warning(LIBVIRT + "libxl/libxl_driver.c, libxlDomainBlockStatsGatherSingle")
def vbd_has_statistics(config: DomainFields) -> Found:
    """Yield a disk of which libvirt refuses to tell the throughput."""
    for path, vbd in _vbds(config):
        # To the driver, what names nobody is QEMU's, whomever libxl has chosen.
        is_phys = vbd.backing != DiskBacking.NETWORK and vbd.format == DiskFormat.RAW
        unnamed = vbd.driver is None and is_phys
        served = unnamed or vbd.driver in {DiskDriver.QEMU, DiskDriver.FILE}
        if vbd.device == DiskDevice.DISK and served:
            yield (
                f"{path}.driver",
                f"libvirt tells no statistics of a disk that {vbd.driver or 'nobody by name'} "
                "serves: use phy, or ask Dom0",
            )


@warning(_MAKE_DISK)
def vbd_cache_is_the_backends(config: DomainFields) -> Found:
    """Yield a way of caching that nobody is told."""
    for path, vbd in _vbds(config):
        if vbd.cache not in {None, "default"}:
            yield f"{path}.cache", f"{vbd.cache} is dropped silently: take it out"


def _is_target(target: str) -> bool:
    try:
        DiskTarget.parse(target)
    except SpecError:
        return False
    return True
