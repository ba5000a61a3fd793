"""Virtual network interfaces."""

from __future__ import annotations

from dataclasses import dataclass, field

from .kinds import VnifKind
from .mapping import at
from .quantities import MacAddress, PciAddress
from .residue import Modelled


@dataclass(frozen=True, slots=True, kw_only=True)
class VnifAddress(Modelled):
    """An IP address that a VNIF's hotplug script is told.

    Attributes:
        address: IPv4 or IPv6, without a prefix.
        family: ``ipv4`` or ``ipv6``; None lets libvirt tell by the address.
        prefix: How many of its bits name the network; None when not said.
    """

    address: str = field(metadata=at("@address", xl="vif.ip"))
    family: str | None = field(default=None, metadata=at("@family"))
    prefix: int | None = field(default=None, metadata=at("@prefix"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Bandwidth(Modelled):
    """How much may pass in one direction.

    Attributes:
        average_kib_per_s: On average, in KiB/s.
        peak_kib_per_s: At most, in KiB/s; Xen's back-end has no peak.
        burst_kib: How much may pass at the peak's speed, in KiB.
        floor_kib_per_s: The least that is kept free for it, in KiB/s.

    Source:
        libvirt formatnetwork, "Quality of service"; xl-network-configuration(5) ``rate``.
    """

    average_kib_per_s: int | None = field(default=None, metadata=at("@average", xl="vif.rate"))
    peak_kib_per_s: int | None = field(default=None, metadata=at("@peak"))
    burst_kib: int | None = field(default=None, metadata=at("@burst"))
    floor_kib_per_s: int | None = field(default=None, metadata=at("@floor"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Vnif(Modelled):
    """A virtual network interface.

    Attributes:
        kind: What its back-end hangs on.
        managed: For hostdev: whether libvirt takes it from Dom0's driver and gives it back; None
            when not said.
        mac: Its address in the guest; None lets libvirt draw one.
        bridge: The bridge in Dom0 that its back-end joins.
        network: The libvirt network that it joins instead.
        portgroup: The port group of that network.
        hostdev: The PCI network function that it is instead.
        backend_domain: The name of the domain that serves it; None for Dom0.
        vlan_trunk: Whether it carries several VLANs; None when not said.
        vlans: The VLANs that it carries, 0 ≤ number < 4096.
        virtualport: How it joins its bridge, such as ``openvswitch``.
        ips: What its hotplug script is told about its addresses.
        script: The hotplug script, a name or an absolute path; None for Xen's own.
        inbound: How much the guest may receive.
        outbound: How much the guest may send; Xen limits this direction only.
        device: The back-end's name in Dom0, such as ``vif3.0``; libvirt tells it only for VNIFs
            that were there at the start, never for hot-plugged ones.
        model: ``netfront``, or for HVM an emulated card such as ``e1000``.
        mtu_bytes: Its MTU, in bytes; None for the bridge's.
        link_up: Whether its cable is plugged in; None when not said.
        boot_order: Its turn when the guest boots, from 1.

    Source:
        libvirt formatdomain, "Network interfaces"; xl-network-configuration(5).
    """

    kind: VnifKind | str = field(default=VnifKind.BRIDGE, metadata=at("@type", missing="user"))
    managed: bool | None = field(default=None, metadata=at("@managed"))
    mac: MacAddress | None = field(default=None, metadata=at("mac/@address", xl="vif.mac"))
    bridge: str | None = field(default=None, metadata=at("source/@bridge", xl="vif.bridge"))
    network: str | None = field(default=None, metadata=at("source/@network"))
    portgroup: str | None = field(default=None, metadata=at("source/@portgroup"))
    hostdev: PciAddress | None = field(
        default=None, metadata=at("source/address", codec="typed-pci")
    )
    backend_domain: str | None = field(
        default=None, metadata=at("backenddomain/@name", xl="vif.backend")
    )
    vlan_trunk: bool | None = field(default=None, metadata=at("vlan/@trunk"))
    vlans: tuple[int, ...] = field(
        default=(), metadata=at("vlan/tag/@id", xl="vif.bridge", note="xl: for Open vSwitch")
    )
    virtualport: str | None = field(default=None, metadata=at("virtualport/@type"))
    ips: tuple[VnifAddress, ...] = field(default=(), metadata=at("ip", xl="vif.ip"))
    script: str | None = field(default=None, metadata=at("script/@path", xl="vif.script"))
    inbound: Bandwidth | None = field(default=None, metadata=at("bandwidth/inbound"))
    outbound: Bandwidth | None = field(
        default=None, metadata=at("bandwidth/outbound", xl="vif.rate")
    )
    device: str | None = field(default=None, metadata=at("target/@dev", xl="vif.vifname"))
    model: str | None = field(default=None, metadata=at("model/@type", xl="vif.model"))
    mtu_bytes: int | None = field(default=None, metadata=at("mtu/@size", xl="vif.mtu"))
    link_up: bool | None = field(default=None, metadata=at("link/@state", codec="up-down"))
    boot_order: int | None = field(default=None, metadata=at("boot/@order"))
