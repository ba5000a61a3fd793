"""What joins a bridge to the outside, step by step; Linux' own links are for the lab."""

from __future__ import annotations

from pathlib import Path

import pytest

from xenvm.errors import CommandError, ResourceBusyError, SpecError
from xenvm.host.shell import LocalShell
from xenvm.host.uplinks import add_uplink, remove_uplink, transaction
from xenvm.model.uplink import Uplink

from .conftest import FakeNet, put_on_path

BRIDGE = "br0"
PLAIN, VLAN_7, VLAN_8 = Uplink(nics=("eth1",)), *(Uplink(nics=("eth1",), vlan=n) for n in (7, 8))
BOND = Uplink(nics=("eth1", "eth2"), bond="bond0", vlan=7)


@pytest.fixture
def net(fake_net: FakeNet) -> FakeNet:
    (fake_net.net / BRIDGE).mkdir()
    for nic in BOND.nics:
        fake_net.add_nic(nic)
    return fake_net


def test_a_failing_step_undoes_those_before_it_in_reverse(tmp_path: Path) -> None:
    log = tmp_path / "log"
    steps = [(f"echo do{n} >>{log}", f"echo undo{n} >>{log}") for n in (1, 2)]
    with pytest.raises(CommandError):
        LocalShell().run(transaction([*steps, ("false", f"echo undo3 >>{log}")]))
    assert log.read_text().split() == ["do1", "do2", "undo2", "undo1"]


def test_when_all_steps_are_done_nothing_is_undone(tmp_path: Path) -> None:
    log = tmp_path / "log"
    LocalShell().run(transaction([(f"echo do >>{log}", f"echo undo >>{log}")]))
    assert log.read_text().split() == ["do"]


def test_the_link_that_joins_the_bridge_is_the_topmost() -> None:
    assert Uplink(nics=("eth1",)).link == "eth1"
    assert Uplink(nics=("eth1",), vlan=7).link == "eth1.7"
    assert Uplink(nics=("eth1", "eth2"), bond="bond0", vlan=7).link == "bond0.7"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"nics": ()}, "one NIC"),
        ({"nics": ("a", "b")}, "name"),
        ({"nics": ("a", "a"), "bond": "b"}, "twice"),
        ({"nics": ("a",), "vlan": 4095}, "VLAN"),
        ({"nics": ("a;reboot",)}, "letters"),
        ({"nics": ("abcdefghijk",), "vlan": 4094}, "too long"),
    ],
)
def test_what_is_no_uplink_is_refused(words: dict[str, object], said: str) -> None:
    with pytest.raises(SpecError, match=said):
        Uplink(**words)  # type: ignore[arg-type]


@pytest.mark.parametrize("uplink", [PLAIN, BOND])
def test_a_nic_with_a_vlan_above_it_is_in_use(net: FakeNet, uplink: Uplink) -> None:
    net.add_upper("eth1", "eth1.5", "vlan")
    with pytest.raises(ResourceBusyError, match="eth1"):
        add_uplink(net, BRIDGE, uplink)


@pytest.mark.parametrize("kind", ["macvlan", "bridge"])
def test_a_vlan_stands_beside_other_vlans_and_beside_nothing_else(net: FakeNet, kind: str) -> None:
    net.add_upper("eth1", "eth1.5", "vlan")
    add_uplink(net, BRIDGE, VLAN_7)
    net.add_upper("eth1", "other0", kind)
    with pytest.raises(ResourceBusyError, match="eth1"):
        add_uplink(net, BRIDGE, VLAN_8)


@pytest.mark.parametrize("uplink", [PLAIN, VLAN_7, BOND])
def test_a_nic_with_a_master_or_an_address_is_in_use(net: FakeNet, uplink: Uplink) -> None:
    address = net.net / "eth1/address"
    address.write_text("2: eth1    inet 192.0.2.1/24 scope global eth1\n")
    with pytest.raises(ResourceBusyError, match="eth1"):
        add_uplink(net, BRIDGE, uplink)
    address.unlink()
    (net.net / "eth1/master").symlink_to(net.net / BRIDGE)
    with pytest.raises(ResourceBusyError, match="eth1"):
        add_uplink(net, BRIDGE, uplink)


def test_an_ip_that_fails_is_no_nic_without_addresses(
    net: FakeNet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_on_path(monkeypatch, tmp_path / "broken", "ip", "echo no netlink >&2; exit 1")
    with pytest.raises(CommandError, match="no netlink"):
        add_uplink(net, BRIDGE, PLAIN)


@pytest.mark.parametrize("uplink", [PLAIN, VLAN_7, BOND])
@pytest.mark.parametrize("up", [False, True])
def test_a_nic_is_left_as_it_was_found(net: FakeNet, uplink: Uplink, *, up: bool) -> None:
    net.add_nic("eth1", up=up)
    before = sorted(net.net.iterdir())
    add_uplink(net, BRIDGE, uplink)
    assert net.is_up("eth1")
    assert (net.net / uplink.link / "master").resolve() == net.net / BRIDGE
    remove_uplink(net, BRIDGE, uplink)
    remove_uplink(net, BRIDGE, uplink)
    assert net.is_up("eth1") is up
    assert sorted(net.net.iterdir()) == before


@pytest.mark.parametrize("uplink", [PLAIN, VLAN_7, BOND])
@pytest.mark.parametrize("up", [False, True])
def test_a_nic_is_left_as_it_was_found_when_a_step_fails(
    net: FakeNet, uplink: Uplink, *, up: bool
) -> None:
    net.add_nic("eth1", up=up)
    before = sorted(net.net.iterdir())
    with pytest.raises(CommandError):
        add_uplink(net, "nobridge", uplink)
    assert net.is_up("eth1") is up
    assert sorted(net.net.iterdir()) == before


def test_the_last_of_two_vlans_takes_the_nic_down(net: FakeNet) -> None:
    add_uplink(net, BRIDGE, VLAN_7)
    add_uplink(net, BRIDGE, VLAN_8)
    remove_uplink(net, BRIDGE, VLAN_7)
    assert net.is_up("eth1")
    remove_uplink(net, BRIDGE, VLAN_8)
    assert not net.is_up("eth1")


def test_a_note_of_an_uplink_that_others_took_apart_says_nothing(net: FakeNet) -> None:
    add_uplink(net, BRIDGE, PLAIN)
    (net.net / "eth1/master").unlink()
    add_uplink(net, BRIDGE, VLAN_7)
    remove_uplink(net, BRIDGE, VLAN_7)
    assert net.is_up("eth1")


def test_what_is_stuck_is_named_once_all_else_was_tried(net: FakeNet) -> None:
    add_uplink(net, BRIDGE, BOND)
    (net.net / "bond0.7/stuck").touch()
    with pytest.raises(
        CommandError, match=r"uplink of br0 .* away: bond0\.7 \(bond0\.7 is stuck\)"
    ):
        remove_uplink(net, BRIDGE, BOND)
    assert not (net.net / "bond0").exists()
    assert not (net.net / "bond0.7/master").exists()
    (net.net / "bond0.7/stuck").unlink()
    remove_uplink(net, BRIDGE, BOND)
    assert {path.name for path in net.net.iterdir()} == {BRIDGE, *BOND.nics}
