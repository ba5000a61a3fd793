"""Devices of a host as libvirt lists them, and what each can do."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from .device_capability import (
    NetCapability,
    NodeCapability,
    ScsiCapability,
    ScsiHostCapability,
    ScsiTargetCapability,
    StorageCapability,
    SystemCapability,
    UsbCapability,
    UsbDeviceCapability,
)
from .mapping import at
from .pci_capability import PciCapability
from .residue import Modelled

DeviceCapability: TypeAlias = (
    PciCapability
    | NetCapability
    | ScsiHostCapability
    | ScsiTargetCapability
    | ScsiCapability
    | StorageCapability
    | UsbDeviceCapability
    | UsbCapability
    | SystemCapability
    | NodeCapability
)
"""What a device can be; :class:`NodeCapability` itself is any that has no class of its own."""


class DevNodeKind(StrEnum):
    """What a path in ``/dev`` is; open."""

    DEV = "dev"
    LINK = "link"


@dataclass(frozen=True, slots=True, kw_only=True)
class DevNode(Modelled):
    """A device's file in Dom0.

    Attributes:
        kind: The file itself, or a symbolic link to it.
        path: An absolute path, such as ``/dev/sda``.
    """

    kind: DevNodeKind | str = field(default=DevNodeKind.DEV, metadata=at("@type"))
    path: str = field(metadata=at("."))


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeDevice(Modelled):
    """A device of a host.

    Attributes:
        name: libvirt's name for it, such as ``pci_0000_01_00_0``.
        path: Its directory in sysfs.
        dev_nodes: Its files in Dom0.
        parent: The name of the device that it hangs on.
        driver: The driver of Dom0's kernel that holds it, such as ``pciback``; None for none.
        capabilities: What it is and can do.

    Source:
        libvirt formatnode.
    """

    name: str = field(metadata=at("name"))
    path: str | None = field(default=None, metadata=at("path"))
    dev_nodes: tuple[DevNode, ...] = field(default=(), metadata=at("devnode"))
    parent: str | None = field(default=None, metadata=at("parent"))
    driver: str | None = field(default=None, metadata=at("driver/name"))
    capabilities: tuple[DeviceCapability, ...] = field(default=(), metadata=at("capability"))

    @property
    def pci(self) -> PciCapability | None:
        """Return what it is on the PCI bus, or None if it is not there."""
        found = (each for each in self.capabilities if isinstance(each, PciCapability))
        return next(found, None)

    @property
    def net(self) -> NetCapability | None:
        """Return what it is as a network link, or None if it is none."""
        found = (each for each in self.capabilities if isinstance(each, NetCapability))
        return next(found, None)
