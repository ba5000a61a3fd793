"""xenvm bridge, and xenvm domain attach and detach: what they print and how they exit."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from xenvm.cli import xenvm
from xenvm.cli.bridge import drawn
from xenvm.model.bridge import BridgeState
from xenvm.model.bridge_tree import BridgeNode, BridgeTree, LinkNode, VnifNode
from xenvm.model.inventory import InterfaceKind
from xenvm.model.quantities import MacAddress

HOST = "test:///default"
UNREACHABLE = "xen+ssh://root@127.0.0.1:1/system"


def run(*args: str) -> Result:
    return CliRunner().invoke(xenvm, args, env={"COLUMNS": "100"})


def test_a_tree_is_drawn_from_the_bridge_to_nics_and_guests() -> None:
    nic = LinkNode(name="eth1", kind=InterfaceKind.NIC)
    bond = LinkNode(name="bond0", kind=InterfaceKind.BOND, lowers=(nic,))
    state = BridgeState(name="br0", mac=MacAddress.xen(1), mtu_bytes=1500, is_up=True, stp=True)
    vnif = VnifNode(link="vif3.0", domain="web", domid=3, mac="00:16:3e:00:00:02")
    node = BridgeNode(state=state, uplinks=(bond,), vnifs=(vnif,))
    console = Console(width=80, record=True, file=None)
    with console.capture() as captured:
        console.print(drawn(BridgeTree(bridges=(node,), spare_nics=("eth2",)), "lab"))
    lines = [line.strip("│├└─ ") for line in captured.get().splitlines()]
    assert lines == [
        "lab",
        "br0 (bridge, MTU 1500, STP)",
        "bond0 (bond)",
        "eth1 (nic)",
        "web (vif3.0, 00:16:3e:00:00:02)",
        "eth2 (nic, in no bridge)",
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["bridge", "create", "br0", HOST, "--vlan", "7"], "give --nic"),
        (["bridge", "create", "br0", HOST, "--nic", "a", "--nic", "b"], "bond with a name"),
        (["domain", "attach", "test", HOST], "--vbd and --vnif"),
        (["domain", "attach", "test", HOST, "--vbd", "xvdb", "--vnif", "b"], "--vbd and --vnif"),
        (["domain", "attach", "test", UNREACHABLE, "--vbd", "xvdb"], "give --source"),
        (["domain", "attach", "a", UNREACHABLE, "--vnif", "b", "--mac", "x"], "no MAC address"),
        (["domain", "detach", "test", "x:y", UNREACHABLE], "no MAC address"),
    ],
)
def test_what_cannot_be_meant_is_one_line_and_status_2(words: list[str], said: str) -> None:
    done = run(*words)
    assert done.exit_code == 2
    assert said in done.output
    assert len(done.output.splitlines()) == 1


def test_what_is_not_there_is_status_3() -> None:
    assert run("domain", "detach", "test", "xvdz", HOST).exit_code == 3
    assert "no VBD xvdz" in run("domain", "detach", "test", "xvdz", HOST).output


def test_a_simulated_host_has_no_bridges() -> None:
    for words in (["bridge", "list", HOST], ["bridge", "tree", HOST, "--json"]):
        assert "simulated host has no Dom0" in run(*words).output


def test_a_vnif_gets_an_address_and_is_told_as_json() -> None:
    done = run("domain", "attach", "test", HOST, "--vnif", "br0", "--json")
    if done.exit_code == 0:
        told = json.loads(done.output)
        assert told["schema"] == "xenvm-attached/1"
        assert told["device"]["bridge"] == "br0"
    else:  # libvirt's test driver plugs nothing in before 10.0
        assert "not supported" in done.output
