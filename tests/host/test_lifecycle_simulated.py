"""The matrix of states and operations on libvirt's test driver, for what that driver does."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from uuid import UUID

import pytest

from xenvm.errors import AlreadyExistsError, InvalidStateError, LibvirtError, NotFoundError
from xenvm.host import Domain, Host, connect
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

ERRORS: Mapping[Refusal, type[LibvirtError]] = {
    Refusal.NOT_FOUND: NotFoundError,
    Refusal.ALREADY_EXISTS: AlreadyExistsError,
    Refusal.INVALID_STATE: InvalidStateError,
}

BEYOND = {
    Operation.START_PAUSED: "the driver lacks it",
    Operation.RESTORE: "a file of its own is too much for it in every state",
}
UNLIKE_XEN = {
    (Operation.PAUSE, Phase.PAUSED),
    (Operation.UNPAUSE, Phase.RUNNING),
    (Operation.SHUTDOWN, Phase.PAUSED),
    (Operation.REBOOT, Phase.PAUSED),
    (Operation.SAVE, Phase.PAUSED),
    (Operation.SAVE_MANAGED, Phase.PAUSED),
}
"""The test driver refuses to pause twice, and its guests end while they are paused."""
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


@pytest.fixture
def deeds(host: Host, tmp_path: Path) -> Mapping[Operation, Callable[[Domain], object]]:
    return {
        Operation.DEFINE: lambda _: host.define(GUEST),
        Operation.START: Domain.start,
        Operation.PAUSE: Domain.pause,
        Operation.UNPAUSE: Domain.unpause,
        Operation.SHUTDOWN: Domain.shutdown,
        Operation.REBOOT: Domain.reboot,
        Operation.DESTROY: Domain.destroy,
        Operation.SAVE: lambda domain: domain.saving.to_file(str(tmp_path / "saved")),
        Operation.SAVE_MANAGED: lambda domain: domain.saving.managed(),
        Operation.REMOVE_MANAGED: lambda domain: domain.saving.remove_managed(),
        Operation.DUMP_CORE: lambda domain: domain.saving.dump_core(str(tmp_path / "core")),
        Operation.DUMP_CORE_AND_END: lambda domain: domain.saving.dump_core(
            str(tmp_path / "core"), end=True
        ),
        Operation.SET_AUTOSTART: lambda domain: domain.set_autostart(on=True),
        Operation.UNDEFINE: Domain.undefine,
    }


def brought_to(life: Life, host: Host) -> Domain:
    """Return a handle of the domain, which is in this state of its life."""
    domain = host.define(GUEST)
    if life.phase is Phase.SAVED:
        domain.start()
        domain.saving.managed()
    elif life.phase in {Phase.RUNNING, Phase.PAUSED}:
        domain.start()
        if life.phase is Phase.PAUSED:
            domain.pause()
    if not life.is_persistent:
        domain.undefine()
    return domain


def seen(host: Host) -> Life:
    with contextlib.suppress(NotFoundError):
        domain = host.domain(GUEST.name)
        if domain.is_active:
            phase = Phase.PAUSED if domain.state is DomainState.PAUSED else Phase.RUNNING
        else:
            phase = Phase.SAVED if domain.saving.has_managed else Phase.SHUT_OFF
        return Life(phase=phase, is_persistent=domain.is_persistent)
    return Life(phase=Phase.ABSENT, is_persistent=False)


@pytest.mark.parametrize(("life", "operation"), MATRIX)
def test_what_is_legal_is_done_and_what_is_not_is_refused_and_changes_nothing(
    host: Host,
    deeds: Mapping[Operation, Callable[[Domain], object]],
    life: Life,
    operation: Operation,
) -> None:
    domain = brought_to(life, host)
    assert seen(host) == life
    refusal = life.refusal(operation)
    if refusal is None:
        deeds[operation](domain)
        assert seen(host) == life.after(operation)
        return
    vague = refusal is Refusal.INVALID_STATE and operation in VAGUE
    with pytest.raises(LibvirtError if vague else ERRORS[refusal]):
        deeds[operation](domain)
    assert seen(host) == life


def test_a_domain_says_why_it_does_not_run(host: Host, tmp_path: Path) -> None:
    domain = host.define(GUEST)
    assert domain.ending is Ending.UNKNOWN
    for end, ending in (
        (domain.shutdown, Ending.SHUT_DOWN),
        (domain.destroy, Ending.DESTROYED),
        (lambda: domain.saving.to_file(str(tmp_path / "saved")), Ending.SAVED),
        (lambda: domain.saving.dump_core(str(tmp_path / "core"), end=True), Ending.CRASHED),
    ):
        domain.start()
        before, _, after = domain.ending, end(), domain.ending
        assert (before, after) == (None, ending)


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
    assert not domain.autostart
    domain.set_autostart(on=True)
    assert domain.autostart
