"""Carrying a file from one Dom0 to another, through here: the hosts need not trust each other."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from xenvm.errors import CommandError
from xenvm.host import HostShell
from xenvm.processes import DEVNULL, PIPE, Process, end, start
from xenvm.waiting import wait_until

LOOK_EVERY_S = 0.5


def carry(
    path: str,
    *,
    source: HostShell,
    destination: HostShell,
    deadline_s: float,
    meanwhile: Callable[[], None],
) -> None:
    """Copy a file to the same path in another Dom0, readable by its root alone.

    Args:
        path: In both; the folder above it is made.
        source: The shell of the Dom0 that has it.
        destination: The shell of the other.
        deadline_s: Seconds for all of it.
        meanwhile: Called about twice a second.

    Raises:
        CommandError: It could not be read or written, or did not arrive whole.
        WaitTimeoutError: It took longer than ``deadline_s``.
    """
    destination.run('umask 077; mkdir -p "$(dirname %s)"', path)
    with contextlib.ExitStack() as ending:
        reading = start(source.argv("cat %s", path), stdout=PIPE)
        ending.callback(end, reading)
        write = destination.argv("umask 077; cat >%s", path)
        writing = start(write, stdin=reading.stdout or DEVNULL)
        ending.callback(end, writing)
        if reading.stdout:
            reading.stdout.close()  # the writer holds the other end

        def ended() -> bool:
            meanwhile()
            return reading.poll() is not None and writing.poll() is not None

        wait_until(f"{path} to be carried", ended, deadline_s=deadline_s, every_s=LOOK_EVERY_S)
        # The writer first: when it fails, nobody takes what the reader has to say either.
        for process, what in ((writing, "written"), (reading, "read")):
            _check(process, f"{path} could not be {what}")
    sizes = [shell.run("stat -c %%s %s", path).stdout for shell in (source, destination)]
    if sizes[0] != sizes[1]:
        raise CommandError(("cat", path), None, message=f"{path} did not arrive whole: {sizes}")


def _check(process: Process, what: str) -> None:
    if process.returncode:
        said = process.stderr.read().decode(errors="replace") if process.stderr else ""
        raise CommandError(("cat",), process.returncode, message=f"{what}: {said.strip()}")
