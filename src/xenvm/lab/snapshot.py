"""A lab host booted once and saved, so that every later start takes seconds."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from xenvm.errors import CommandError, LabBootError, LabStateError, WaitTimeoutError, tail
from xenvm.processes import PIPE, STDOUT, Process, end, run, start
from xenvm.waiting import wait_until

from .image import Image
from .paths import cache_directory, locked
from .progress import BOOT, SNAPSHOT, Report
from .qemu import (
    SAVED,
    SPARE_DRIVER,
    SPARE_FUNCTION,
    Disks,
    Wires,
    qemu_argv,
    saving_commands,
)
from .shape import Shape, digest
from .ssh import SshFiles

BOOT_DEADLINE_S = 420.0
SAVE_DEADLINE_S = 120.0
CONSOLE_SHOWN_CHARACTERS = 3000
SCRATCH_DISK_GIB = 1
SHARED_DISK_BYTES = 128 << 20
UNIX_PATH_BYTES = 107
"""What Linux takes as the path of a socket."""

PREPARE = f"""
set -eu
[ ! -e /sys/bus/pci/devices/{SPARE_FUNCTION} ] || modprobe {SPARE_DRIVER}
systemctl is-system-running --wait >/dev/null || :
disk=/dev/disk/by-id/virtio-xenvm-lab-vg
pvcreate -q -y "$disk" >/dev/null
vgcreate -q lab "$disk" >/dev/null
virsh -q -c xen:///system list >/dev/null
sync
echo 3 >/proc/sys/vm/drop_caches
"""
"""What turns a booted Dom0 into a lab host, once, before it is saved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A saved lab host; its files never change once they are there."""

    directory: Path

    @property
    def state(self) -> Path:
        """Return the saved memory and devices."""
        return self.directory / "state"

    @property
    def disks(self) -> Disks:
        """Return the disks as they were when saved."""
        return disks_in(self.directory)


def disks_in(directory: Path) -> Disks:
    """Return the three disks of a host whose files are in ``directory``."""
    return Disks(
        root=directory / "root.qcow2",
        volume_group=directory / "vg.qcow2",
        scratch=directory / "scratch.qcow2",
    )


def wires_in(ours: Path, theirs: Path, disk_home: Path) -> Wires:
    """Return what joins the host whose files are in ``ours`` to the one in ``theirs``.

    Raises:
        LabStateError: The path of a socket would be too long.
    """
    wires = Wires(
        ours=ours / "link.socket", theirs=theirs / "link.socket", disk=disk_home / "shared.raw"
    )
    for path in (wires.ours, wires.theirs):
        if len(os.fsencode(path)) > UNIX_PATH_BYTES:
            raise LabStateError(
                f"{path} is too long for a socket: set XENVM_STATE_DIR or XENVM_CACHE_DIR to a"
                " shorter path"
            )
    return wires


def create_shared_disk(wires: Wires) -> None:
    """Make the empty disk that the hosts of a pair share."""
    with wires.disk.open("wb") as disk:
        disk.truncate(SHARED_DISK_BYTES)


def find_snapshot(image: Image, shape: Shape, *, paired: bool = False) -> Snapshot | None:
    """Return the snapshot of an image and shape, or None when none was taken.

    Args:
        image: The image that was booted.
        shape: The machine.
        paired: Whether it has what joins it to another host.
    """
    directory = _directory(image, shape, paired=paired)
    return Snapshot(directory=directory) if directory.is_dir() else None


def take_snapshot(image: Image, shape: Shape, report: Report, *, paired: bool = False) -> Snapshot:
    """Return the snapshot of an image and shape, booting it first when there is none.

    Args:
        image: The image to boot.
        shape: The machine.
        report: Told each step as it starts.
        paired: Whether it has what joins it to another host.

    Raises:
        LabBootError: The host did not come up; carries the console's tail.
    """
    directory = _directory(image, shape, paired=paired)
    lock = directory.with_suffix(".lock")
    with locked(lock, deadline_s=BOOT_DEADLINE_S + SAVE_DEADLINE_S):
        if snapshot := find_snapshot(image, shape, paired=paired):
            return snapshot
        for leftover in directory.parent.glob(f".{directory.name}-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        made = Path(tempfile.mkdtemp(prefix=f".{directory.name}-", dir=directory.parent))
        try:
            wires = wires_in(made, made / "nobody", made) if paired else None
            _boot_and_save(image, shape, made, report, wires)
            made.rename(directory)
        except BaseException:
            shutil.rmtree(made, ignore_errors=True)
            raise
    return Snapshot(directory=directory)


def _directory(image: Image, shape: Shape, *, paired: bool) -> Path:
    """Return the snapshot's place; a state fits one QEMU only, so its version is in the name."""
    qemu = run(["qemu-system-x86_64", "--version"], deadline_s=20).stdout.splitlines()[0]
    here = Path()
    argv = qemu_argv(
        name="", shape=shape, disks=disks_in(here), ssh_port=0, console=Path("console.log"),
        wires=wires_in(here, here / "nobody", here) if paired else None,
    )  # fmt: skip
    name = digest(image.image_id, qemu, argv, PREPARE, shape)
    return cache_directory() / "snapshots" / f"{image.image_id.split('-')[0]}-{name}"


def free_port() -> int:
    """Return a TCP port that is free on loopback now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _boot_and_save(
    image: Image, shape: Shape, directory: Path, report: Report, wires: Wires | None
) -> None:
    report(BOOT)
    if wires:
        create_shared_disk(wires)
    disks = disks_in(directory)
    _create_disks(image, shape, disks)
    console = directory / "console.log"
    ssh = SshFiles(directory=directory, port=free_port(), key=image.private_key)
    ssh.write(image)
    argv = qemu_argv(
        name=f"snapshot-{directory.name}", shape=shape, disks=disks, ssh_port=ssh.port,
        console=console, wires=wires,
    )  # fmt: skip
    with _running([*argv, "-monitor", "stdio"], image.directory) as machine:
        try:
            wait_until_ssh_answers(ssh, machine, deadline_s=BOOT_DEADLINE_S)
            ssh.run(PREPARE, deadline_s=BOOT_DEADLINE_S)
        except (CommandError, WaitTimeoutError) as exc:
            raise LabBootError(
                f"the lab did not boot: {exc}", console=console_tail(console)
            ) from exc
        report(SNAPSHOT)
        _save(machine, directory / "state", console)


def _create_disks(image: Image, shape: Shape, disks: Disks) -> None:
    create_overlay(image.root_disk, "raw", disks.root)
    for disk, size_gib in ((disks.volume_group, shape.disk_gib), (disks.scratch, SCRATCH_DISK_GIB)):
        argv = ["qemu-img", "create", "-q", "-f", "qcow2", str(disk), f"{size_gib}G"]
        run(argv, deadline_s=30)


def create_overlay(backing: Path, backing_format: str, overlay: Path) -> None:
    """Make a disk that starts as ``backing`` and keeps its own changes."""
    argv = ["qemu-img", "create", "-q", "-f", "qcow2", "-F", backing_format]
    run([*argv, "-b", str(backing), str(overlay)], deadline_s=30)


@contextlib.contextmanager
def _running(argv: list[str], cwd: Path) -> Iterator[Process]:
    machine = start(argv, stdin=PIPE, stdout=PIPE, stderr=STDOUT, cwd=cwd)
    try:
        yield machine
    finally:
        end(machine)


def wait_until_ssh_answers(ssh: SshFiles, machine: Process, *, deadline_s: float) -> None:
    """Wait until Dom0 runs a command over ssh.

    Raises:
        WaitTimeoutError: It did not within ``deadline_s``.
        CommandError: QEMU ended.
    """

    def answers() -> bool:
        if machine.poll() is not None:
            said = machine.stdout.read().decode(errors="replace") if machine.stdout else ""
            raise CommandError(["qemu-system-x86_64"], machine.returncode, stderr=said)
        with contextlib.suppress(CommandError):
            return ssh.run("true", deadline_s=40, check=False).returncode == 0
        return False

    wait_until("Dom0's ssh", answers, deadline_s=deadline_s, every_s=1.0)


def _save(machine: Process, state: Path, console: Path) -> None:
    said, _ = machine.communicate(saving_commands(state).encode(), timeout=SAVE_DEADLINE_S)
    if SAVED.encode() not in said or not state.exists():
        text = tail(said.decode(errors="replace"))
        raise LabBootError(
            f"the lab's state could not be saved: {text}", console=console_tail(console)
        )


def console_tail(console: Path) -> str:
    """Return the end of a console's log, or an empty string when there is none."""
    if not console.exists():
        return ""
    return tail(console.read_text(errors="replace"), CONSOLE_SHOWN_CHARACTERS)
