"""A file is carried whole or the end that failed is named; no process is left of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from xenvm.errors import CommandError, WaitTimeoutError
from xenvm.host.shell import LocalShell
from xenvm.movement import carrying
from xenvm.movement.carrying import carry
from xenvm.processes import Process, start


class Elsewhere(LocalShell):
    """A Dom0 whose files are below a folder of this machine."""

    def __init__(self, root: Path, instead: str = "") -> None:
        super().__init__()
        self._root, self._instead = root, instead

    def _argv(self, line: str) -> list[str]:
        return ["sh", "-c", f"cd {self._root} && {self._instead or line}"]


@pytest.fixture
def roots(tmp_path: Path) -> tuple[Path, Path]:
    roots = tmp_path / "a", tmp_path / "b"
    for root in roots:
        root.mkdir()
    (roots[0] / "saved").write_bytes(bytes(1 << 20))
    return roots


def carried(source: LocalShell, destination: LocalShell, *, deadline_s: float = 30.0) -> None:
    carry(
        "saved",
        source=source,
        destination=destination,
        deadline_s=deadline_s,
        meanwhile=lambda: None,
    )


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> list[Process]:
    """All that were started."""
    started: list[Process] = []

    def noted(*args: object, **words: object) -> Process:
        started.append(start(*args, **words))  # type: ignore[arg-type]
        return started[-1]

    monkeypatch.setattr(carrying, "start", noted)
    return started


def test_a_writer_that_fails_is_named_though_the_reader_fails_with_it(
    roots: tuple[Path, Path], processes: list[Process]
) -> None:
    writer = Elsewhere(roots[1], "{ sleep 0.2; echo No space left >&2; exit 1; }")
    with pytest.raises(CommandError, match="saved could not be written: No space left"):
        carried(Elsewhere(roots[0]), writer)
    assert [process.returncode is None for process in processes] == [False, False]


def test_a_reader_that_fails_is_named(roots: tuple[Path, Path]) -> None:
    (roots[0] / "saved").unlink()
    with pytest.raises(CommandError, match=r"saved could not be read: .*No such file"):
        carried(Elsewhere(roots[0]), Elsewhere(roots[1]))


def test_what_takes_too_long_is_ended_at_both_ends(
    roots: tuple[Path, Path], processes: list[Process]
) -> None:
    with pytest.raises(WaitTimeoutError, match="saved to be carried"):
        carried(Elsewhere(roots[0], "sleep 60"), Elsewhere(roots[1]), deadline_s=0.2)
    assert [process.returncode is None for process in processes] == [False, False]


def test_a_writer_that_cannot_be_started_leaves_no_reader(
    roots: tuple[Path, Path], processes: list[Process], monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = Elsewhere(roots[1])
    monkeypatch.setattr(writer, "_argv", lambda _: ["/no/such/program"])
    monkeypatch.setattr(writer, "run", lambda *_, **__: None)
    with pytest.raises(CommandError, match="cannot start /no/such/program"):
        carried(Elsewhere(roots[0], "sleep 60"), writer)
    assert [process.returncode is None for process in processes] == [False]
