"""Many bridges of a Dom0 at once: a round trip for all of them, not one for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xenvm.model.bridge import check_link_name

from .shell import HostShell

PER_BRIDGE_S = 2.0
LEAST_S = 30.0
SETTLE_S = 120


def create_bridges(shell: HostShell, addresses: Mapping[str, str]) -> None:
    """Make bridges without spanning tree, give Dom0 an address on each, and set them up.

    Args:
        shell: Dom0's shell.
        addresses: By the bridge's name, such as ``192.0.2.1/30``.

    Raises:
        SpecError: No link can have one of the names; nothing was made.
        CommandError: Dom0 refused one; those before it were made.
    """
    lines = []
    for name, address in addresses.items():
        lines += [
            f"link add name {check_link_name(name)} type bridge stp_state 0 forward_delay 0",
            f"address add {address} dev {name}",
            f"link set dev {name} up",
        ]
    _batch(shell, lines, len(addresses))
    # udev has work to do for each link; hotplug scripts that start before it is done are slow.
    shell.run(f"udevadm settle --timeout={SETTLE_S} 2>/dev/null || :", deadline_s=2 * SETTLE_S)


def delete_bridges(shell: HostShell, names: Sequence[str]) -> None:
    """Delete those of the bridges that are there, whatever is plugged into them.

    Raises:
        CommandError: Dom0 refused one.
    """
    there = shell.run("ls /sys/class/net").stdout.split()
    _batch(shell, [f"link delete dev {name} type bridge" for name in names if name in there],
           len(names))  # fmt: skip


def plug(shell: HostShell, bridge_of: Mapping[str, str]) -> None:
    """Move links, such as the back-ends of VNIFs, to other bridges.

    Args:
        shell: Dom0's shell.
        bridge_of: The bridge to join, by the link's name, such as ``vif3.0``.

    Raises:
        CommandError: Dom0 refused one.
    """
    lines = [f"link set dev {check_link_name(link)} master {check_link_name(bridge)}"
             for link, bridge in bridge_of.items()]  # fmt: skip
    _batch(shell, lines, len(bridge_of))


def _batch(shell: HostShell, lines: Sequence[str], bridges: int) -> None:
    if lines:
        text = "\n".join(lines) + "\n"
        shell.run("ip -batch -", stdin=text, deadline_s=LEAST_S + PER_BRIDGE_S * bridges)
