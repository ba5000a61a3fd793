"""What a run makes on its hosts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from xenvm import processes
from xenvm.errors import BlockedError
from xenvm.host import CommandResult, Host
from xenvm.host.probe import ProbeImage
from xenvm.qualify.journal import Journal, Ledger
from xenvm.qualify.workshop import Workshop, table_label, unpart

NO_HOST = cast("Host", None)
IMAGE = cast("ProbeImage", None)


def test_no_two_guests_of_a_run_have_one_mac_on_whichever_host(tmp_path: Path) -> None:
    ledger = Ledger(Journal(tmp_path / "journal"), "ab1c")
    here, there = (Workshop(NO_HOST, ledger, IMAGE) for _ in range(2))
    macs = [shop.next_mac() for shop in (here, there, there, here)]
    assert len(set(macs)) == len(macs)


def test_guests_of_two_runs_have_other_macs(tmp_path: Path) -> None:
    ledgers = [Ledger(Journal(tmp_path / run), run) for run in ("ab1c", "ab1d")]
    one, other = (Workshop(NO_HOST, ledger, IMAGE).next_mac() for ledger in ledgers)
    assert one != other


class Dom0Shell:
    """A shell that does nothing, and remembers what it was to do.

    Attributes:
        asked: Each command, and what it was given to read.
    """

    def __init__(self, *, sfdisk: bool) -> None:
        self.asked: list[str] = []
        self._missing = 0 if sfdisk else 1

    def run(self, command: str, *_args: str, stdin: str = "", **_how: object) -> CommandResult:
        self.asked.append(command + stdin)
        status = self._missing if command.endswith("command -v sfdisk") else 0
        return CommandResult(command=command, returncode=status, stdout="/dev/x1\n", stderr="")


def partitioning(tmp_path: Path, shell: Dom0Shell) -> Workshop:
    host = cast("Host", SimpleNamespace(shell=shell))
    return Workshop(host, Ledger(Journal(tmp_path / "journal"), "ab1c"), IMAGE)


def test_a_dom0_that_cannot_make_a_partition_is_one_clear_line(tmp_path: Path) -> None:
    shell = Dom0Shell(sfdisk=False)
    with pytest.raises(BlockedError, match="Dom0 has no sfdisk: apt-get install fdisk"):
        partitioning(tmp_path, shell).partition("/dev/x", "p0", 64)
    assert len(shell.asked) == 1


def test_a_restore_takes_away_the_partition_of_a_run_that_was_killed(tmp_path: Path) -> None:
    shell = Dom0Shell(sfdisk=True)
    assert partitioning(tmp_path, shell).partition("/dev/x", "p0", 64) == "/dev/x1"
    left, made = (
        next(n for n, one in enumerate(shell.asked) if word in one)
        for word in ("!= 61623163 ]", "label-id: 0x61623163\nstart=1MiB, size=64MiB")
    )
    assert left < made


FOR_A_FILE = """
udevadm() { :; }
wipefs() { command wipefs --force "$@"; }
"""


def blank(disk: Path) -> None:
    disk.write_bytes(bytes(4 << 20))


def with_a_file_system(disk: Path) -> None:
    blank(disk)
    processes.run(["/sbin/mke2fs", "-q", str(disk)], deadline_s=30)


def with_a_table(disk: Path, label: str = "deadbeef") -> None:
    entry = b"\0\0\0\0\x83\0\0\0" + 2 * (2048).to_bytes(4, "little")
    boot = bytes(440) + bytes.fromhex(label)[::-1] + bytes(2) + entry + bytes(48) + b"\x55\xaa"
    disk.write_bytes(boot + bytes(4 << 20))


def with_our_table(disk: Path) -> None:
    with_a_table(disk, table_label("ab1c"))


@pytest.mark.parametrize(
    ("make", "gone"),
    [(blank, False), (with_a_file_system, False), (with_a_table, False), (with_our_table, True)],
)
def test_a_restore_leaves_a_disk_that_somebody_uses_since(
    tmp_path: Path, make: Callable[[Path], None], *, gone: bool
) -> None:
    disk = tmp_path / "disk"
    make(disk)
    before = disk.read_bytes()
    processes.run(["sh", "-c", FOR_A_FILE + unpart(str(disk), "ab1c")], deadline_s=30)
    assert (disk.read_bytes() != before) is gone
    again = processes.run(["/sbin/blkid", "-p", str(disk)], deadline_s=30, check=False)
    assert (again.returncode == 2) is (gone or make is blank)
