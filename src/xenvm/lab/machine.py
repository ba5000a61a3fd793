"""Lab hosts come up, alone or as a pair, and go down."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import shutil
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from xenvm.errors import CommandError, LabBootError, LabStateError, WaitTimeoutError
from xenvm.processes import run
from xenvm.waiting import wait_until

from . import prerequisites
from .image import Image, build_image, find_image
from .link import Link, give_identity
from .named import DEFAULT_NAME, Lab, LabState, directory_of, find_lab, pair_of, pid_of, state_of
from .paths import locked
from .progress import START, Report, silent
from .qemu import loading_argv, qemu_argv
from .recipe import recipe_for
from .shape import Release, Shape
from .snapshot import (
    Snapshot,
    console_tail,
    create_overlay,
    create_shared_disk,
    disks_in,
    find_snapshot,
    free_port,
    take_snapshot,
)

PEER_SUFFIX = "-2"
"""What the name of a pair's second lab has on top of the first one's."""

UP_DEADLINE_S = 60.0
LOCK_DEADLINE_S = 2400.0
DOWN_DEADLINE_S = 20.0
PORT_ATTEMPTS = 5


def up(
    name: str = DEFAULT_NAME,
    *,
    release: Release = Release.BOOKWORM,
    shape: Shape | None = None,
    report: Report = silent,
) -> Lab:
    """Bring a lab up, or return it if it is up already.

    The first time for a release the image is built, the first time for a shape it is booted;
    after that a start takes seconds. A lab that crashed is cleared away and started anew.

    Args:
        name: Its name on this machine.
        release: Dom0's release.
        shape: Its machine; the default shape when None.
        report: Told each step as it starts.

    Returns:
        The running lab; its ssh answers.

    Raises:
        LabPrerequisiteError: This machine lacks something; names all of it.
        LabBuildError: The image could not be built.
        LabBootError: It did not come up.
        LabStateError: It is up in another shape.
    """
    return _up(_Wanted(names=(name,), release=release, shape=shape or Shape()), report)[0]


def up_pair(
    name: str = DEFAULT_NAME,
    *,
    release: Release = Release.BOOKWORM,
    shape: Shape | None = None,
    report: Report = silent,
) -> tuple[Lab, Lab]:
    """Bring two labs up that are joined by a private link and share a disk, or return them.

    If one of them crashed, both are started anew: what the other holds would not fit.

    Args:
        name: The first one's name; the second one is ``NAME-2``.
        release: The release of both.
        shape: The machine of both; the link's NIC and the shared disk come on top.
        report: Told each step as it starts.

    Returns:
        Both; their ssh answers, and each reaches the other over the link.

    Raises:
        LabPrerequisiteError: This machine lacks something; names all of it.
        LabBuildError: The image could not be built.
        LabBootError: One of them did not come up; both are down.
        LabStateError: One of the names is up as something else.
    """
    names = (name, f"{name}{PEER_SUFFIX}")
    one, other = _up(_Wanted(names=names, release=release, shape=shape or Shape()), report)
    return one, other


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """One lab, or the two of a pair."""

    names: tuple[str, ...]
    release: Release
    shape: Shape

    @property
    def paired(self) -> bool:
        return len(self.names) > 1

    def labs(self, key: Path) -> list[Lab]:
        """Return the labs as they will be, without a port."""
        return [
            Lab(
                name=name, release=self.release, shape=self.shape, port=0, key=key,
                link=Link(peer=self.names[2 - number], number=number) if self.paired else None,
            )
            for number, name in enumerate(self.names, start=1)
        ]  # fmt: skip


def _up(wanted: _Wanted, report: Report) -> list[Lab]:
    with contextlib.ExitStack() as locks:
        for name in wanted.names:
            lock = directory_of(name).with_suffix(".lock")
            locks.enter_context(locked(lock, deadline_s=LOCK_DEADLINE_S))
        there = [lab for name in wanted.names if (lab := find_lab(name))]
        _refuse_others(there, wanted)
        if len(there) == len(wanted.names):
            return there
        return _start_all(wanted, report)


def _start_all(wanted: _Wanted, report: Report) -> list[Lab]:
    for name in wanted.names:
        _clear(name)
    image, snapshot = _prepared(wanted, report)
    report(START)
    try:
        labs = [_start(lab, image, snapshot) for lab in wanted.labs(image.private_key)]
        for lab in labs:
            _wait_until_up(lab)
    except BaseException:
        for name in wanted.names:
            _clear(name)
        raise
    return labs


def _refuse_others(there: Sequence[Lab], wanted: _Wanted) -> None:
    planned = {lab.name: lab for lab in wanted.labs(Path())}
    for lab in there:
        plan = planned[lab.name]
        if (lab.release, lab.shape, lab.link) != (plan.release, plan.shape, plan.link):
            kind = f"one of a pair with {lab.link.peer}" if lab.link else "a lab of its own"
            raise LabStateError(
                f"lab {lab.name} is up as {lab.release} with another shape, as {kind};"
                f" xenvm lab down {lab.name} first, or choose another name"
            )


def _prepared(wanted: _Wanted, report: Report) -> tuple[Image, Snapshot]:
    recipe = recipe_for(wanted.release)
    image = find_image(recipe)
    memory_mib = wanted.shape.memory_mib * len(wanted.names)
    prerequisites.check(memory_mib=memory_mib, building=image is None)
    image = image or build_image(recipe, report)
    found = find_snapshot(image, wanted.shape, paired=wanted.paired)
    return image, found or take_snapshot(image, wanted.shape, report, paired=wanted.paired)


def _start(planned: Lab, image: Image, snapshot: Snapshot) -> Lab:
    directory = directory_of(planned.name)
    directory.mkdir(parents=True)
    for backing, disk in zip(_paths(snapshot.directory), _paths(directory), strict=True):
        create_overlay(backing, "qcow2", disk)
    if planned.wires and not planned.wires.disk.exists():
        create_shared_disk(planned.wires)
    lab = _start_qemu(planned, image, snapshot)
    lab.ssh.write(image)
    facts = {
        "release": lab.release,
        "shape": dataclasses.asdict(lab.shape),
        "port": lab.port,
        "key": str(lab.key),
        "link": dataclasses.asdict(lab.link) if lab.link else None,
    }
    (directory / "lab.json").write_text(json.dumps(facts))
    return lab


def _paths(directory: Path) -> tuple[Path, Path, Path]:
    disks = disks_in(directory)
    return disks.root, disks.volume_group, disks.scratch


def _start_qemu(planned: Lab, image: Image, snapshot: Snapshot) -> Lab:
    """Return a lab whose QEMU runs; a port that somebody took meanwhile is tried again.

    Raises:
        LabBootError: QEMU did not start.
    """
    directory = directory_of(planned.name)
    for attempt in range(PORT_ATTEMPTS):
        lab = dataclasses.replace(planned, port=free_port())
        argv = qemu_argv(
            name=lab.name, shape=lab.shape, disks=disks_in(directory), ssh_port=lab.port,
            console=directory / "console.log", wires=lab.wires,
        )  # fmt: skip
        argv += [*loading_argv(snapshot.state), "-daemonize", "-pidfile", str(directory / "pid")]
        try:
            run(argv, deadline_s=UP_DEADLINE_S, cwd=image.directory)
        except CommandError as exc:
            if "host forwarding" in exc.stderr and attempt + 1 < PORT_ATTEMPTS:
                continue
            raise LabBootError(f"QEMU did not start: {exc}") from exc
        return lab
    raise LabBootError("no free port on loopback: end something that listens there")


def _wait_until_up(lab: Lab) -> None:
    """Wait for ssh, and set the clock, which stood still while the lab was a file.

    Raises:
        LabBootError: QEMU ended, or ssh does not answer.
    """

    def answers() -> bool:
        if state_of(lab.name) is not LabState.RUNNING:
            raise LabBootError("QEMU ended", console=_console(lab.name))
        now = run(["date", "-u", "+@%s.%N"], deadline_s=10).stdout.strip()
        with contextlib.suppress(CommandError):
            lab.ssh.run(f"date -u -s {now} >/dev/null", deadline_s=30)
            return True
        return False

    try:
        wait_until("the lab's ssh", answers, deadline_s=UP_DEADLINE_S)
        if lab.link:
            give_identity(lab.ssh, lab.name, lab.link, nics=lab.shape.nics)
    except (CommandError, WaitTimeoutError) as exc:
        raise LabBootError(f"the lab did not come up: {exc}", console=_console(lab.name)) from exc


def _console(name: str) -> str:
    return console_tail(directory_of(name) / "console.log")


def down(name: str = DEFAULT_NAME) -> bool:
    """Take a lab down, and the other of its pair with it: no process, file or port stays.

    Returns:
        Whether there was anything to take down.

    Raises:
        LabStateError: Its QEMU did not end.
    """
    was_there = [_down(each) for each in pair_of(name)]
    return any(was_there)


def _down(name: str) -> bool:
    directory = directory_of(name)
    if not directory.is_dir():
        return False
    with locked(directory.with_suffix(".lock"), deadline_s=LOCK_DEADLINE_S):
        _clear(name)
    directory.with_suffix(".lock").unlink(missing_ok=True)
    return True


def _clear(name: str) -> None:
    if pid := pid_of(name):
        _end(pid, name)
    shutil.rmtree(directory_of(name), ignore_errors=True)


def _end(pid: int, name: str) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        with contextlib.suppress(WaitTimeoutError):
            wait_until("QEMU to end", lambda: not pid_of(name), deadline_s=DOWN_DEADLINE_S / 2)
            return
    raise LabStateError(f"QEMU of lab {name} does not end: see what holds process {pid}")


@contextlib.contextmanager
def running(name: str = DEFAULT_NAME, *, report: Report = silent) -> Iterator[Lab]:
    """Use the lab ``name``: as it is if it is up, else brought up now and taken down afterwards.

    Yields:
        The running lab.
    """
    if lab := find_lab(name):
        yield lab
        return
    lab = up(name, report=report)
    try:
        yield lab
    finally:
        down(name)
