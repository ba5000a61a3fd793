"""Named lab hosts: up, down, status."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import re
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from xenvm.errors import (
    CommandError,
    LabBootError,
    LabStateError,
    UsageError,
    WaitTimeoutError,
)
from xenvm.processes import run
from xenvm.waiting import wait_until

from . import prerequisites
from .image import Image, build_image, find_image
from .paths import labs_directory, locked
from .progress import START, Report, silent
from .qemu import SCRATCH_SERIAL, loading_argv, qemu_argv
from .recipe import recipe_for
from .shape import Release, Shape
from .snapshot import (
    Snapshot,
    console_tail,
    create_overlay,
    disks_in,
    find_snapshot,
    free_port,
    take_snapshot,
)
from .ssh import SshFiles

DEFAULT_NAME = "default"
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,30}")
UP_DEADLINE_S = 60.0
LOCK_DEADLINE_S = 2400.0
DOWN_DEADLINE_S = 20.0
PORT_ATTEMPTS = 5


class LabState(StrEnum):
    """What a named lab is doing."""

    RUNNING = "running"
    CRASHED = "crashed"
    """It was up, and its QEMU is gone."""
    DOWN = "down"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lab:
    """A lab host that was brought up.

    Attributes:
        name: Its name on this machine.
        release: Dom0's release.
        shape: Its machine.
        port: Its ssh port on loopback.
        key: The private key that it lets in as root.
    """

    name: str
    release: Release
    shape: Shape
    port: int
    key: Path

    @property
    def ssh(self) -> SshFiles:
        """Return its ssh files."""
        return SshFiles(directory=_directory(self.name), port=self.port, key=self.key)

    @property
    def uri(self) -> str:
        """Return its libvirt URI."""
        return self.ssh.uri

    @property
    def spare_devices(self) -> tuple[str, ...]:
        """Return the devices of Dom0 that exist to be overwritten: a disk, and spare NICs."""
        disk = f"/dev/disk/by-id/virtio-{SCRATCH_SERIAL}"
        return (disk, *(f"eth{number}" for number in range(1, self.shape.nics)))

    def facts(self) -> dict[str, object]:
        """Return what ``xenvm lab up --json`` prints."""
        return {
            "name": self.name,
            "uri": self.uri,
            "ssh": " ".join(self.ssh.argv()),
            "state": str(state_of(self.name)),
            "release": str(self.release),
            "port": self.port,
            "console": str(_directory(self.name) / "console.log"),
            "shape": dataclasses.asdict(self.shape),
        }


def _directory(name: str) -> Path:
    if not NAME.fullmatch(name):
        raise UsageError(f"«{name}» cannot name a lab: use a-z, 0-9 and -, 31 characters at most")
    return labs_directory() / name


def list_labs() -> list[tuple[str, LabState]]:
    """Return every lab that was brought up and not down, as (name, state) by name."""
    home = labs_directory()
    names = sorted(path.name for path in home.glob("*") if path.is_dir()) if home.is_dir() else []
    return [(name, state_of(name)) for name in names]


def state_of(name: str) -> LabState:
    """Return what the lab ``name`` is doing."""
    if not _directory(name).is_dir():
        return LabState.DOWN
    return LabState.RUNNING if _pid(name) else LabState.CRASHED


def find_lab(name: str) -> Lab | None:
    """Return the lab ``name`` if it is running."""
    return _read(name) if state_of(name) is LabState.RUNNING else None


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
    wanted = shape or Shape()
    directory = _directory(name)
    with locked(directory.with_suffix(".lock"), deadline_s=LOCK_DEADLINE_S):
        if lab := find_lab(name):
            _refuse_other_shape(lab, release, wanted)
            return lab
        _clear(name)
        image, snapshot = _prepared(release, wanted, report)
        report(START)
        directory.mkdir(parents=True)
        try:
            return _start(name, release, wanted, image, snapshot)
        except BaseException:
            _clear(name)
            raise


def _refuse_other_shape(lab: Lab, release: Release, shape: Shape) -> None:
    if (lab.release, lab.shape) != (release, shape):
        raise LabStateError(
            f"lab {lab.name} is up as {lab.release} with another shape;"
            f" xenvm lab down {lab.name} first, or choose another name"
        )


def _prepared(release: Release, shape: Shape, report: Report) -> tuple[Image, Snapshot]:
    recipe = recipe_for(release)
    image = find_image(recipe)
    prerequisites.check(memory_mib=shape.memory_mib, building=image is None)
    image = image or build_image(recipe, report)
    return image, find_snapshot(image, shape) or take_snapshot(image, shape, report)


def _start(name: str, release: Release, shape: Shape, image: Image, snapshot: Snapshot) -> Lab:
    directory = _directory(name)
    for backing, disk in zip(_paths(snapshot.directory), _paths(directory), strict=True):
        create_overlay(backing, "qcow2", disk)
    lab = _start_qemu(name, release, shape, image, snapshot)
    lab.ssh.write(image)
    (directory / "lab.json").write_text(
        json.dumps(
            {"release": release, "shape": dataclasses.asdict(shape), "port": lab.port,
             "key": str(lab.key)}
        )
    )  # fmt: skip
    _wait_until_up(lab)
    return lab


def _paths(directory: Path) -> tuple[Path, Path, Path]:
    disks = disks_in(directory)
    return disks.root, disks.volume_group, disks.scratch


def _start_qemu(name: str, release: Release, shape: Shape, image: Image, snapshot: Snapshot) -> Lab:
    """Return a lab whose QEMU runs; a port that somebody took meanwhile is tried again.

    Raises:
        LabBootError: QEMU did not start.
    """
    directory = _directory(name)
    for attempt in range(PORT_ATTEMPTS):
        lab = Lab(name=name, release=release, shape=shape, port=free_port(), key=image.private_key)
        argv = qemu_argv(
            name=name, shape=shape, disks=disks_in(directory), ssh_port=lab.port,
            console=directory / "console.log",
        )  # fmt: skip
        argv += [*loading_argv(snapshot.state), "-daemonize", "-pidfile", str(directory / "pid")]
        try:
            run(argv, deadline_s=UP_DEADLINE_S, cwd=image.directory)
        except CommandError as exc:
            if "host forwarding" in exc.stderr and attempt + 1 < PORT_ATTEMPTS:
                continue
            raise LabBootError(f"QEMU did not start: {exc}") from exc
        return lab
    raise LabBootError("no free port on loopback")


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
    except WaitTimeoutError as exc:
        raise LabBootError(f"the lab did not come up: {exc}", console=_console(lab.name)) from exc


def _console(name: str) -> str:
    return console_tail(_directory(name) / "console.log")


def down(name: str = DEFAULT_NAME) -> bool:
    """Take a lab down: no process, file or port stays.

    Returns:
        Whether there was anything to take down.

    Raises:
        LabStateError: Its QEMU did not end.
    """
    directory = _directory(name)
    if not directory.is_dir():
        return False
    with locked(directory.with_suffix(".lock"), deadline_s=LOCK_DEADLINE_S):
        _clear(name)
    directory.with_suffix(".lock").unlink(missing_ok=True)
    return True


def _clear(name: str) -> None:
    if pid := _pid(name):
        _end(pid, name)
    shutil.rmtree(_directory(name), ignore_errors=True)


def _end(pid: int, name: str) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        with contextlib.suppress(WaitTimeoutError):
            wait_until("QEMU to end", lambda: not _pid(name), deadline_s=DOWN_DEADLINE_S / 2)
            return
    raise LabStateError(f"QEMU of lab {name} (process {pid}) does not end")


def _pid(name: str) -> int | None:
    """Return QEMU's process id if that process is this lab's, and not another's of that number."""
    try:
        pid = int((_directory(name) / "pid").read_text(encoding="ascii"))
        argv = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError):
        return None
    return pid if f"xenvm-lab-{name}".encode() in argv else None


def _read(name: str) -> Lab | None:
    try:
        facts = json.loads((_directory(name) / "lab.json").read_text())
    except OSError:
        return None
    return Lab(
        name=name,
        release=Release(facts["release"]),
        shape=Shape(**facts["shape"]),
        port=facts["port"],
        key=Path(facts["key"]),
    )


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
