"""Bridges of Dom0, and the names that Linux allows for them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from xenvm.errors import SpecError

from .quantities import MacAddress

LINK_NAME_MAX_BYTES = 15
"""IFNAMSIZ of Linux (include/uapi/linux/if.h), less its closing zero."""

MTU_LEAST_BYTES = 68
MTU_MOST_BYTES = 65535

_LINK_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


def check_link_name(name: str) -> str:
    """Return ``name`` if Linux and our tools accept it as a network link's name.

    Raises:
        SpecError: It is empty, longer than 15 characters, or has characters other than letters,
            digits, ``_``, ``-`` and ``.``.
    """
    if len(name) > LINK_NAME_MAX_BYTES:
        raise SpecError(
            f"{name!r} is too long for a network link: at most {LINK_NAME_MAX_BYTES} characters"
        )
    if not _LINK_NAME.fullmatch(name):
        raise SpecError(f"{name!r} cannot name a network link: use letters, digits, _, - and .")
    return name


def check_mtu(mtu_bytes: int) -> int:
    """Return ``mtu_bytes`` if a bridge can have such an MTU.

    Raises:
        SpecError: It is not 68 to 65535.

    Source:
        Linux: ETH_MIN_MTU and ETH_MAX_MTU of include/uapi/linux/if_ether.h.
    """
    if not MTU_LEAST_BYTES <= mtu_bytes <= MTU_MOST_BYTES:
        raise SpecError(
            f"an MTU of {mtu_bytes} bytes is none: use {MTU_LEAST_BYTES} to {MTU_MOST_BYTES}"
        )
    return mtu_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeState:
    """What a bridge in Dom0 is now.

    Attributes:
        name: At most 15 characters.
        mac: Its own address.
        mtu_bytes: Its MTU.
        is_up: Whether it is set up (not whether it has a carrier).
        ports: Names of the links in it, sorted: NICs, bonds and back-ends of VNIFs.
        addresses: Its own IP addresses as ``192.0.2.1/24``, link-local ones left out.
        stp: Whether it speaks the spanning tree protocol.
        vlan_filtering: Whether its ports may be on VLANs of their own.
    """

    name: str
    mac: MacAddress
    mtu_bytes: int
    is_up: bool
    ports: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    stp: bool = False
    vlan_filtering: bool = False
