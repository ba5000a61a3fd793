"""Network interfaces of xl.cfg as VNIFs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from xenvm.errors import SpecError
from xenvm.formats.xl import VifRate, XlDocument, XlSpec, parse_device
from xenvm.model.domain import DomainConfig
from xenvm.model.kinds import GuestType, VnifKind
from xenvm.model.quantities import MacAddress
from xenvm.model.residue import Modelled
from xenvm.model.vnif import Bandwidth, Vnif, VnifAddress

from .items import Devices, Parameters
from .lens import Fields, Keys, Lens
from .residue import XlItemResidue
from .source import Source

DEFAULT_BRIDGE = "xenbr0"
"""The bridge that vif-bridge takes where nobody names one."""
NETFRONT = "netfront"
OPENVSWITCH, OVS_SCRIPT = "openvswitch", "vif-openvswitch"

_BRIDGE_SCRIPTS = {"vif-bridge", "vif-vnic"}
_PV_TYPES = {"vif", NETFRONT}
"""xl's word for an HVM guest's PV card alone, and xm's."""
_VLANS = re.compile(r"(?P<bridge>[^.:]+)(?:\.(?P<tag>[0-9]{1,4})|(?P<trunk>(?::[0-9]{1,4})+))")
_RATE_MOST = 2**32 - 1
_KIB = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class _Port:
    """Where a VNIF is plugged in."""

    bridge: str | None = None
    vlans: tuple[int, ...] = ()
    vlan_trunk: bool | None = None
    virtualport: str | None = None


def _read(spec: XlSpec, _: Source) -> Vnif:
    """Return the VNIF of a device.

    As libvirt has it, one with a bridge, or with the script for bridges, hangs on a bridge, and
    another on none: libxl joins that to xenbr0 as well. ``br0.5`` and ``br0:5:6`` are VLANs of a
    bridge only where the script is Open vSwitch's, as nobody else takes them apart; libvirt always
    does.
    """
    script = spec.get("script") or None
    name = spec.get("bridge") or None
    port = _port(name, script)
    is_bridged = name is not None or script in _BRIDGE_SCRIPTS
    mac = spec.get("mac")
    return Vnif(
        kind=VnifKind.BRIDGE if is_bridged else VnifKind.ETHERNET,
        mac=MacAddress(mac) if mac else None,
        bridge=port.bridge or (DEFAULT_BRIDGE if is_bridged else None),
        vlans=port.vlans,
        vlan_trunk=port.vlan_trunk,
        virtualport=port.virtualport,
        backend_domain=spec.get("backend") or None,
        ips=tuple(_addresses(spec.get("ip") or "")),
        script=script,
        outbound=_bandwidth(spec.get("rate")),
        device=spec.get("vifname") or None,
        model=spec.get("model") or (NETFRONT if spec.get("type") in _PV_TYPES else None),
        mtu_bytes=_number(spec.get("mtu")),
    )


def _port(name: str | None, script: str | None) -> _Port:
    is_ovs = script is not None and script.rpartition("/")[2] == OVS_SCRIPT
    found = _VLANS.fullmatch(name) if name is not None and is_ovs else None
    if found is None:
        return _Port(bridge=name, virtualport=OPENVSWITCH if name and is_ovs else None)
    trunk = found["trunk"]
    tags = trunk[1:].split(":") if trunk else [found["tag"]]
    return _Port(
        bridge=found["bridge"],
        vlans=tuple(map(int, tags)),
        vlan_trunk=True if trunk else None,
        virtualport=OPENVSWITCH,
    )


def _addresses(text: str) -> Iterator[VnifAddress]:
    for word in text.split():
        address, slash, prefix = word.partition("/")
        yield VnifAddress(address=address, prefix=_number(prefix) if slash else None)


def _number(text: str | None) -> int | None:
    """Return a whole number, or None where there is none.

    Raises:
        ValueError: The text is no such number.
    """
    if not text:
        return None
    if not text.isdecimal() or len(text) > len(str(_RATE_MOST)):
        raise ValueError(f"{text[:40]!r} is no whole number")
    return int(text, 10)


def _bandwidth(text: str | None) -> Bandwidth | None:
    """Return how much it may send: a kilo is 1,000 bytes to xl, whatever libvirt reads."""
    if not text:
        return None
    return Bandwidth(average_kib_per_s=max(1, round(VifRate(text).bytes_per_s / _KIB)))


def _write(vnif: Vnif, config: DomainConfig) -> Parameters:
    """Return a VNIF's parameters.

    Raises:
        SpecError: It is one of a network, or of another kind that xl has no word for.
    """
    if vnif.kind not in {VnifKind.BRIDGE, VnifKind.ETHERNET}:
        raise SpecError(
            f"vnifs[{vnif.mac or vnif.network or vnif.kind}]: xl has no word for a VNIF of kind "
            f"{str(vnif.kind)!r}: give it kind 'bridge' and the bridge that it joins"
        )
    is_pv_card = vnif.model == NETFRONT and config.guest_type == GuestType.HVM
    return {
        "mac": str(vnif.mac) if vnif.mac else None,
        "bridge": _bridge(vnif) if vnif.kind == VnifKind.BRIDGE else None,
        "ip": _ips(vnif) or None,
        "script": vnif.script or (OVS_SCRIPT if vnif.virtualport == OPENVSWITCH else None),
        "type": "vif" if is_pv_card else None,
        "model": None if is_pv_card else vnif.model,
        "vifname": vnif.device,
        "backend": vnif.backend_domain,
        "mtu": None if vnif.mtu_bytes is None else str(vnif.mtu_bytes),
        "rate": _rate(vnif),
    }


def _bridge(vnif: Vnif) -> str | None:
    if not vnif.vlans or vnif.bridge is None or vnif.virtualport != OPENVSWITCH:
        return vnif.bridge
    if vnif.vlan_trunk:
        return ":".join([vnif.bridge, *map(str, vnif.vlans)])
    return f"{vnif.bridge}.{vnif.vlans[0]}"


def _ips(vnif: Vnif) -> str:
    """Return the addresses without their prefixes, as libvirt does; those that stay, as they are.

    A prefix would let the guest use the whole network.
    """
    old = _before(vnif)
    there = dict(zip(old.ips, _said(vnif, "ip").split(), strict=False)) if old else {}
    return " ".join(there.get(ip, ip.address) for ip in vnif.ips)


def _rate(vnif: Vnif) -> str | None:
    """Return the limit in bytes, which is exact; its interval stays."""
    average = vnif.outbound.average_kib_per_s if vnif.outbound else None
    if not average:
        return None
    old, text = _before(vnif), _said(vnif, "rate")
    if old and old.outbound and old.outbound.average_kib_per_s == average:
        return text
    amount = average * _KIB
    said = f"{amount}B/s" if amount <= _RATE_MOST else f"{amount // 1000}KB/s"
    return said + text[text.find("@") :] if "@" in text else said


def _before(vnif: Vnif) -> Vnif | None:
    """Return a VNIF as it was read from xl, or None."""
    read: Modelled | None = vnif.residue.read if isinstance(vnif.residue, XlItemResidue) else None
    return read if isinstance(read, Vnif) else None


def _said(vnif: Vnif, name: str) -> str:
    """Return the text of a parameter of the string that a VNIF was read from."""
    if not isinstance(vnif.residue, XlItemResidue):
        return ""
    return parse_device(vnif.residue.text, "vif").get(name) or ""


def plain_vnif(vnif: Vnif) -> Vnif:
    """Return a VNIF as xl understands it: what xl and libvirt tell by themselves is left out."""
    is_ovs = vnif.virtualport == OPENVSWITCH
    outbound = vnif.outbound
    return replace(
        vnif,
        script=vnif.script or (OVS_SCRIPT if is_ovs else None),
        vlan_trunk=vnif.vlan_trunk or None,
        outbound=outbound if outbound != Bandwidth() else None,
        inbound=vnif.inbound if vnif.inbound != Bandwidth() else None,
        ips=tuple(_plain_address(ip) for ip in vnif.ips),
    )


def _plain_address(ip: VnifAddress) -> VnifAddress:
    family = "ipv6" if ":" in ip.address else "ipv4"
    return replace(ip, family=None if ip.family == family else ip.family)


def _agrees(told: Vnif, wanted: Vnif, _: DomainConfig) -> bool:
    return plain_vnif(told) == plain_vnif(wanted)


VIFS = Devices(
    key="vif", read=_read, write=_write, agrees=_agrees, start=lambda _: XlSpec(kind="vif")
)


def _read_all(source: Source) -> Fields:
    return {"vnifs": VIFS.values(source)}


def _write_all(config: DomainConfig, document: XlDocument) -> Keys:
    return {"vif": VIFS.texts(config.vnifs, config, document)}


VNIFS = (
    Lens(fields=("vnifs",), keys=("vif",), read=_read_all, write=_write_all, unsaid=VIFS.unsaid),
)
