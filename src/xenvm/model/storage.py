"""Storage pools of a host and the volumes in them, as far as VBDs refer to them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from .kinds import DiskFormat
from .mapping import at
from .residue import Modelled


class PoolKind(StrEnum):
    """What a pool is made of; open, as are all words of storage."""

    DIR = "dir"
    FS = "fs"
    NETFS = "netfs"
    LOGICAL = "logical"
    """A volume group of LVM."""
    DISK = "disk"
    """A whole disk, of which the volumes are the partitions."""
    ISCSI = "iscsi"
    ISCSI_DIRECT = "iscsi-direct"
    SCSI = "scsi"
    MPATH = "mpath"
    RBD = "rbd"
    SHEEPDOG = "sheepdog"
    GLUSTER = "gluster"
    ZFS = "zfs"
    VSTORAGE = "vstorage"


class VolumeKind(StrEnum):
    """What a volume is in Dom0."""

    FILE = "file"
    BLOCK = "block"
    DIR = "dir"
    NETWORK = "network"
    NETDIR = "netdir"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoragePermissions(Modelled):
    """Who may use a file of Dom0.

    Attributes:
        mode: Its permission bits in octal, such as ``0644``.
        owner: Its user's number; -1 leaves it as it is.
        group: Its group's number; -1 leaves it as it is.
        label: Its SELinux label.
    """

    mode: str | None = field(default=None, metadata=at("mode"))
    owner: int | None = field(default=None, metadata=at("owner"))
    group: int | None = field(default=None, metadata=at("group"))
    label: str | None = field(default=None, metadata=at("label"))


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolHost(Modelled):
    """A machine that serves a pool.

    Attributes:
        name: Its name or address.
        port: Its TCP port; None for the protocol's own.
    """

    name: str = field(metadata=at("@name"))
    port: int | None = field(default=None, metadata=at("@port"))


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolSource(Modelled):
    """What a pool is made of.

    Attributes:
        hosts: Who serves it.
        devices: The disks or partitions of Dom0 in it; the target's IQN for iSCSI.
        directory: The directory that is served, or that it is.
        adapter: The SCSI host that it is, such as ``host0``.
        initiator: Under which IQN Dom0 asks an iSCSI target.
        name: The volume group, RBD pool, gluster volume or ZFS pool.
        format: How it is laid out, such as ``lvm2``, ``gpt``, ``nfs`` or ``ext4``.
        protocol_version: The version of NFS.
    """

    hosts: tuple[PoolHost, ...] = field(default=(), metadata=at("host"))
    devices: tuple[str, ...] = field(default=(), metadata=at("device/@path"))
    directory: str | None = field(default=None, metadata=at("dir/@path"))
    adapter: str | None = field(default=None, metadata=at("adapter/@name"))
    initiator: str | None = field(default=None, metadata=at("initiator/iqn/@name"))
    name: str | None = field(default=None, metadata=at("name"))
    format: str | None = field(default=None, metadata=at("format/@type"))
    protocol_version: str | None = field(default=None, metadata=at("protocol/@ver"))


@dataclass(frozen=True, slots=True, kw_only=True)
class StoragePoolConfig(Modelled):
    """A storage pool as it is described.

    Attributes:
        kind: What it is made of.
        name: What VBDs refer to.
        uuid: Its identity; None lets libvirt draw one.
        capacity_bytes: Its size; libvirt tells it.
        allocation_bytes: How much of it is used; libvirt tells it.
        available_bytes: How much of it is free; libvirt tells it.
        source: What it is made of.
        target_path: Where its volumes appear in Dom0, such as ``/dev/vg0``.
        permissions: Who may use that directory.

    Source:
        libvirt formatstorage, "Storage pool XML".
    """

    kind: PoolKind | str = field(default=PoolKind.DIR, metadata=at("@type"))
    name: str = field(metadata=at("name"))
    uuid: UUID | None = field(default=None, metadata=at("uuid"))
    capacity_bytes: int | None = field(default=None, metadata=at("capacity", codec="bytes"))
    allocation_bytes: int | None = field(default=None, metadata=at("allocation", codec="bytes"))
    available_bytes: int | None = field(default=None, metadata=at("available", codec="bytes"))
    source: PoolSource = field(default=PoolSource(), metadata=at("source"))
    target_path: str | None = field(default=None, metadata=at("target/path"))
    permissions: StoragePermissions | None = field(default=None, metadata=at("target/permissions"))


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeBacking(Modelled):
    """What a volume was cloned from, and still needs.

    Attributes:
        path: Its path in Dom0.
        format: Its layout.
        permissions: Who may use it.
    """

    path: str | None = field(default=None, metadata=at("path"))
    format: DiskFormat | str | None = field(default=None, metadata=at("format/@type"))
    permissions: StoragePermissions | None = field(default=None, metadata=at("permissions"))


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeTarget(Modelled):
    """How a volume appears in Dom0.

    Attributes:
        path: Its path, or its URI where it is another machine's.
        format: The layout of its blocks.
        permissions: Who may use it.
        compat: The version of qcow2 that it keeps to, such as ``1.1``.
        cluster_size_bytes: The size of its clusters.
        encryption: How it is encrypted, such as ``luks``; None when it is not.
    """

    path: str | None = field(default=None, metadata=at("path"))
    format: DiskFormat | str | None = field(default=None, metadata=at("format/@type"))
    permissions: StoragePermissions | None = field(default=None, metadata=at("permissions"))
    encryption: str | None = field(default=None, metadata=at("encryption/@format"))
    compat: str | None = field(default=None, metadata=at("compat"))
    cluster_size_bytes: int | None = field(default=None, metadata=at("clusterSize", codec="bytes"))


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageVolumeConfig(Modelled):
    """A volume as it is described.

    Attributes:
        kind: What it is in Dom0; libvirt tells it.
        name: What VBDs refer to.
        key: Its identity in the world; libvirt tells it.
        capacity_bytes: Its size, as a guest sees it.
        allocation_bytes: How much of it takes room in the pool.
        physical_bytes: How much room its container takes; libvirt tells it.
        source_devices: The disks of Dom0 on which it lies.
        target: How it appears in Dom0.
        backing: What it was cloned from; None for nothing.

    Source:
        libvirt formatstorage, "Storage volume XML".
    """

    kind: VolumeKind | str | None = field(default=None, metadata=at("@type"))
    name: str = field(metadata=at("name"))
    key: str | None = field(default=None, metadata=at("key"))
    source_devices: tuple[str, ...] = field(default=(), metadata=at("source/device/@path"))
    capacity_bytes: int | None = field(default=None, metadata=at("capacity", codec="bytes"))
    allocation_bytes: int | None = field(default=None, metadata=at("allocation", codec="bytes"))
    physical_bytes: int | None = field(default=None, metadata=at("physical", codec="bytes"))
    target: VolumeTarget = field(default=VolumeTarget(), metadata=at("target"))
    backing: VolumeBacking | None = field(default=None, metadata=at("backingStore"))
