"""A domain as it is described: its kind, memory, vCPUs, kernel, VBDs and VNIFs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from xenvm.errors import SpecError

from .bridge import check_link_name
from .quantities import MacAddress


class GuestType(StrEnum):
    """How a guest runs on Xen."""

    PV = "pv"
    PVH = "pvh"
    HVM = "hvm"


class DomainState(StrEnum):
    """What a domain is doing; libvirt's virDomainState."""

    NO_STATE = "no-state"
    RUNNING = "running"
    BLOCKED = "blocked"
    PAUSED = "paused"
    SHUTTING_DOWN = "shutting-down"
    SHUT_OFF = "shut-off"
    CRASHED = "crashed"
    SUSPENDED = "suspended"


class LifecycleAction(StrEnum):
    """What Xen's toolstack does when a domain ends."""

    DESTROY = "destroy"
    RESTART = "restart"
    PRESERVE = "preserve"
    RENAME_RESTART = "rename-restart"
    COREDUMP_DESTROY = "coredump-destroy"
    COREDUMP_RESTART = "coredump-restart"


class DiskBacking(StrEnum):
    """What lies behind a VBD."""

    BLOCK = "block"
    """A whole disk, a partition or a logical volume of Dom0."""
    FILE = "file"
    """An image file in Dom0."""


class DiskDriver(StrEnum):
    """Who serves a VBD in Dom0."""

    PHY = "phy"
    """Linux' blkback; an image file goes through a loop device."""
    QEMU = "qemu"
    """A QEMU process (qdisk)."""
    FILE = "file"
    """What libvirt calls a raw image served by QEMU."""


class DiskFormat(StrEnum):
    """How the blocks of a VBD are laid out."""

    RAW = "raw"
    QCOW2 = "qcow2"


_NAME_MAX_CHARACTERS = 200
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_LINK_WORD = re.compile(r"[A-Za-z0-9_.:-]+")
_TARGET = re.compile(r"(?:xvd|hd|sd)[a-z]{1,2}\d{0,3}")


def _check_text(field: str, text: str | None, *, required: bool = False) -> None:
    """Refuse text that libvirt, XML or a shell could take for something else.

    Raises:
        SpecError: It is such a text, or it is missing.
    """
    if required and not text:
        raise SpecError(f"{field} must not be empty")
    if text and _UNSAFE.search(text):
        raise SpecError(f"{field} has a control character: {text!r}")
    if text and text != text.strip():
        raise SpecError(f"{field} begins or ends with a space: {text!r}")


def _check_path(field: str, path: str | None, *, required: bool = False) -> None:
    _check_text(field, path, required=required)
    if path and not path.startswith("/"):
        raise SpecError(f"{field} must be an absolute path in Dom0, not {path!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Vbd:
    """A virtual block device.

    Attributes:
        target: Its name in the guest, such as ``xvda`` or ``xvda1``.
        source: The device or image in Dom0, an absolute path.
        backing: Whether ``source`` is a block device or a file.
        driver: Who serves it; None lets libxl choose.
        format: The layout of its blocks.
        readonly: Whether the guest may only read.
        shareable: Whether other domains may have it too.
    """

    target: str
    source: str
    backing: DiskBacking
    driver: DiskDriver | None = None
    format: DiskFormat = DiskFormat.RAW
    readonly: bool = False
    shareable: bool = False

    def __post_init__(self) -> None:
        if not _TARGET.fullmatch(self.target):
            raise SpecError(f"target {self.target!r} is no VBD name: use one such as xvda")
        _check_path(f"source of {self.target}", self.source, required=True)
        if self.format is not DiskFormat.RAW and self.driver is not DiskDriver.QEMU:
            raise SpecError(f"format {self.format} of {self.target} needs driver qemu")


@dataclass(frozen=True, slots=True, kw_only=True)
class Vnif:
    """A virtual network interface.

    Attributes:
        bridge: The bridge in Dom0 that its back-end joins.
        mac: Its address in the guest; None lets libvirt draw one.
        script: The hotplug script, a name or an absolute path; None for Xen's own.
        model: ``netfront``, or for HVM an emulated card such as ``e1000``.
        device: The back-end's name in Dom0, such as ``vif3.0``; libvirt tells it only for VNIFs
            that were there at the start, never for hot-plugged ones.
    """

    bridge: str
    mac: MacAddress | None = None
    script: str | None = None
    model: str | None = None
    device: str | None = None

    def __post_init__(self) -> None:
        check_link_name(self.bridge)
        _check_text("script", self.script)
        for field in ("model", "device"):
            text = getattr(self, field)
            if text is not None and not _LINK_WORD.fullmatch(text):
                raise SpecError(f"{field} {text!r} must be letters, digits, _, -, . and :")
        if self.mac and self.mac.is_multicast:
            raise SpecError(f"mac {self.mac} is a multicast address: no VNIF may have it")


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainConfig:
    """What a domain is made of.

    Attributes:
        name: Its name on the host, at most 200 characters, no slash.
        guest_type: PV, PVH or HVM.
        memory_kib: Memory at the start, in KiB.
        max_memory_kib: The most it may have, in KiB; 0 when made means ``memory_kib``.
        vcpus: vCPUs at the start.
        max_vcpus: The most it may have; 0 when made means ``vcpus``.
        kernel: The kernel's path in Dom0.
        initrd: The initial ramdisk's path in Dom0.
        cmdline: The kernel's command line.
        bootloader: Instead of ``kernel``: a program in Dom0 that finds one, for PV only.
        vbds: Its block devices.
        vnifs: Its network interfaces.
        on_poweroff: What to do when it shuts down.
        on_reboot: What to do when it reboots.
        on_crash: What to do when it crashes.
        uuid: None lets libvirt draw one.
        title: A short text for people.
        description: A longer one.

    Source:
        libvirt formatdomain; xl.cfg(5). Memory is in KiB as in libvirt, not in MiB as in xl.
    """

    name: str
    guest_type: GuestType = GuestType.PV
    memory_kib: int
    max_memory_kib: int = 0
    vcpus: int = 1
    max_vcpus: int = 0
    kernel: str | None = None
    initrd: str | None = None
    cmdline: str | None = None
    bootloader: str | None = None
    vbds: tuple[Vbd, ...] = ()
    vnifs: tuple[Vnif, ...] = ()
    on_poweroff: LifecycleAction = LifecycleAction.DESTROY
    on_reboot: LifecycleAction = LifecycleAction.RESTART
    on_crash: LifecycleAction = LifecycleAction.DESTROY
    uuid: UUID | None = None
    title: str | None = None
    description: str | None = None

    def __post_init__(self) -> None:
        if not self.max_memory_kib:
            object.__setattr__(self, "max_memory_kib", self.memory_kib)
        if not self.max_vcpus:
            object.__setattr__(self, "max_vcpus", self.vcpus)
        self._check_words()
        self._check_sizes()
        self._check_boot()
        self._check_devices()

    def _check_words(self) -> None:
        _check_text("name", self.name, required=True)
        if "/" in self.name or len(self.name) > _NAME_MAX_CHARACTERS:
            raise SpecError(
                f"name {self.name!r} has a slash or more than {_NAME_MAX_CHARACTERS} characters"
            )
        for field in ("cmdline", "title", "description"):
            _check_text(field, getattr(self, field))

    def _check_sizes(self) -> None:
        if not 1 <= self.memory_kib <= self.max_memory_kib:
            raise SpecError(
                f"memory_kib {self.memory_kib} must lie in 1 … max_memory_kib {self.max_memory_kib}"
            )
        if not 1 <= self.vcpus <= self.max_vcpus:
            raise SpecError(f"vcpus {self.vcpus} must lie in 1 … max_vcpus {self.max_vcpus}")

    def _check_boot(self) -> None:
        for field in ("kernel", "initrd", "bootloader"):
            _check_path(field, getattr(self, field))
        if self.bootloader and (self.kernel or self.guest_type is not GuestType.PV):
            raise SpecError("bootloader is for PV guests without a kernel of their own")
        # libvirt 8.7 crashes on a PVH guest without a kernel (libvirt issue 390).
        if self.guest_type is not GuestType.HVM and not (self.kernel or self.bootloader):
            raise SpecError(f"kernel is missing: a {self.guest_type.upper()} guest boots from one")
        if not self.kernel and (self.initrd or self.cmdline):
            raise SpecError("initrd and cmdline need a kernel")

    def _check_devices(self) -> None:
        _check_unique("vbds", [vbd.target for vbd in self.vbds])
        _check_unique("vnifs", [str(vnif.mac) for vnif in self.vnifs if vnif.mac])


def _check_unique(field: str, names: list[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SpecError(f"{field} has {', '.join(twice)} more than once")
