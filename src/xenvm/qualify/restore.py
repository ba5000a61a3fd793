"""Take away what runs left on a host: by name, nothing else, line by line."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass

from xenvm.errors import HostBusyError, XenvmError

from . import lease
from .dom0 import Dom0
from .names import RUN_ID, RUNS_FOLDER, UNDO_FILE, is_ours
from .snapshot import Snapshot, Thing

PER_THING_S = 3.0

Say = Callable[[Thing, str], None]
"""Told of each thing: what it is, and why it could not be removed; empty when it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What a restore did.

    Attributes:
        removed: What is gone, as (kind, name).
        failed: What could not be removed, with the reason.
        lease: The lease that was ended, or None when nobody held the host.
    """

    removed: tuple[Thing, ...] = ()
    failed: tuple[tuple[Thing, str], ...] = ()
    lease: lease.Lease | None = None


def restore(dom0: Dom0, *, force: bool = False, say: Say = lambda _thing, _why: None) -> Restored:
    """Remove everything that runs of xenvm left on the host, and end their lease.

    The probe guest's cache in ``/var/lib/xenvm/probe`` stays: the next run uses it.

    Args:
        dom0: The host.
        force: End even a lease whose run may be alive.
        say: Told of each thing as it goes.

    Returns:
        What is gone, what could not be removed, and whose lease it was.

    Raises:
        HostBusyError: The run that holds the host is alive, or its controller is another machine.
    """
    held = dom0.lease()
    if held is not None and held.alive and not force:
        raise HostBusyError(lease.busy_text(held, dom0.target))
    done = remove_leftovers(dom0, say=say)
    if held is not None and not done.failed:
        dom0.release_lease()
    return Restored(removed=done.removed, failed=done.failed, lease=held)


def remove_leftovers(
    dom0: Dom0, *, run_id: str = "", say: Say = lambda _thing, _why: None
) -> Restored:
    """Remove what runs left: domains first, as they hold the rest, then disks, links and files.

    Args:
        dom0: The host.
        run_id: Only that run's; empty for every run's.
        say: Told of each thing as it goes.

    Returns:
        What is gone, and what could not be removed.
    """
    removed: list[Thing] = []
    failed: list[tuple[Thing, str]] = []
    found = leftovers(dom0.look(), run_id=run_id)
    for kinds in _STEPS:
        things = [thing for thing in found if thing[0] in kinds]
        if not things:
            continue
        said = _remove(dom0, things)
        # What hung on those things may have gone with them.
        found = leftovers(dom0.look(), run_id=run_id)
        there = {(kind, _name(kind, line)) for kind, line in found}
        for thing, text in zip(things, said, strict=True):
            why = (text or "it is still there") if (thing[0], _name(*thing)) in there else ""
            say(thing, why)
            if why:
                failed.append((thing, why))
            else:
                removed.append(thing)
    return Restored(removed=tuple(removed), failed=tuple(failed))


_STEPS = (("domain",), ("xen domain",), ("loop device", "volume"), ("bridge", "link"), ("folder",))
"""Kinds in the order in which they can go."""


def leftovers(snapshot: Snapshot, *, run_id: str = "") -> list[Thing]:
    """Return what runs of xenvm made, sorted: by its name, or by the folder it lies in."""
    return sorted(thing for thing in snapshot.things if _is_leftover(thing, run_id))


def _is_leftover(thing: Thing, run_id: str) -> bool:
    kind, line = thing
    if kind == "loop device":
        owner = _owner_of_path(line.partition(" ")[2])
    elif kind == "folder":
        owner = _owner_of_path(line)
    else:
        owner = _owner_of_name(_name(kind, line))
    return owner != "" and run_id in {"", owner}


def _name(kind: str, line: str) -> str:
    """Return the bare name of a thing: the rest of its line is there to tell differences."""
    if kind == "domain":
        return line.rsplit(" ", 3)[0]
    if kind == "xen domain":
        return line.rpartition(" ")[0]
    return line.rpartition("/")[2] if kind == "volume" else line


def _owner_of_name(name: str) -> str:
    return name.removeprefix("xenvm-")[:4] if is_ours(name) else ""


def _owner_of_path(path: str) -> str:
    """Return the run whose folder a path in Dom0 lies in, or the empty string."""
    inside = path.removeprefix(f"{RUNS_FOLDER}/")
    owner = inside.split("/")[0]
    return owner if inside != path and RUN_ID.match(owner) and ".." not in path else ""


def _remove(dom0: Dom0, things: list[Thing]) -> list[str]:
    """Return what the removal of each thing complained of; the next look tells what is gone.

    All but domains go in one round trip: a run may leave a hundred bridges.
    """
    if things[0][0] == "domain":
        return [_remove_domain(dom0, _name(*thing)) for thing in things]
    script = "".join(f"( {_command(*thing)} ) 2>&1 | tr '\\n' ' '; echo\n" for thing in things)
    try:
        said = dom0.script(script, limit_s=PER_THING_S * len(things))
    except XenvmError as exc:
        return [str(exc)] * len(things)
    return [line.strip() for line in said.splitlines()]


def _remove_domain(dom0: Dom0, name: str) -> str:
    try:
        dom0.remove_domain(name)
    except XenvmError as exc:
        return str(exc)
    return ""


def _command(kind: str, line: str) -> str:
    """Return the command that removes a thing, and that is content when it is gone already."""
    whole = shlex.quote(line)
    commands = {
        "xen domain": f"xl destroy {shlex.quote(line.rpartition(' ')[2])}",
        "loop device": f"losetup -d {shlex.quote('/dev/' + line.partition(' ')[0])}",
        "volume": f"lvremove -f -y {whole}",
        "bridge": f"[ ! -e /sys/class/net/{whole} ] || ip link delete {whole}",
        "link": f"[ ! -e /sys/class/net/{whole} ] || ip link delete {whole}",
        "folder": f"[ ! -f {whole}/{UNDO_FILE} ] || sh {whole}/{UNDO_FILE};"
        f" rm -rf --one-file-system -- {whole}",
    }
    return commands[kind]
