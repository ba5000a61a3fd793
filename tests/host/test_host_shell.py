"""The Dom0 shell, on this machine's own."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xenvm.errors import CommandError, CommandTimeoutError
from xenvm.host.shell import LocalShell, quoted

words = st.text(st.characters(codec="utf-8", exclude_characters="\x00"))


@settings(deadline=None, max_examples=10)
@given(word=words)
def test_a_word_reaches_the_command_as_it_is(word: str) -> None:
    assert LocalShell().run("printf '%%s|' %s", word).stdout == f"{word}|"


def test_a_command_without_words_is_taken_as_it_is() -> None:
    assert quoted("echo 50%s") == "echo 50%s"
    assert LocalShell().run("echo 100%").stdout == "100%\n"


def test_a_failed_command_is_an_error_with_its_output() -> None:
    with pytest.raises(CommandError, match="«sh -c echo oh >&2; exit 3» ended with status 3: oh"):
        LocalShell().run("echo oh >&2; exit 3")


def test_a_failure_that_is_expected_is_a_result() -> None:
    result = LocalShell().run("echo out; exit 3", check=False)
    assert (result.returncode, result.stdout) == (3, "out\n")


def test_a_commands_own_255_is_not_taken_for_sshs() -> None:
    assert LocalShell().run("exit 255", check=False).returncode == 254


@pytest.mark.parametrize("stdin", ["", "something"])
def test_a_command_past_its_deadline_is_killed(stdin: str, tmp_path: Path) -> None:
    late = tmp_path / "late"
    with pytest.raises(CommandTimeoutError, match="did not end within 1 s"):
        LocalShell().run("sleep 1.5; touch %s", str(late), deadline_s=1, stdin=stdin)
    LocalShell().run("sleep 0.8")
    assert not late.exists()


def test_a_command_may_end_with_timeouts_own_status() -> None:
    assert LocalShell().run("exit 124", check=False).returncode == 124


def test_a_command_reads_what_it_is_given() -> None:
    assert LocalShell().run("tr a-z A-Z", stdin="hello\n").stdout == "HELLO\n"


def test_a_file_is_written_whole_with_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "it's"
    content = bytes(range(256)) * 5000
    LocalShell().put_file(str(path), content, mode=0o640)
    assert path.read_bytes() == content
    assert path.stat().st_mode & 0o777 == 0o640
    assert list(path.parent.iterdir()) == [path]


def test_a_file_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CommandError, match="cat >"):
        LocalShell().put_file(str(tmp_path / "file" / "x"), b"")


def test_testinfra_sees_the_same_machine(tmp_path: Path) -> None:
    (tmp_path / "here").write_text("")
    assert LocalShell().testinfra.file(str(tmp_path / "here")).exists


def test_a_file_that_is_not_written_in_time_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = tmp_path / "mktemp"
    slow.write_text("#!/bin/sh\nsleep 10\n")
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(CommandTimeoutError, match=r"cat >.* did not end within 1 s"):
        LocalShell().put_file(str(tmp_path / "file"), b"x", deadline_s=1)
