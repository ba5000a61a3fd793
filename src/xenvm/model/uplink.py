"""How a bridge reaches outside: one NIC, a bond of several, or a VLAN of either."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from xenvm.errors import SpecError

from .bridge import check_link_name

VLAN_MOST = 4094


class BondMode(StrEnum):
    """How a bond spreads packets over its NICs.

    Source:
        Linux, Documentation/networking/bonding.rst.
    """

    ACTIVE_BACKUP = "active-backup"
    """One NIC at a time; needs nothing of the switch."""
    LACP = "802.3ad"
    """All at once; the switch must speak LACP."""
    ROUND_ROBIN = "balance-rr"
    XOR = "balance-xor"
    BROADCAST = "broadcast"
    TRANSMIT = "balance-tlb"


def check_vlan(vlan: int) -> int:
    """Return ``vlan`` if it is one.

    Raises:
        SpecError: It is not 1 to 4094.
    """
    if not 1 <= vlan <= VLAN_MOST:
        raise SpecError(f"VLAN {vlan} is none: use 1 to {VLAN_MOST}")
    return vlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Uplink:
    """What joins a bridge to the outside.

    Attributes:
        nics: NICs of Dom0 that nothing else uses.
        bond: The name of the bond made of them; may be empty for a single NIC.
        mode: How the bond works.
        vlan: The VLAN that the bridge is on; None for untagged packets.
    """

    nics: tuple[str, ...]
    bond: str = ""
    mode: BondMode = BondMode.ACTIVE_BACKUP
    vlan: int | None = None

    def __post_init__(self) -> None:
        if not self.nics or (len(self.nics) > 1 and not self.bond):
            raise SpecError("an uplink is one NIC, or a bond with a name and the NICs in it")
        if len({*self.nics}) < len(self.nics):
            raise SpecError(f"a NIC is in {', '.join(self.nics)} twice")
        if self.vlan is not None:
            check_vlan(self.vlan)
        for name in (*self.nics, self.trunk, self.link):
            check_link_name(name)

    @property
    def trunk(self) -> str:
        """Return the link that carries all VLANs: the bond, or the NIC."""
        return self.bond or self.nics[0]

    @property
    def link(self) -> str:
        """Return the link that is the bridge's port."""
        return self.trunk if self.vlan is None else f"{self.trunk}.{self.vlan}"
