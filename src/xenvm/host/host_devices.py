"""What a host has for its guests' devices: storage, networks, MAC addresses, PCI functions."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence

from xenvm.model.bridge_tree import BridgeTree
from xenvm.model.mac_draw import draw_macs
from xenvm.model.quantities import MacAddress

from .bridge_tree import look_at_tree
from .connection import Connection
from .mac_addresses import macs_in_use
from .pci import PciDevices
from .shell import HostShell
from .storage import Storage


class HostDevices:
    """What a host has for its guests' devices."""

    def __init__(self, connection: Connection, shell: HostShell):
        self._connection = connection
        self._shell = shell

    def storage(self, *, allow: Collection[str] = ()) -> Storage:
        """Return what Dom0 keeps guests' disks on.

        Args:
            allow: The volume groups, volumes, folders and files that may be changed.
        """
        return Storage(self._connection, self._shell, allow)

    @property
    def pci(self) -> PciDevices:
        """Return its PCI functions, to give to guests."""
        return PciDevices(self._shell)

    def bridge_tree(self) -> BridgeTree:
        """Return which guest hangs on which NIC: one round trip.

        Raises:
            NotSupportedError: The host is simulated.
        """
        return look_at_tree(self._shell)

    def macs_in_use(self) -> frozenset[MacAddress]:
        """Return the MAC addresses of all domains, as they run and as defined, and of Dom0."""
        return macs_in_use(self._connection, self._shell)

    def allocate_macs(
        self, count: int = 1, *, others: Sequence[HostDevices] = (), seed: str = ""
    ) -> tuple[MacAddress, ...]:
        """Return MAC addresses that no domain has, running or defined, and Dom0 neither.

        Args:
            count: How many.
            others: Those of further hosts, on whose domains they must not be.
            seed: The same seed draws the same, while nobody takes one; empty draws by chance.

        Raises:
            SpecError: Xen's block has not so many left.
        """
        taken: set[MacAddress] = set()
        for devices in (self, *others):
            taken |= devices.macs_in_use()
        return draw_macs(taken, count=count, seed=seed or secrets.token_hex(16))
