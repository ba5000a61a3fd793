"""The lease: one qualification at a time on a host, and a trace of one that crashed.

It is a file on the host's own tmpfs, made by an atomic link, so a reboot of Dom0 ends it.
"""

from __future__ import annotations

import json
import os
import platform
import shlex
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from xenvm.errors import HostBusyError

from .journal import now
from .names import RUN_ID

LEASE_PATH = "/run/xenvm/lease.json"

Script = Callable[[str], str]
"""Runs a shell script in Dom0 and returns what it printed; raises CommandError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """Who holds a host.

    Attributes:
        run_id: The run; may be empty in a lease that cannot be read.
        controller: The machine that drives it.
        boot_id: That machine's boot.
        pid: The process there.
        pid_started: The process's start, in clock ticks since the boot: a pid alone is reused.
        started: ISO 8601, UTC.
    """

    run_id: str
    controller: str
    boot_id: str = ""
    pid: int = 0
    pid_started: str = ""
    started: str = ""

    @property
    def here(self) -> bool:
        """Return whether this machine drives the run."""
        return self.controller == platform.node()

    @property
    def alive(self) -> bool:
        """Return whether the process that holds it still runs, which only its machine can tell."""
        if not self.here:
            return True
        return self.boot_id == _boot_id() and self.pid_started == process_started(self.pid) != ""

    @property
    def text(self) -> str:
        """Return who holds the host, in words."""
        return f"run {self.run_id} of {self.controller}, process {self.pid}, since {self.started}"


def own_lease(run_id: str) -> Lease:
    """Return the lease that this process takes for a run."""
    return Lease(
        run_id=run_id,
        controller=platform.node(),
        boot_id=_boot_id(),
        pid=os.getpid(),
        pid_started=process_started(os.getpid()),
        started=now(),
    )


def acquire(script: Script, lease: Lease, *, host: str, path: str = LEASE_PATH) -> None:
    """Take the host, or say who has it.

    Raises:
        HostBusyError: Another run holds it, or crashed on it.
    """
    text = shlex.quote(json.dumps(asdict(lease)))
    own, wanted = shlex.quote(f"{path}.{lease.run_id}"), shlex.quote(path)
    answer = script(
        f"mkdir -p {shlex.quote(os.path.dirname(path))} && printf %s {text} >{own} && "  # noqa: PTH120 - a path in Dom0
        f"{{ ln {own} {wanted} 2>/dev/null && echo taken || echo held; }}; rm -f {own}"
    )
    if answer.strip() != "taken":
        holder = find(script, path=path) or Lease(run_id="?", controller="?")
        raise HostBusyError(busy_text(holder, host))


def busy_text(holder: Lease, host: str) -> str:
    """Return one line on who holds the host and what to do about it."""
    if holder.here and not holder.alive:
        return f"{host} was left by a crashed {holder.text}: clean up with «xenvm restore {host}»"
    return (
        f"{host} is held by {holder.text}: wait until it ends; if it is dead, "
        f"«xenvm restore --force {host}»"
    )


def find(script: Script, *, path: str = LEASE_PATH) -> Lease | None:
    """Return the lease on the host, or None when nobody holds it."""
    text = script(f"cat {shlex.quote(path)} 2>/dev/null || true").strip()
    if not text:
        return None
    try:
        content = json.loads(text)
        run_id = str(content["run_id"])
        return Lease(
            run_id=run_id if RUN_ID.match(run_id) else "?",
            controller=str(content["controller"]),
            boot_id=str(content["boot_id"]),
            pid=int(content["pid"]),
            pid_started=str(content["pid_started"]),
            started=str(content["started"]),
        )
    except (ValueError, KeyError, TypeError):
        return Lease(run_id="?", controller="?")


def release(script: Script, *, run_id: str = "", path: str = LEASE_PATH) -> None:
    """Give the host back; with a ``run_id``, only when that run holds it."""
    wanted = shlex.quote(path)
    mine = f"grep -qs {shlex.quote(json.dumps(run_id))} {wanted} && " if run_id else ""
    script(f"{mine}rm -f {wanted}; true")


def process_started(pid: int) -> str:
    """Return when a process of this machine started, in clock ticks since the boot.

    Returns:
        The empty string when there is no such process, or only its remains.

    Source:
        proc(5), ``/proc/PID/stat``: field 3 is the state, field 22 the start.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] in {"Z", "X"} else fields[19]


def _boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
