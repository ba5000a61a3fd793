"""The words of the field: kinds, states and actions.

All but :class:`GuestType` and :class:`DomainState` are open: where a document has a word that is
not here, the field holds it as a string.
"""

from __future__ import annotations

from enum import StrEnum


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
    NETWORK = "network"
    """A disk that another machine serves, such as by RBD or iSCSI."""
    VOLUME = "volume"
    """A volume of one of libvirt's storage pools."""


class DiskDevice(StrEnum):
    """What the guest takes a VBD for."""

    DISK = "disk"
    CDROM = "cdrom"
    FLOPPY = "floppy"
    LUN = "lun"


class DiskDriver(StrEnum):
    """Who serves a VBD in Dom0."""

    PHY = "phy"
    """Linux' blkback; an image file goes through a loop device."""
    QEMU = "qemu"
    """A QEMU process (qdisk)."""
    FILE = "file"
    """What libvirt calls a raw image served by QEMU."""
    TAP = "tap"
    """blktap, which Xen dropped."""


class DiskFormat(StrEnum):
    """How the blocks of a VBD are laid out."""

    RAW = "raw"
    QCOW2 = "qcow2"
    VHD = "vhd"
    QED = "qed"


class VnifKind(StrEnum):
    """What a VNIF's back-end hangs on."""

    BRIDGE = "bridge"
    NETWORK = "network"
    ETHERNET = "ethernet"
    HOSTDEV = "hostdev"


class BootDevice(StrEnum):
    """What firmware boots from."""

    DISK = "hd"
    CDROM = "cdrom"
    NETWORK = "network"
    FLOPPY = "fd"


class Firmware(StrEnum):
    """The firmware of an HVM guest, where the host chooses the file."""

    BIOS = "bios"
    EFI = "efi"


class ClockOffset(StrEnum):
    """What a guest's clock starts from."""

    UTC = "utc"
    LOCALTIME = "localtime"
    TIMEZONE = "timezone"
    VARIABLE = "variable"
    """UTC or local time, and so many seconds more."""
    ABSOLUTE = "absolute"


class GraphicsKind(StrEnum):
    """How a guest's screen is shown."""

    VNC = "vnc"
    SPICE = "spice"
    SDL = "sdl"


class ChardevKind(StrEnum):
    """What a console, serial or parallel port or channel is wired to in Dom0."""

    PTY = "pty"
    UNIX = "unix"
    TCP = "tcp"
    UDP = "udp"
    FILE = "file"
    DEVICE = "dev"
    PIPE = "pipe"
    STDIO = "stdio"
    VC = "vc"
    NULL = "null"


class HostdevKind(StrEnum):
    """What kind of the host's devices a guest gets."""

    PCI = "pci"
    USB = "usb"
    SCSI = "scsi"
    """libvirt's libxl driver takes it and drops it in silence; a running guest refuses it."""


class ControllerKind(StrEnum):
    """What a controller is for."""

    XENBUS = "xenbus"
    USB = "usb"
    IDE = "ide"
    SCSI = "scsi"
    PCI = "pci"
