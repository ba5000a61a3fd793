"""Whether a disk is somebody's, asked of programs that say what each test has them say."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from xenvm.errors import BlockedError, CommandError
from xenvm.host.shell import LocalShell
from xenvm.qualify.disks import unused

DISK = "/dev/disk/by-id/nvme-XYZ"


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a machine's programs: a disk with nothing on it."""
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    program(tmp_path, "wipefs", ":")
    program(tmp_path, "lsblk", 'case "$*" in *KNAME*) echo nvme0n1 ;; *) echo ;; esac')
    return tmp_path


def program(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


@pytest.mark.usefixtures("machine")
def test_a_disk_with_nothing_on_it_is_free() -> None:
    assert unused(LocalShell(), DISK) == DISK


@pytest.mark.parametrize(
    ("name", "script", "said"),
    [
        ("wipefs", "echo 0x438 ext4", "ext4"),
        ("lsblk", 'case "$*" in *MOUNT*) echo; echo /srv ;; *) echo sda ;; esac', "/srv"),
        ("lsblk", 'case "$*" in *KNAME*) echo sda; echo dm-0 ;; *) echo ;; esac', "dm-0"),
    ],
)
def test_a_disk_with_anything_on_it_is_refused(
    machine: Path, name: str, script: str, said: str
) -> None:
    program(machine, name, script)
    with pytest.raises(BlockedError, match=f"{DISK} is in use.*{said}"):
        unused(LocalShell(), DISK)


@pytest.mark.parametrize("name", ["wipefs", "lsblk"])
def test_a_disk_of_which_nobody_can_tell_is_not_free(machine: Path, name: str) -> None:
    program(machine, name, "exit 1")
    with pytest.raises(CommandError):
        unused(LocalShell(), DISK)
