"""The only starter of processes on this machine; each has a deadline."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from xenvm.errors import CommandError, CommandTimeoutError

PIPE = subprocess.PIPE
DEVNULL = subprocess.DEVNULL
STDOUT = subprocess.STDOUT
Process = subprocess.Popen[bytes]

KILL_GRACE_S = 5.0
"""Seconds between SIGTERM and SIGKILL."""


SYSTEM_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/sbin")
"""Where tools such as mke2fs are, though Debian leaves them out of an ordinary user's PATH."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """What a process printed, and how it ended."""

    argv: tuple[str, ...]
    returncode: int
    stdout: str
    stderr: str


def run(
    argv: Sequence[str],
    *,
    deadline_s: float,
    check: bool = True,
    stdin: str | bytes = "",
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> Completed:
    """Return what ``argv`` printed, run to its end.

    Raises:
        CommandTimeoutError: It did not end within ``deadline_s``; its process group was killed.
        CommandError: ``check`` is set and the exit status is not 0, or it could not be started.
    """
    process = start(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=cwd, env=env)
    try:
        data = stdin.encode() if isinstance(stdin, str) else stdin
        stdout, stderr = process.communicate(data, timeout=deadline_s)
    except subprocess.TimeoutExpired as exc:
        end(process)
        raise CommandTimeoutError(argv, deadline_s) from exc
    except BaseException:
        end(process)
        raise
    done = Completed(
        argv=tuple(argv),
        returncode=process.returncode,
        stdout=stdout.decode(errors="replace"),
        stderr=stderr.decode(errors="replace"),
    )
    if check and done.returncode != 0:
        raise CommandError(argv, done.returncode, stdout=done.stdout, stderr=done.stderr)
    return done


def search_path() -> str:
    """Return the folders in which commands are looked for: the user's, then the system's."""
    return os.pathsep.join((os.environ.get("PATH", os.defpath), *SYSTEM_FOLDERS))


def start(
    argv: Sequence[str],
    *,
    stdin: int | IO[bytes] = subprocess.DEVNULL,
    stdout: int | IO[bytes] = subprocess.DEVNULL,
    stderr: int | IO[bytes] = subprocess.PIPE,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> Process:
    """Start ``argv`` in a session of its own, so that Ctrl-C reaches us and not it.

    Returns:
        The process; whoever asked for it ends it with :func:`end`.

    Raises:
        CommandError: It could not be started.
    """
    try:
        return subprocess.Popen(
            argv,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            cwd=cwd,
            env={**os.environ, "PATH": search_path(), **(env or {})},
            start_new_session=True,
        )
    except OSError as exc:
        raise CommandError(argv, None, message=f"cannot start {argv[0]}: {exc.strerror}") from exc


def end(process: Process, grace_s: float = KILL_GRACE_S) -> None:
    """End a process and its group: SIGTERM, then SIGKILL after ``grace_s`` seconds; reap it."""
    signal_group(process.pid, signal.SIGTERM)
    try:
        process.wait(timeout=grace_s)
    except subprocess.TimeoutExpired:
        signal_group(process.pid, signal.SIGKILL)
        # One that waits for a device ends when that answers.
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=grace_s)
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream:
            with contextlib.suppress(OSError):
                stream.close()


def signal_group(pid: int, number: signal.Signals) -> None:
    """Send a signal to the process group of ``pid``, if it is still there."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)
