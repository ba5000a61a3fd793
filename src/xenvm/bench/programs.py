"""Measuring programs, run where the leg is: in a guest, or in Dom0."""

from __future__ import annotations

import contextlib
import secrets
import shlex
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from xenvm.errors import XenvmError
from xenvm.host import HostShell
from xenvm.host.probe import ProbeGuest
from xenvm.host.probe.tools import run_in

SERVER_S = 600
"""A server that nobody ends is ended after that."""
_LISTENING_TRIES = 100

_SERVE = """
PATH=$PATH:/usr/sbin:/sbin
timeout {seconds} {command} >/dev/null 2>&1 </dev/null &
server=$!
try=0
until ss -Hltn 'sport = :{port}' | grep -q .; do
  try=$((try + 1))
  [ $try -lt {tries} ] && kill -0 $server 2>/dev/null || {{ kill $server 2>/dev/null; exit 1; }}
  sleep 0.1
done
echo $server
"""
_END = """
for program in /proc/[0-9]*; do
  grep -qs %s "$program/environ" && kill "${program#/proc/}" && ended="$ended $program"
done
for program in $ended; do
  while [ -d "$program" ]; do sleep 0.1; done
done
"""
"""Ends the programs that have a word in their environment, and returns once they are gone."""


class Programs(Protocol):
    """Where measuring programs run."""

    def run(self, argv: Sequence[str], *, deadline_s: float) -> str:
        """Return what a program printed.

        Raises:
            GuestError, CommandError: It failed.
            CommandTimeoutError: It was killed after ``deadline_s``.
        """
        ...

    def serving(self, argv: Sequence[str], port: int) -> AbstractContextManager[None]:
        """Have a server listen while a block runs.

        Args:
            argv: The server and its words.
            port: Where it listens.

        Raises:
            GuestError, CommandError: It does not.
        """
        ...


class Dom0Programs:
    """Programs of Dom0."""

    def __init__(self, shell: HostShell):
        self._shell = shell

    def run(self, argv: Sequence[str], *, deadline_s: float) -> str:
        """Return what a program printed; see :meth:`Programs.run`.

        Raises:
            CommandError: It failed.
            CommandTimeoutError: It was killed after ``deadline_s``.
            KeyboardInterrupt: Ctrl-C; it was ended.
        """
        mark = secrets.token_hex(16)
        try:
            line = f"XENVM_PROGRAM={mark} {shlex.join(argv)}"
            return self._shell.run(line, deadline_s=deadline_s).stdout
        except KeyboardInterrupt:
            # The shell leaves it running, and nobody could remove the volume that it drives.
            with contextlib.suppress(XenvmError):
                self._shell.run(_END, mark)
            raise

    @contextmanager
    def serving(self, argv: Sequence[str], port: int) -> Iterator[None]:
        """Have a server listen while the block runs.

        Yields:
            Nothing.

        Raises:
            CommandError: It does not listen.
        """
        command = _SERVE.format(
            seconds=SERVER_S, command=shlex.join(argv), port=port, tries=_LISTENING_TRIES
        )
        server = self._shell.run(command).stdout.strip()
        try:
            yield
        finally:
            gone = f"kill {int(server)} && while kill -0 {int(server)}; do sleep 0.1; done"
            self._shell.run(f"{{ {gone}; }} 2>/dev/null; :")


class GuestPrograms:
    """Programs of a tools disk that a guest has unpacked."""

    def __init__(self, guest: ProbeGuest):
        self._guest = guest

    def run(self, argv: Sequence[str], *, deadline_s: float) -> str:
        """Return what a program printed; see :meth:`Programs.run`.

        Raises:
            GuestError: It failed, or was killed after ``deadline_s``.
        """
        return run_in(self._guest, argv, deadline_s=deadline_s)

    @contextmanager
    def serving(self, argv: Sequence[str], port: int) -> Iterator[None]:
        """Have a server listen while the block runs.

        Yields:
            Nothing.
        """
        self._guest.ask("serve", argv=";".join(argv), port=port, seconds=SERVER_S)
        try:
            yield
        finally:
            self._guest.ask("rest")
