"""A guest's memory goes only where there is room for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xenvm.errors import OutOfSpaceError
from xenvm.host.free_disk import require_room
from xenvm.host.shell import CommandResult, LocalShell

MIB = 1 << 20


class Told(LocalShell):
    """A shell that says how many blocks of 4096 bytes are free, and what the file has."""

    def __init__(self, free_blocks: int, own_blocks: int):
        super().__init__()
        self._text = f"{free_blocks} 4096\n{own_blocks} 512\n"

    def run(self, command: str, *_: str, **__: object) -> CommandResult:
        return CommandResult(command=command, returncode=0, stdout=self._text, stderr="")


@given(st.integers(0, 1 << 22), st.integers(0, 1 << 22), st.integers(1, 1 << 24))
def test_what_is_let_through_fits_and_a_little_more(
    free_blocks: int, own_blocks: int, memory_kib: int
) -> None:
    free_kib = free_blocks * 4 + own_blocks // 2
    try:
        require_room(Told(free_blocks, own_blocks), "/srv/a", memory_kib)
    except OutOfSpaceError:
        assert free_kib < memory_kib * 1.01 + 2048
    else:
        assert free_kib > memory_kib


def test_a_real_folder_has_room_for_little_and_not_for_all(tmp_path: Path) -> None:
    shell = LocalShell()
    require_room(shell, str(tmp_path / "saved"), 1)
    (tmp_path / "saved").write_bytes(b"x")
    with pytest.raises(OutOfSpaceError, match=rf"{tmp_path} in Dom0 has \d+ MiB free"):
        require_room(shell, str(tmp_path / "saved"), 1 << 40)


def test_a_folder_that_is_not_there_is_somebody_elses_affair(tmp_path: Path) -> None:
    require_room(LocalShell(), str(tmp_path / "nowhere/saved"), 1 << 40)
