"""Bridges in a Dom0, made and unmade by iproute2 through its shell."""

from __future__ import annotations

import ipaddress

from xenvm.errors import (
    AlreadyExistsError,
    CommandError,
    NotFoundError,
    ResourceBusyError,
    SpecError,
)
from xenvm.formats.link_json import parse_bridges
from xenvm.model.bridge import BridgeState, check_link_name, check_mtu
from xenvm.model.uplink import Uplink

from .shell import HostShell
from .uplinks import add_uplink, remove_uplink, transaction

_BUSY = 16
_EXISTS = 17
_MISSING = 19
"""Exit statuses of our scripts, after EBUSY, EEXIST and ENODEV; ip's own are 1, 2 and 255."""

_CREATE = f"""\
test ! -e /sys/class/net/%s || exit {_EXISTS}
"""

_DELETE = f"""\
cd /sys/class/net/%s/bridge 2>/dev/null || exit {_MISSING}
test -z "$(ls ../brif)" || {{ ls ../brif; exit {_BUSY}; }}
ip link delete dev %s type bridge
"""


class Bridge:
    """A bridge in a Dom0.

    Attributes:
        name: Its name, at most 15 characters.
    """

    def __init__(self, shell: HostShell, name: str):
        self.name = check_link_name(name)
        self._shell = shell

    @property
    def state(self) -> BridgeState:
        """Return what it is now.

        Raises:
            NotFoundError: There is none of that name.
        """
        for state in bridge_states(self._shell):
            if state.name == self.name:
                return state
        raise NotFoundError(f"Dom0 has no bridge {self.name}: see list_bridges() for those it has")

    def create(
        self, *, stp: bool = False, mtu_bytes: int | None = None, vlan_filtering: bool = False
    ) -> None:
        """Make it and set it up; nothing is left of it when Dom0 refuses.

        Args:
            stp: Whether it speaks the spanning tree protocol; new ports then wait for some 30 s.
            mtu_bytes: Its MTU; None for Linux' own, the least of its ports'.
            vlan_filtering: Whether its ports may be on VLANs of their own.

        Raises:
            SpecError: No bridge has such an MTU.
            AlreadyExistsError: Dom0 has a link of that name.
        """
        words = "stp_state 1" if stp else "stp_state 0 forward_delay 0"
        words += " vlan_filtering 1" if vlan_filtering else ""
        steps = [(f"ip link add name {self.name} type bridge {words}",
                  f"ip link delete dev {self.name}")]  # fmt: skip
        if mtu_bytes is not None:
            steps.append((f"ip link set dev {self.name} mtu {check_mtu(mtu_bytes)}", "true"))
        steps.append((f"ip link set dev {self.name} up", "true"))
        self._run(_CREATE % self.name + transaction(steps))

    def set_stp(self, *, on: bool) -> None:
        """Make it speak the spanning tree protocol, or not.

        Raises:
            NotFoundError: There is none of that name.
        """
        self._require()
        self._run("ip link set dev %s type bridge stp_state %s", self.name, str(int(on)))

    def set_mtu(self, mtu_bytes: int) -> None:
        """Set its MTU; what its ports cannot carry is lost in them.

        Raises:
            SpecError: No bridge has such an MTU.
            NotFoundError: There is none of that name.
        """
        mtu = str(check_mtu(mtu_bytes))
        self._require()
        self._run("ip link set dev %s mtu %s", self.name, mtu)

    def add_uplink(self, uplink: Uplink) -> None:
        """Join it to the outside: with a NIC, a bond of several, or a VLAN of either.

        Raises:
            NotFoundError: Dom0 has no such bridge or NIC.
            ResourceBusyError: A NIC has a master, an address of its own, or links above it.
            CommandError: A step failed, and those before it were undone.
        """
        self._require()
        add_uplink(self._shell, self.name, uplink)

    def remove_uplink(self, uplink: Uplink) -> None:
        """Take an uplink away, and its bond and VLAN apart; what is gone is passed over.

        Raises:
            CommandError: Some of it is stuck; names that, and all else was taken away.
        """
        remove_uplink(self._shell, self.name, uplink)

    def _require(self) -> None:
        _ = self.state

    def add_address(self, address: str) -> None:
        """Give Dom0 an address on it.

        Args:
            address: With the length of its prefix, such as ``192.0.2.1/24``.

        Raises:
            SpecError: It is no such address.
            NotFoundError: There is no bridge of that name.
            AlreadyExistsError: It has that address.
        """
        try:
            interface = str(ipaddress.ip_interface(address))
        except ValueError as exc:
            raise SpecError(f"{address!r} is no address such as 192.0.2.1/24") from exc
        if interface in self.state.addresses:
            raise AlreadyExistsError(f"bridge {self.name} has the address {interface} already")
        self._run("ip address add %s dev %s", interface, self.name)

    def delete(self) -> None:
        """Delete it, once nothing is plugged into it any more.

        Raises:
            NotFoundError: There is none of that name.
            ResourceBusyError: It has ports.
        """
        self._run(_DELETE, self.name, self.name)

    def _run(self, script: str, *args: str) -> None:
        try:
            self._shell.run(script, *args)
        except CommandError as exc:
            if exc.returncode == _EXISTS:
                raise AlreadyExistsError(f"Dom0 has a link {self.name}: use another name") from exc
            if exc.returncode == _MISSING:
                raise NotFoundError(f"Dom0 has no bridge {self.name}") from exc
            if exc.returncode == _BUSY:
                ports = ", ".join(exc.stdout.split())
                raise ResourceBusyError(f"bridge {self.name} has ports: unplug {ports}") from exc
            raise


def bridge_states(shell: HostShell) -> tuple[BridgeState, ...]:
    """Return every bridge of a Dom0, sorted by name; one round trip."""
    return parse_bridges(shell.run("ip -json -details address show").stdout)
