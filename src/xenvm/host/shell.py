"""Commands in a host's Dom0, over testinfra, each with a deadline."""

from __future__ import annotations

import math
import shlex
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from xenvm import processes
from xenvm.errors import (
    CommandError,
    CommandTimeoutError,
    MissingExtraError,
    NotSupportedError,
    WaitTimeoutError,
)

from ._workers import call_within
from .ssh import SSH_FAILED, SshAccess, ssh_error

if TYPE_CHECKING:
    from testinfra.host import Host as Testinfra

_KILL_AFTER_S = 5
_TRANSPORT_GRACE_S = 20.0
"""Beyond a command's own deadline: to connect, to kill it, and to bring its output home."""
_TIMEOUT_STATUSES = (124, 137)
"""Of timeout(1): it sent SIGTERM, or SIGKILL after that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandResult:
    """How a command in Dom0 ended.

    Attributes:
        command: The shell command, quoted.
        returncode: Its exit status; a 255 of its own is told as 254, for 255 is ssh's.
        stdout: What it printed.
        stderr: What it complained about.
    """

    command: str
    returncode: int
    stdout: str
    stderr: str


class HostShell(Protocol):
    """The shell of a Dom0."""

    def run(
        self,
        command: str,
        *args: str,
        deadline_s: float = 30.0,
        check: bool = True,
        stdin: str = "",
    ) -> CommandResult:
        """Return how a command ended.

        Args:
            command: A shell command; each ``%s`` takes one of ``args``, quoted (as in testinfra).
            args: Words that may hold anything; without any, ``command`` is taken as it is.
            deadline_s: Seconds after which the command is killed, in Dom0 too.
            check: Whether an exit status other than 0 is an error.
            stdin: What the command reads.

        Raises:
            CommandError: ``check`` is set and it failed.
            CommandTimeoutError: It did not end within ``deadline_s``.
            HostConnectionError: The host cannot be reached, or the connection broke.
            AuthenticationError: The host does not let us in.
        """
        ...

    def put_file(
        self, path: str, content: bytes, *, mode: int = 0o644, deadline_s: float = 120.0
    ) -> None:
        """Write a file in Dom0 whole or not at all; folders above it are made.

        Raises:
            CommandError: It could not be written.
            CommandTimeoutError: It was not written within ``deadline_s``.
            HostConnectionError: The host cannot be reached, or the connection broke.
        """
        ...

    def argv(self, command: str, *args: str) -> Sequence[str]:
        """Return what to start here to run a command there, for whoever has to pipe one."""
        ...

    @property
    def testinfra(self) -> Testinfra:
        """Return testinfra's own view of Dom0: files, packages, services; without deadlines.

        Raises:
            MissingExtraError: pytest-testinfra is not installed.
        """
        ...


class LocalShell:
    """The shell of the Dom0 that we run in."""

    def __init__(self) -> None:
        self._testinfra: Testinfra | None = None

    def run(
        self,
        command: str,
        *args: str,
        deadline_s: float = 30.0,
        check: bool = True,
        stdin: str = "",
    ) -> CommandResult:
        """Return how a command ended; see :meth:`HostShell.run`.

        Raises:
            CommandError: ``check`` is set and it failed.
            CommandTimeoutError: It did not end within ``deadline_s``.
        """
        line = quoted(command, *args)
        started_s = time.monotonic()
        result = self._run(line, deadline_s=deadline_s, stdin=stdin)
        argv = ("sh", "-c", line)
        if _was_killed(result.returncode, started_s, deadline_s):
            raise CommandTimeoutError(argv, deadline_s, stdout=result.stdout, stderr=result.stderr)
        if check and result.returncode != 0:
            raise CommandError(argv, result.returncode, stdout=result.stdout, stderr=result.stderr)
        return result

    def put_file(
        self, path: str, content: bytes, *, mode: int = 0o644, deadline_s: float = 120.0
    ) -> None:
        """Write a file whole or not at all; see :meth:`HostShell.put_file`.

        Raises:
            CommandError: It could not be written.
            CommandTimeoutError: It was not written within ``deadline_s``.
        """
        folder = path.rpartition("/")[0] or "/"
        # A connection that breaks ends cat's input, so the length decides whether it is whole.
        line = quoted(
            "mkdir -p %s && umask 077 && f=$(mktemp %s) && trap 'rm -f \"$f\"' EXIT && "
            'cat >"$f" && test "$(stat -c %%s "$f")" = %s && chmod %s "$f" && mv -f "$f" %s',
            folder,
            f"{path}.XXXXXX",
            str(len(content)),
            f"{mode:o}",
            path,
        )
        started_s = time.monotonic()
        done = self._feed(line, content, deadline_s=deadline_s)
        argv = ("sh", "-c", f"cat >{shlex.quote(path)}")
        if _was_killed(done.returncode, started_s, deadline_s):
            raise CommandTimeoutError(argv, deadline_s, stderr=done.stderr)
        if done.returncode != 0:
            raise CommandError(argv, done.returncode, stderr=done.stderr)

    def argv(self, command: str, *args: str) -> Sequence[str]:
        """Return what to start here to run a command there; see :meth:`HostShell.argv`."""
        return self._argv(quoted(command, *args))

    @property
    def testinfra(self) -> Testinfra:
        """Return testinfra's own view of Dom0: files, packages, services; without deadlines.

        Raises:
            MissingExtraError: pytest-testinfra is not installed.
        """
        if self._testinfra is None:
            try:
                from testinfra import get_host  # noqa: PLC0415 - an extra
            except ImportError as exc:
                raise MissingExtraError("pytest-testinfra", "suite") from exc
            spec, options = self._testinfra_spec()
            self._testinfra = get_host(spec, **options)
        return self._testinfra

    def _run(self, line: str, *, deadline_s: float, stdin: str) -> CommandResult:
        if stdin:
            done = self._feed(line, stdin.encode(), deadline_s=deadline_s)
            return CommandResult(
                command=line, returncode=done.returncode, stdout=done.stdout, stderr=done.stderr
            )
        return self._run_testinfra(line, deadline_s=deadline_s)

    def _run_testinfra(self, line: str, *, deadline_s: float) -> CommandResult:
        backend = self.testinfra.backend
        guarded = _guarded(line, deadline_s)
        try:
            done = call_within(
                line, lambda: backend.run(guarded), deadline_s=deadline_s + _TRANSPORT_GRACE_S
            )
        except WaitTimeoutError as exc:
            raise CommandTimeoutError(("sh", "-c", line), deadline_s) from exc
        except RuntimeError as exc:
            # testinfra's ssh backend raises its result when ssh ends with 255.
            self._explain(SSH_FAILED, getattr(exc.args[0], "stderr", str(exc)))
            raise
        return CommandResult(
            command=line, returncode=done.rc, stdout=done.stdout, stderr=done.stderr
        )

    def _feed(self, line: str, data: bytes, *, deadline_s: float) -> processes.Completed:
        """Return how a command ended that had something to read; testinfra cannot give it any.

        Raises:
            CommandTimeoutError: It did not end within ``deadline_s``.
        """
        argv = self._argv(_guarded(line, deadline_s))
        try:
            done = processes.run(
                argv, stdin=data, deadline_s=deadline_s + _TRANSPORT_GRACE_S, check=False
            )
        except CommandTimeoutError as exc:
            raise CommandTimeoutError(("sh", "-c", line), deadline_s) from exc
        self._explain(done.returncode, done.stderr)
        return done

    def _argv(self, line: str) -> Sequence[str]:
        return ["sh", "-c", line]

    def _testinfra_spec(self) -> tuple[str, dict[str, str]]:
        return "local://", {}

    def _explain(self, returncode: int, stderr: str) -> None:
        """Raise the transport's error, if the exit status is the transport's."""


class SshShell(LocalShell):
    """The shell of a Dom0 elsewhere."""

    def __init__(self, access: SshAccess):
        super().__init__()
        self._access = access

    def _argv(self, line: str) -> Sequence[str]:
        return self._access.argv(line)

    def _testinfra_spec(self) -> tuple[str, dict[str, str]]:
        return f"ssh://{self._access.uri.name}", {"ssh_config": str(self._access.config)}

    def _explain(self, returncode: int, stderr: str) -> None:
        if returncode == SSH_FAILED:
            error = ssh_error(self._access.uri, stderr)
            raise error


class NoShell:
    """What a simulated host has instead of a Dom0: nothing."""

    def run(
        self,
        command: str,
        *args: str,
        deadline_s: float = 30.0,
        check: bool = True,
        stdin: str = "",
    ) -> CommandResult:
        """Refuse.

        Raises:
            NotSupportedError: Always.
        """
        del args, deadline_s, check, stdin
        raise NotSupportedError(f"a simulated host has no Dom0 to run «{command}» in: use a lab")

    def put_file(
        self, path: str, content: bytes, *, mode: int = 0o644, deadline_s: float = 120.0
    ) -> None:
        """Refuse.

        Raises:
            NotSupportedError: Always.
        """
        del content, mode, deadline_s
        raise NotSupportedError(f"a simulated host has no Dom0 to write {path} in: use a lab")

    def argv(self, command: str, *args: str) -> Sequence[str]:
        """Refuse.

        Raises:
            NotSupportedError: Always.
        """
        del args
        raise NotSupportedError(f"a simulated host has no Dom0 to run «{command}» in: use a lab")

    @property
    def testinfra(self) -> Testinfra:
        """Refuse.

        Raises:
            NotSupportedError: Always.
        """
        raise NotSupportedError("a simulated host has no Dom0 for testinfra: use a lab")


def quoted(command: str, *args: str) -> str:
    """Return ``command`` with each ``%s`` replaced by one of ``args``, quoted for the shell."""
    return command % tuple(map(shlex.quote, args)) if args else command


def _was_killed(returncode: int, started_s: float, deadline_s: float) -> bool:
    """Return whether timeout(1) killed a command, which may end with such a status by itself."""
    return returncode in _TIMEOUT_STATUSES and time.monotonic() - started_s >= deadline_s


def _guarded(line: str, deadline_s: float) -> str:
    """Return a shell command that kills ``line`` in Dom0 after its deadline, and never ends in 255.

    The transport may be gone by then, so Dom0 must keep the time itself.
    """
    return quoted(
        f"timeout --kill-after={_KILL_AFTER_S} %s sh -c %s; s=$?; exit $((s > 254 ? 254 : s))",
        str(math.ceil(deadline_s)),
        line,
    )
