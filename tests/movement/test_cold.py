"""A guest that was saved is never lost: it goes on somewhere, or its file stays and is named."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from xenvm.errors import CommandError, MigrationError, ToolstackError
from xenvm.host import Host, connect
from xenvm.model.kinds import DomainState
from xenvm.model.movement import Manner, MoveOptions, MoveProgress
from xenvm.movement import cold
from xenvm.movement.cold import FOLDER, move_saved, move_shut_off
from xenvm.movement.course import Course, silent
from xenvm.movement.standing import Place

UUID_ = UUID("a2a1b0ee-0d6f-4b0e-9d0d-3c2f0c1f4a11")
PATH = f"{FOLDER}/{UUID_}.save"
ROW = f"guest 7 96 1 -b---- 1.0 {UUID_} -\n"


class End:
    """A host, as a move by file uses it: whether the guest runs, and which files there are."""

    is_usable = True

    def __init__(self, name: str, *, runs: bool) -> None:
        self.name = name
        self.runs = runs
        self.files: set[str] = set()
        self.can_restore = True
        self.shell = self
        self.definition = SimpleNamespace(exists=True)
        self.saving = SimpleNamespace(to_file=self._save)
        self.uuid, self.state = UUID_, DomainState.RUNNING

    def config(self, *, defined: bool) -> None:
        del defined

    def domain(self, _key: object) -> End:
        return self

    def run(self, command: str, *words: str, **_: object) -> SimpleNamespace:
        if command.startswith("rm"):
            self.files -= {*words}
        status = 0 if not command.startswith("test") or {*words} <= self.files else 1
        return SimpleNamespace(stdout=ROW if self.runs else "", returncode=status)

    def restore(self, path: str, **_: object) -> None:
        if not self.can_restore:
            raise ToolstackError("libxl could not")
        assert path in self.files
        self.runs = True

    def _save(self, path: str, **_: object) -> None:
        self.files.add(path)
        self.runs = False


@pytest.fixture
def ends() -> tuple[End, End]:
    return End("a", runs=True), End("b", runs=False)


def course(ends: tuple[End, End]) -> Course:
    here, there = (Place(host=end, name=end.name, uuid=UUID_) for end in ends)  # type: ignore[arg-type]
    domain: Any = ends[0]
    wish = MoveOptions(manner=Manner.SAVED)
    return Course(domain=domain, source=here, destination=there, options=wish, report=silent)


def carried(ends: tuple[End, End], *, error: BaseException | None = None) -> Callable[..., None]:
    def carry(path: str, **_: object) -> None:
        if error:
            raise error
        ends[1].files.add(path)

    return carry


def test_a_move_by_file_leaves_no_file(
    ends: tuple[End, End], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cold, "carry", carried(ends))
    move_saved(course(ends))
    assert [(end.runs, end.files) for end in ends] == [(False, set()), (True, set())]


@pytest.mark.parametrize("arrives", [False, True])
def test_what_cannot_go_on_there_goes_on_here(
    ends: tuple[End, End], monkeypatch: pytest.MonkeyPatch, *, arrives: bool
) -> None:
    ends[1].can_restore = False
    error = None if arrives else CommandError(("cat",), 1)
    monkeypatch.setattr(cold, "carry", carried(ends, error=error))
    with pytest.raises(ToolstackError if arrives else CommandError):
        move_saved(course(ends))
    assert [(end.runs, end.files) for end in ends] == [(True, set()), (False, set())]


@pytest.mark.parametrize(
    "error", [CommandError(("cat",), 1, stderr="no room"), KeyboardInterrupt()]
)
def test_what_can_go_on_nowhere_stays_in_its_file_and_is_named(
    ends: tuple[End, End], monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    ends[0].can_restore = False
    monkeypatch.setattr(cold, "carry", carried(ends, error=error))
    expected = MigrationError if isinstance(error, CommandError) else KeyboardInterrupt
    with pytest.raises(expected, match=f"is in {PATH} on a: .* virsh restore"):
        move_saved(course(ends))
    assert [(end.runs, end.files) for end in ends] == [(False, {PATH}), (False, set())]


def test_a_saving_that_fails_leaves_the_guest_and_no_file(ends: tuple[End, End]) -> None:
    def fail(path: str, **_: object) -> None:
        ends[0].files.add(path)
        raise ToolstackError("libxl could not")

    ends[0].saving.to_file = fail
    with pytest.raises(ToolstackError):
        move_saved(course(ends))
    assert [(end.runs, end.files) for end in ends] == [(True, set()), (False, set())]


def test_a_guest_goes_on_though_nobody_can_be_told(
    ends: tuple[End, End], monkeypatch: pytest.MonkeyPatch
) -> None:
    def report(progress: MoveProgress) -> None:
        if progress.doing == "continuing it at the source":
            raise BrokenPipeError

    monkeypatch.setattr(cold, "carry", carried(ends, error=CommandError(("cat",), 1)))
    with pytest.raises(CommandError):
        move_saved(replace(course(ends), report=report))
    assert [(end.runs, end.files) for end in ends] == [(True, set()), (False, set())]


GUEST = (
    "<domain type='test'><name>{}</name><memory>65536</memory><os><type>hvm</type></os></domain>"
)


@pytest.fixture
def hosts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Host, Host]]:
    """Two simulated hosts; the first has a domain, guest, which is no Xen guest."""
    monkeypatch.setattr("xenvm.host.host.refuse_errors", lambda _: None)
    for name in ("guest", "other"):
        (tmp_path / f"{name}.xml").write_text(f"<node>{GUEST.format(name)}</node>")
    with (
        connect(f"test://{tmp_path}/guest.xml") as here,
        connect(f"test://{tmp_path}/other.xml") as there,
    ):
        here.domain("guest").destroy()
        yield here, there


@pytest.mark.parametrize("starts", [False, True])
@pytest.mark.parametrize("keeps", [False, True])
def test_one_host_starts_at_boot_what_was_started_at_boot(
    hosts: tuple[Host, Host], *, starts: bool, keeps: bool
) -> None:
    domain = hosts[0].domain("guest")
    domain.definition.set_autostart(on=starts)
    here, there = (Place(host=host, name="-", uuid=domain.uuid) for host in hosts)
    wish = MoveOptions(manner=Manner.SHUT_OFF, keep_source=keeps)
    move_shut_off(
        Course(domain=domain, source=here, destination=there, options=wish, report=silent)
    )
    assert hosts[1].domain("guest").definition.autostart is starts
    left = here.domain()
    assert (left is not None) is keeps
    assert left is None or not left.definition.autostart
