"""What a port of a virtual switch carries, and how the switch knows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from .mapping import at
from .residue import Modelled


class VirtualPortKind(StrEnum):
    """Who manages a virtual port; open, as are all words of networks."""

    OPENVSWITCH = "openvswitch"
    MIDONET = "midonet"
    VEPA = "802.1Qbg"
    """The switch outside forwards between the ports (VEPA)."""
    VNLINK = "802.1Qbh"
    """The switch outside knows each port by a profile (VN-Link)."""


class NativeMode(StrEnum):
    """How Open vSwitch treats the native VLAN of a trunk."""

    TAGGED = "tagged"
    UNTAGGED = "untagged"


@dataclass(frozen=True, slots=True, kw_only=True)
class VlanTag(Modelled):
    """A VLAN that a port carries.

    Attributes:
        vlan: Its number, 0 to 4095.
        native_mode: For the native VLAN of a trunk: how its frames leave; None for any other.
    """

    vlan: int = field(metadata=at("@id"))
    native_mode: NativeMode | str | None = field(default=None, metadata=at("@nativeMode"))


@dataclass(frozen=True, slots=True, kw_only=True)
class PortVlans(Modelled):
    """The VLANs that a port carries.

    Attributes:
        is_trunk: Whether frames keep their tags; None: they do when there are many tags.
        tags: The VLANs.

    Source:
        libvirt formatnetwork, "Setting VLAN tag".
    """

    is_trunk: bool | None = field(default=None, metadata=at("@trunk"))
    tags: tuple[VlanTag, ...] = field(default=(), metadata=at("tag"))


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualPort(Modelled):
    """How a port is made known to who manages it.

    Attributes:
        kind: Who manages it; None when the network says it.
        interface: Open vSwitch' and MidoNet's identity of the port.
        profile: The name of its profile, of Open vSwitch or 802.1Qbh.
        manager: 802.1Qbg's VSI manager, 0 to 255.
        type_id: 802.1Qbg's VSI type, below 2²⁴.
        type_version: The version of that type, 0 to 255.
        instance: 802.1Qbg's VSI instance.

    Source:
        libvirt formatnetwork, "virtualport".
    """

    kind: VirtualPortKind | str | None = field(default=None, metadata=at("@type"))
    manager: int | None = field(default=None, metadata=at("parameters/@managerid"))
    type_id: int | None = field(default=None, metadata=at("parameters/@typeid"))
    type_version: int | None = field(default=None, metadata=at("parameters/@typeidversion"))
    instance: UUID | None = field(default=None, metadata=at("parameters/@instanceid"))
    profile: str | None = field(default=None, metadata=at("parameters/@profileid"))
    interface: UUID | None = field(default=None, metadata=at("parameters/@interfaceid"))
