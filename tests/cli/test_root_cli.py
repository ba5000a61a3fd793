"""What errors become: one line, and an exit status that never counts ours against a host."""

from __future__ import annotations

import errno
import os
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from xenvm.cli import main, xenvm

UNKNOWN = ("domain", "show", "nobody", "test:///default")


def test_verbose_shows_the_traceback_and_keeps_the_exit_status() -> None:
    quiet = CliRunner().invoke(xenvm, UNKNOWN)
    verbose = CliRunner().invoke(xenvm, ["--verbose", *UNKNOWN])
    assert quiet.exit_code == verbose.exit_code == 3
    assert "Traceback" not in quiet.stderr
    assert "Traceback" in verbose.stderr
    assert verbose.stderr.endswith(quiet.stderr)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "inventory.json"), 3),
        (FileNotFoundError(errno.ENOENT, "No such file or directory", "inventory.json"), 2),
    ],
)
def test_a_full_disk_is_undecided_and_no_such_file_is_bad_input(
    error: OSError, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_command: click.Command, _ctx: click.Context) -> None:
        raise error

    monkeypatch.setattr(click.Command, "invoke", fail)
    done = CliRunner().invoke(xenvm, ["profile", "list"])
    assert done.exit_code == status
    assert done.stderr == f"xenvm: inventory.json: {error.strerror}\n"


def test_a_mistake_of_ours_is_status_3_with_its_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def mistake(_command: click.Command, _ctx: click.Context) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(click.Command, "invoke", mistake)
    monkeypatch.setattr(sys, "argv", ["xenvm", "profile", "list"])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 3
    assert "ZeroDivisionError" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [["--help"], ["profile", "list"], ["domain", "list", "test:///default", "--json"]]
)
def test_a_reader_that_leaves_early_decides_nothing(words: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-c", "from xenvm.cli import main; main()", *words],
        stdout=writer,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")
