"""xenvm bridge: list, tree, create, delete."""

from __future__ import annotations

import dataclasses
import json

import click
from rich.console import Console
from rich.table import Table
from rich.tree import Tree

from xenvm.errors import UsageError
from xenvm.model.bridge import BridgeState
from xenvm.model.bridge_tree import BridgeNode, BridgeTree, LinkNode, VnifNode
from xenvm.model.uplink import BondMode, Uplink

from .live_host import AS_JSON, HOST, live_host, print_json

TREE_SCHEMA = "xenvm-bridge-tree/1"
LIST_SCHEMA = "xenvm-bridges/1"


@click.group()
def command() -> None:
    """Bridges of a host: which there are, and which guest hangs on which NIC.

    \b
    Example:
      xenvm bridge tree xen+ssh://root@host/system
    """


@command.command("list")
@HOST
@AS_JSON
def list_command(host: str, as_json: bool) -> None:
    """List the bridges of HOST.

    \b
    Example:
      xenvm bridge list lab --json
    """
    with live_host(host, "listing bridges") as live:
        bridges = live.list_bridges()
    if as_json:
        rows = [dataclasses.asdict(bridge) | {"mac": str(bridge.mac)} for bridge in bridges]
        print_json({"schema": LIST_SCHEMA, "bridges": rows})
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("bridge", "MTU", "STP", "addresses", "ports"):
        table.add_column(heading, overflow="fold")
    for bridge in bridges:
        words = " ".join(bridge.addresses), " ".join(bridge.ports)
        table.add_row(bridge.name, str(bridge.mtu_bytes), _on(bridge.stp), *words)
    Console(highlight=False, markup=False).print(table)


@command.command("tree")
@HOST
@AS_JSON
def tree_command(host: str, as_json: bool) -> None:
    """Draw which guest of HOST hangs on which NIC.

    \b
    Examples:
      xenvm bridge tree
      xenvm bridge tree xen+ssh://root@host/system --json
    """
    with live_host(host, "looking at bridges") as live:
        tree, name = live.devices.bridge_tree(), live.hostname
    if as_json:
        document = {"schema": TREE_SCHEMA, "host": name, **dataclasses.asdict(tree)}
        click.echo(json.dumps(document, indent=1, default=str))
    else:
        Console(highlight=False, markup=False).print(drawn(tree, name))


@command.command("create", short_help="Make a bridge, with an uplink or without.")
@click.argument("name")
@HOST
@click.option("--address", help="One for Dom0 on it, such as 192.0.2.1/24.")
@click.option("--stp", is_flag=True, help="Speak the spanning tree protocol.")
@click.option("--mtu", "mtu_bytes", type=int, help="Its MTU, in bytes.")
@click.option("--vlan-filtering", is_flag=True, help="Let guests be on VLANs of their own.")
@click.option(
    "--nic", "nics", multiple=True, help="A NIC that joins it to the outside; may repeat."
)
@click.option("--bond", default="", help="The name of the bond made of the NICs.")
@click.option(
    "--bond-mode",
    type=click.Choice([m.value for m in BondMode]),
    default=BondMode.ACTIVE_BACKUP.value,
    show_default=True,
    help="How the bond shares out its NICs.",
)
@click.option("--vlan", type=int, help="The VLAN of the NIC or bond.")
def create_command(
    name: str,
    host: str,
    nics: tuple[str, ...],
    **options: str | int | bool | None,
) -> None:
    """Make a bridge NAME on HOST; when one part fails, nothing is left of it.

    A NIC must be named, and is taken only when it has neither address nor master.

    \b
    Examples:
      xenvm bridge create guests0 lab --address 192.0.2.1/24
      xenvm bridge create out0 lab --nic eth1 --vlan 12
    """
    uplink = _uplink(nics, options)
    address, mtu_bytes = options["address"], options["mtu_bytes"]
    with live_host(host, f"making {name}") as live:
        live.create_bridge(
            name,
            address=None if address is None else str(address),
            stp=bool(options["stp"]),
            mtu_bytes=None if mtu_bytes is None else int(mtu_bytes),
            vlan_filtering=bool(options["vlan_filtering"]),
            uplink=uplink,
        )


@command.command("delete", short_help="Delete a bridge that nothing is plugged into.")
@click.argument("name")
@HOST
def delete_command(name: str, host: str) -> None:
    """Delete the bridge NAME of HOST, unless something is plugged into it.

    \b
    Example:
      xenvm bridge delete guests0 lab
    """
    with live_host(host, f"deleting {name}") as live:
        live.bridge(name).delete()


def drawn(tree: BridgeTree, name: str) -> Tree:
    """Return the tree as rich draws it."""
    root = Tree(name)
    for node in tree.bridges:
        _draw_bridge(root.add(_bridge_text(node.state)), node)
    for nic in tree.spare_nics:
        root.add(f"{nic} (nic, in no bridge)")
    for vnif in tree.loose_vnifs:
        root.add(f"{_vnif_text(vnif)}, in no bridge")
    return root


def _draw_bridge(branch: Tree, node: BridgeNode) -> None:
    for uplink in node.uplinks:
        _draw_link(branch, uplink)
    for vnif in node.vnifs:
        branch.add(_vnif_text(vnif))
    for port in node.others:
        branch.add(port)


def _draw_link(branch: Tree, link: LinkNode) -> None:
    below = branch.add(f"{link.name} ({link.kind})")
    for lower in link.lowers:
        _draw_link(below, lower)


def _bridge_text(state: BridgeState) -> str:
    words = [f"MTU {state.mtu_bytes}", *state.addresses]
    words += ["STP"] if state.stp else []
    words += [] if state.is_up else ["down"]
    return f"{state.name} (bridge, {', '.join(words)})"


def _vnif_text(vnif: VnifNode) -> str:
    return f"{vnif.domain} ({vnif.link}, {vnif.mac})"


def _uplink(nics: tuple[str, ...], options: dict[str, str | int | bool | None]) -> Uplink | None:
    bond, vlan = str(options["bond"]), options["vlan"]
    if not nics:
        if bond or vlan is not None:
            raise UsageError("--bond and --vlan need a NIC to stand on: give --nic")
        return None
    mode = BondMode(str(options["bond_mode"]))
    return Uplink(nics=nics, bond=bond, mode=mode, vlan=None if vlan is None else int(vlan))


def _on(value: bool) -> str:
    return "on" if value else "off"
