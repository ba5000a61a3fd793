"""Room on Dom0's disks: asked for before a guest's memory is written there."""

from __future__ import annotations

from xenvm.errors import OutOfSpaceError

from .shell import HostShell, NoShell

# What a root's process may fill, and what the file that is overwritten gives back: each line is a
# number of blocks, and their size in bytes.
_ROOM = "stat -f -L -c '%%f %%S' -- %s && { stat -L -c '%%b %%B' -- %s 2>/dev/null || :; }"
_STREAM_KIB = 1024
"""What a stream has beside pages and their numbers: the domain's XML and Xen's records."""
_PAGES_PER_NUMBERS_PAGE = 256
"""Numbers of pages, of up to 16 bytes each, go along with the pages of 4096."""


def require_room(shell: HostShell, path: str, memory_kib: int) -> None:
    """Refuse to write a guest's memory where it does not fit: half-way is too late for the guest.

    Args:
        shell: Dom0's shell; where there is none, nothing is refused.
        path: The file, or the folder, that it would go to.
        memory_kib: How much memory the guest has, in KiB.

    Raises:
        OutOfSpaceError: It does not fit; nothing was written.
    """
    if isinstance(shell, NoShell):
        return
    folder = path.rpartition("/")[0] or "/"
    told = shell.run(_ROOM, folder, path, check=False)
    if told.returncode != 0:  # No such folder: whoever writes there says so.
        return
    rows = (line.split() for line in told.stdout.splitlines())
    free_kib = sum(int(blocks) * int(size) for blocks, size in rows) >> 10
    needed_kib = memory_kib + memory_kib // _PAGES_PER_NUMBERS_PAGE + _STREAM_KIB
    if free_kib < needed_kib:
        raise OutOfSpaceError(
            f"{folder} in Dom0 has {free_kib >> 10} MiB free, and the guest's memory needs "
            f"{needed_kib >> 10}: make room, or use a path on another file system"
        )
