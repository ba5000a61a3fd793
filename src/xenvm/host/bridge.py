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
from xenvm.model.bridge import BridgeState, check_link_name

from .shell import HostShell

_BUSY = 16
_EXISTS = 17
_MISSING = 19
"""Exit statuses of our scripts, after EBUSY, EEXIST and ENODEV; ip's own are 1, 2 and 255."""

_CREATE = f"""\
test ! -e /sys/class/net/%s || exit {_EXISTS}
ip link add name %s type bridge stp_state 0 forward_delay 0 && ip link set dev %s up
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

    def create(self) -> None:
        """Make it, without spanning tree, and set it up.

        Raises:
            AlreadyExistsError: Dom0 has a link of that name.
        """
        self._run(_CREATE, self.name, self.name, self.name)

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
