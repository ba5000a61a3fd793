"""The matrix of states and operations on libvirt's test driver, for what that driver does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import pytest

from tests.host.lifecycle_matrix import ERRORS, brought_to, deeds, seen
from xenvm.errors import InvalidStateError, LibvirtError
from xenvm.host import Host, connect
from xenvm.host.probe.guest import remove
from xenvm.model.domain import DomainConfig
from xenvm.model.kinds import DomainState
from xenvm.model.lifecycle import ACTIVE, LIVES, Ending, Life, Operation, Phase, Refusal

GUEST = DomainConfig(
    name="guest",
    memory_kib=98304,
    kernel="/boot/vmlinuz",
    uuid=UUID("8b8f6c49-4dd0-4e0e-9f0c-5a7d2b5b7f01"),
)
NODE = "<node><memory>1048576</memory></node>"

BEYOND = {
    Operation.START_PAUSED: "the driver lacks it",
    Operation.RESTORE: "a file of its own is too much for it in every state",
}
UNLIKE_XEN = {(Operation.PAUSE, Phase.PAUSED), (Operation.UNPAUSE, Phase.RUNNING)}
"""The test driver refuses to pause twice."""
CARELESS = {Operation.SET_AUTOSTART, Operation.UNDEFINE}
"""The test driver does these to a domain without a definition."""
VAGUE = {Operation.START, Operation.PAUSE, Operation.UNPAUSE, Operation.SHUTDOWN}
"""The test driver refuses these by its most general code."""

MATRIX = [
    (life, operation)
    for life in LIVES
    for operation in Operation
    if operation not in BEYOND
    and (operation, life.phase) not in UNLIKE_XEN
    and not (operation in CARELESS and life.phase in ACTIVE and not life.is_persistent)
]


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    node = tmp_path / "node.xml"
    node.write_text(NODE)
    with connect(f"test://{node}") as host:
        yield host


@pytest.mark.parametrize(("life", "operation"), MATRIX)
def test_what_is_legal_is_done_and_what_is_not_is_refused_and_changes_nothing(
    host: Host, tmp_path: Path, life: Life, operation: Operation
) -> None:
    domain = brought_to(life, host, GUEST)
    do = deeds(host, GUEST, str(tmp_path))[operation]
    assert seen(host, GUEST.name) == life
    refusal = life.refusal(operation)
    if refusal is None:
        do(domain)
        assert seen(host, GUEST.name) == life.after(operation)
        return
    vague = refusal is Refusal.INVALID_STATE and operation in VAGUE
    with pytest.raises(LibvirtError if vague else ERRORS[refusal]):
        do(domain)
    assert seen(host, GUEST.name) == life


def test_a_domain_says_why_it_does_not_run(host: Host, tmp_path: Path) -> None:
    domain = host.define(GUEST)
    endings = [domain.ending]
    ends: list[Callable[[], object]] = [
        domain.shutdown,
        domain.destroy,
        lambda: domain.saving.to_file(str(tmp_path / "saved")),
        lambda: domain.saving.dump_core(str(tmp_path / "core"), end=True),
    ]
    for end in ends:
        domain.start()
        endings.append(domain.ending)
        end()
        endings.append(domain.ending)
    assert endings[::2] == [
        Ending.UNKNOWN,
        Ending.SHUT_DOWN,
        Ending.DESTROYED,
        Ending.SAVED,
        Ending.CRASHED,
    ]
    assert set(endings[1::2]) == {None}


def test_a_saved_domain_is_restored(host: Host, tmp_path: Path) -> None:
    domain = host.define(GUEST)
    domain.start()
    domain.saving.to_file(str(tmp_path / "saved"))
    host.restore(str(tmp_path / "saved"))
    assert domain.state is DomainState.RUNNING
    with pytest.raises(InvalidStateError):
        host.restore(str(tmp_path / "saved"))


def test_autostart_is_kept(host: Host) -> None:
    domain = host.define(GUEST)
    assert not domain.definition.autostart
    domain.definition.set_autostart(on=True)
    assert domain.definition.autostart


def test_a_guest_is_removed_with_its_managed_save(host: Host) -> None:
    domain = host.define(DomainConfig(name="saved", memory_kib=98304, kernel="/boot/vmlinuz"))
    domain.start()
    domain.saving.managed()
    remove(domain)
    assert "saved" not in {one.name for one in host.list_domains()}
    remove(domain)
