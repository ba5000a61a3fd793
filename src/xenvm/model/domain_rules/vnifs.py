"""Rules on VNIFs."""

from __future__ import annotations

from collections.abc import Iterator

from xenvm.errors import SpecError
from xenvm.model.bridge import check_link_name
from xenvm.model.domain_fields import DomainFields
from xenvm.model.kinds import GuestType, VnifKind
from xenvm.model.vnif import Vnif

from .rulebook import LIBVIRT, Found, error, listed, numbered, repeated, shown, warning

_MAKE_NIC = LIBVIRT + "libxl/libxl_conf.c, libxlMakeNic"
_LINK = "Linux include/uapi/linux/if.h, IFNAMSIZ"
_GENERATED = "vif"
OPENVSWITCH = "openvswitch"


def _vnifs(config: DomainFields) -> Iterator[tuple[str, Vnif]]:
    return numbered("vnifs", config.vnifs)


@error(_MAKE_NIC)
def vnif_kind_is_one_of_libxls(config: DomainFields) -> Found:
    """Yield a VNIF that libxl cannot make."""
    for path, vnif in _vnifs(config):
        if vnif.kind not in set(VnifKind):
            yield (
                f"{path}.kind",
                f"libvirt's Xen driver makes no {vnif.kind} interface: use {listed(VnifKind)}",
            )


@error(_LINK)
def vnif_bridge_can_be_a_links(config: DomainFields) -> Found:
    """Yield a missing bridge, or one whose name no link can have."""
    for path, vnif in _vnifs(config):
        if vnif.kind == VnifKind.BRIDGE and not vnif.bridge:
            yield f"{path}.bridge", "it is on no bridge: name one"
        elif vnif.bridge:
            yield from _wrong_link(f"{path}.bridge", vnif.bridge)


@error(_LINK)
def vnif_device_can_be_a_links(config: DomainFields) -> Found:
    """Yield a name for the back-end that no link can have."""
    for path, vnif in _vnifs(config):
        if vnif.device:
            yield from _wrong_link(f"{path}.device", vnif.device)


@warning(LIBVIRT + "conf/domain_conf.c, virDomainNetDefParseXML (netPrefix of the Xen driver)")
def vnif_device_is_not_xens(config: DomainFields) -> Found:
    """Yield a name like Xen's own, which libvirt drops from what does not run."""
    for path, vnif in _vnifs(config):
        if vnif.device and vnif.device.startswith(_GENERATED) and config.domid is None:
            yield (
                f"{path}.device",
                f"libvirt drops {vnif.device} silently, as Xen makes names with vif: use another",
            )


@error(_MAKE_NIC)
def vnif_on_a_network_names_it(config: DomainFields) -> Found:
    """Yield a VNIF on a network that has no name."""
    for path, vnif in _vnifs(config):
        if vnif.kind == VnifKind.NETWORK and not vnif.network:
            yield f"{path}.network", "it is on no network: name one"


@error(LIBVIRT + "conf/domain_conf.c, virDomainHostdevSubsysPCIDefParseXML")
def vnif_of_hardware_has_an_address(config: DomainFields) -> Found:
    """Yield a NIC to hand over that is not named."""
    for path, vnif in _vnifs(config):
        if vnif.kind == VnifKind.HOSTDEV and vnif.hostdev is None:
            yield f"{path}.hostdev", "no NIC is named: give its PCI address"


@warning(_MAKE_NIC + " (by what the network turns out to be)")
def vnif_script_is_run(config: DomainFields) -> Found:
    """Yield a script where libvirt refuses one."""
    for path, vnif in _vnifs(config):
        if vnif.script and vnif.kind == VnifKind.NETWORK:
            yield (
                f"{path}.script",
                "it keeps the domain from starting, unless the network is a bridge of the host: "
                "take it out, or use bridge",
            )


@error(_MAKE_NIC)
def vnif_model_of_pv_is_netfront(config: DomainFields) -> Found:
    """Yield an emulated card in a domain that has none."""
    for path, vnif in _vnifs(config):
        emulated = vnif.model not in {None, "", "netfront"}
        if emulated and config.guest_type in {GuestType.PV, GuestType.PVH}:
            yield (
                f"{path}.model",
                f"a {config.guest_type.upper()} domain has no {shown(vnif.model or '')}: say "
                "netfront, or nothing",
            )


@error(LIBVIRT + "conf/domain_conf.c, virDomainNetDefParseXML")
def vnif_mac_is_of_one(config: DomainFields) -> Found:
    """Yield a multicast address."""
    for path, vnif in _vnifs(config):
        if vnif.mac and vnif.mac.is_multicast:
            yield f"{path}.mac", f"{vnif.mac} is a multicast address: use one in 00:16:3e"


@error("xl-network-configuration(5), mac; WP-5.7-06")
def vnif_macs_differ(config: DomainFields) -> Found:
    """Yield an address that two VNIFs have."""
    macs = ((f"{path}.mac", str(vnif.mac)) for path, vnif in _vnifs(config) if vnif.mac)
    for path, mac, first in repeated(macs):
        yield path, f"{mac} is taken by {first}: use another"


@warning("xl-network-configuration(5), mac")
def vnif_mac_is_no_hardwares(config: DomainFields) -> Found:
    """Yield an address that a NIC somewhere may have been made with."""
    for path, vnif in _vnifs(config):
        mac = vnif.mac
        if mac and not (mac.is_xen or mac.is_locally_administered or mac.is_multicast):
            yield (
                f"{path}.mac",
                f"{mac} is neither in Xen's block nor local, some NIC may have it: use 00:16:3e",
            )


@error(
    LIBVIRT + "conf/domain_validate.c, virDomainActualNetDefValidate; "
    "of 11.3.0 it lets a bridge pass, and libxlMakeNic drops them silently"
)
def vnif_vlans_are_open_vswitchs(config: DomainFields) -> Found:
    """Yield VLANs that keep a domain from starting, or put the guest into another network."""
    for path, vnif in _vnifs(config):
        is_ours = vnif.virtualport == OPENVSWITCH and vnif.kind == VnifKind.BRIDGE
        # A network, or a NIC that is handed over, may have VLANs of its own.
        if vnif.vlans and not is_ours and vnif.kind in {VnifKind.BRIDGE, VnifKind.ETHERNET}:
            yield (
                f"{path}.vlans",
                "without Open vSwitch libvirt 9 does not start it, and libvirt 11 drops them "
                "silently: use a bridge for the VLAN, or virtualport openvswitch",
            )


@warning(_MAKE_NIC)
def vnif_has_one_vlan_or_a_trunk(config: DomainFields) -> Found:
    """Yield VLANs of which only the first counts."""
    for path, vnif in _vnifs(config):
        is_ours = vnif.virtualport == OPENVSWITCH and vnif.kind == VnifKind.BRIDGE
        if is_ours and len(vnif.vlans) > 1 and not vnif.vlan_trunk:
            yield f"{path}.vlans", "without a trunk only the first counts: set vlan_trunk"


@warning(_MAKE_NIC + " (reads the average outbound)")
def vnif_bandwidth_is_outbound(config: DomainFields) -> Found:
    """Yield bounds on traffic that nobody keeps."""
    for path, vnif in _vnifs(config):
        if vnif.inbound is not None:
            yield f"{path}.inbound", "Xen bounds what a guest sends only: take it out"
        for field in ("peak_kib_per_s", "burst_kib", "floor_kib_per_s"):
            if vnif.outbound is not None and getattr(vnif.outbound, field) is not None:
                yield f"{path}.outbound.{field}", "Xen bounds the average only: take it out"


@warning(_MAKE_NIC)
def vnif_link_is_the_bridges(config: DomainFields) -> Found:
    """Yield an MTU or a pulled cable, of which Xen's tools are not told."""
    for path, vnif in _vnifs(config):
        if vnif.mtu_bytes is not None:
            yield f"{path}.mtu_bytes", "it is dropped silently, the bridge's counts: set that"
        if vnif.link_up is False:
            yield f"{path}.link_up", "it is dropped silently, the link comes up: take it out"


def _wrong_link(path: str, name: str) -> Found:
    try:
        check_link_name(name)
    except SpecError as exc:
        yield path, str(exc)
