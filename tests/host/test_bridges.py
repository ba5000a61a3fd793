"""Bridges, made by the real iproute2 in a network namespace of the test's own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence

import pytest

from xenvm import processes
from xenvm.errors import AlreadyExistsError, NotFoundError, ResourceBusyError, SpecError
from xenvm.host.bridge import Bridge, bridge_states
from xenvm.host.shell import LocalShell
from xenvm.model.uplink import Uplink


class NamespaceShell(LocalShell):
    """A shell in the network namespace of a process."""

    def __init__(self, pid: int):
        super().__init__()
        self._enter = ["nsenter", "--preserve-credentials", "-U", "-n", "-m", "-t", str(pid)]

    def _run(self, line: str, *, deadline_s: float, stdin: str) -> processes.Completed:  # type: ignore[override]
        return self._feed(line, stdin.encode(), deadline_s=deadline_s)

    def _argv(self, line: str) -> Sequence[str]:
        return [*self._enter, "sh", "-c", line]


@pytest.fixture(scope="module")
def shell() -> Iterator[NamespaceShell]:
    if not (shutil.which("ip") and shutil.which("nsenter")):
        pytest.skip("iproute2 or util-linux is not installed")
    inside = processes.start(
        ["unshare", "-rnm", "sh", "-c", "mount -t sysfs none /sys && echo in && exec sleep 300"],
        stdout=processes.PIPE,
    )
    try:
        assert inside.stdout is not None
        if inside.stdout.readline() != b"in\n":
            pytest.skip("this machine allows no network namespaces")
        yield NamespaceShell(inside.pid)
    finally:
        processes.end(inside)


@pytest.fixture
def bridge(shell: NamespaceShell) -> Iterator[Bridge]:
    bridge = Bridge(shell, "br-test")
    bridge.create()
    yield bridge
    shell.run("ip link delete br-test", check=False)


def test_a_bridge_is_made_up_and_empty(bridge: Bridge, shell: NamespaceShell) -> None:
    assert [state.name for state in bridge_states(shell)] == ["br-test"]
    assert (bridge.state.is_up, bridge.state.ports, bridge.state.mtu_bytes) == (True, (), 1500)


def test_a_bridge_is_not_made_twice(bridge: Bridge) -> None:
    with pytest.raises(AlreadyExistsError, match="Dom0 has a link br-test"):
        bridge.create()


def test_a_bridge_has_the_mtu_and_the_spanning_tree_it_is_given(
    bridge: Bridge, shell: NamespaceShell
) -> None:
    assert not bridge.state.stp
    bridge.set_mtu(1400)
    bridge.set_stp(on=True)
    assert (bridge.state.mtu_bytes, bridge.state.stp) == (1400, True)
    other = Bridge(shell, "br-other")
    other.create(stp=True, mtu_bytes=9000)
    assert (other.state.mtu_bytes, other.state.stp) == (9000, True)
    other.delete()


def test_a_bridge_with_an_impossible_mtu_is_not_made(shell: NamespaceShell) -> None:
    with pytest.raises(SpecError, match="MTU"):
        Bridge(shell, "br-never").create(mtu_bytes=67)
    assert "br-never" not in [state.name for state in bridge_states(shell)]


def test_an_uplink_that_dom0_does_not_have_is_not_found(bridge: Bridge) -> None:
    with pytest.raises(NotFoundError, match="NIC nowhere"):
        bridge.add_uplink(Uplink(nics=("nowhere",)))


def test_dom0_has_an_address_on_a_bridge_once(bridge: Bridge) -> None:
    bridge.add_address("192.0.2.1/24")
    assert bridge.state.addresses == ("192.0.2.1/24",)
    with pytest.raises(AlreadyExistsError, match="has the address"):
        bridge.add_address("192.0.2.1/24")


def test_an_address_that_is_none_is_refused(bridge: Bridge) -> None:
    with pytest.raises(SpecError, match="no address"):
        bridge.add_address("192.0.2.256")


def test_a_bridge_with_ports_is_not_deleted(bridge: Bridge, shell: NamespaceShell) -> None:
    shell.run(
        "ip link add name port0 type veth peer name port1 && ip link set dev port0 master br-test"
    )
    assert bridge.state.ports == ("port0",)
    with pytest.raises(ResourceBusyError, match="unplug port0"):
        bridge.delete()
    shell.run("ip link delete port0")
    bridge.delete()
    with pytest.raises(NotFoundError):
        bridge.delete()
    with pytest.raises(NotFoundError):
        _ = bridge.state


@pytest.mark.parametrize("name", ["", "x" * 16, "a/b", "a b", "-v"])
def test_a_name_that_linux_refuses_is_refused_before(shell: NamespaceShell, name: str) -> None:
    with pytest.raises(SpecError):
        Bridge(shell, name)
