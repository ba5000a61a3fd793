"""Named labs that are not there, crashed, or somebody else's process."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from xenvm.cli.root import xenvm
from xenvm.errors import LabStateError, UsageError
from xenvm.lab import LabState, down, find_lab, list_labs, state_of
from xenvm.lab.paths import locked
from xenvm.target import lab_name


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XENVM_STATE_DIR", str(tmp_path))


def crashed(tmp_path: Path, name: str, pid: int) -> None:
    directory = tmp_path / "labs" / name
    directory.mkdir(parents=True)
    (directory / "pid").write_text(f"{pid}\n")


def test_a_lab_that_never_was_is_down() -> None:
    assert state_of("never") is LabState.DOWN
    assert find_lab("never") is None
    assert down("never") is False


def test_a_process_of_the_same_number_is_not_the_lab(tmp_path: Path) -> None:
    crashed(tmp_path, "old", os.getpid())
    assert state_of("old") is LabState.CRASHED


def test_a_crashed_lab_is_cleared_away_by_down(tmp_path: Path) -> None:
    crashed(tmp_path, "old", 2**22 + 1)
    assert list_labs() == [("old", LabState.CRASHED)]
    assert down("old") is True
    assert not list((tmp_path / "labs").iterdir())


@pytest.mark.parametrize("name", ["", "../x", "A", "-x", "x" * 32, "a b"])
def test_a_name_that_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="cannot name a lab"):
        state_of(name)


def test_a_lock_that_another_holds_is_an_error_in_time(tmp_path: Path) -> None:
    lock = tmp_path / "x.lock"
    with (
        locked(lock, deadline_s=1),
        pytest.raises(LabStateError, match="holds"),
        locked(lock, deadline_s=0.1),
    ):
        pass


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("lab", "default"),
        ("lab:smt", "smt"),
        ("xen:///system", None),
        ("test:///default", None),
        ("lab://x", None),
    ],
)
def test_a_host_is_a_lab_by_its_first_word(host: str, name: str | None) -> None:
    assert lab_name(host) == name


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["lab", "status", "never"], 3, "is down"),
        (["lab", "down", "never"], 0, "was not up"),
        (["lab", "shell", "never"], 3, "xenvm lab up never first"),
        (["lab", "status", "No"], 2, "cannot name a lab"),
        (["lab", "up", "--threads", "3"], 2, "--threads 3: must be from 1 to 2"),
        (["lab", "up", "--release", "sid"], 2, "sid"),
        (["nonsense"], 2, "nonsense"),
    ],
)
def test_the_command_line_says_one_line_and_a_status(
    words: list[str], status: int, said: str
) -> None:
    result = CliRunner().invoke(xenvm, words)
    assert result.exit_code == status
    assert said in result.output
    assert "Traceback" not in result.output
