"""Where the lab keeps things on this machine, and the locks on them."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from xenvm.errors import LabStateError
from xenvm.waiting import Deadline, pause


def _home(ours: str, xdg: str, fallback: str) -> Path:
    if value := os.environ.get(ours):
        return Path(value).expanduser().resolve()
    return Path(os.environ.get(xdg) or Path.home() / fallback) / "xenvm"


def cache_directory() -> Path:
    """Return where images and snapshots are kept: XENVM_CACHE_DIR, else XDG's cache."""
    return _home("XENVM_CACHE_DIR", "XDG_CACHE_HOME", ".cache")


def labs_directory() -> Path:
    """Return where running labs live: XENVM_STATE_DIR, else XDG's state, then ``labs``."""
    return _home("XENVM_STATE_DIR", "XDG_STATE_HOME", ".local/state") / "labs"


@contextlib.contextmanager
def locked(path: Path, *, deadline_s: float) -> Iterator[None]:
    """Hold the lock file ``path`` exclusively.

    Yields:
        None, while the lock is held.

    Raises:
        LabStateError: Another process kept it for ``deadline_s`` seconds.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    deadline = Deadline(deadline_s)
    with path.open("w") as handle:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if deadline.passed:
                    raise LabStateError(
                        f"another xenvm holds {path} for over {deadline_s:.0f} s; try again later"
                    ) from None
                pause(0.2)
        yield
