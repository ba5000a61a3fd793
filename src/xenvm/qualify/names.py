"""How everything that a run makes on a host is named, so that it can be found and removed."""

from __future__ import annotations

import re
import secrets

RUNS_FOLDER = "/var/lib/xenvm/runs"
"""On the host: one folder per run, named by its id; removed by a restore."""

UNDO_FILE = "undo.sh"
"""In a run's folder: puts back what the run changed and no look could tell from its own state."""

PROBE_FOLDER = "/var/lib/xenvm/probe"
"""On the host: the probe guest's cache, by content hash; it stays between runs."""

OURS = re.compile(r"^xenvm-[a-z0-9]{4}-")
"""The only names that a restore ever touches."""

RUN_ID = re.compile(r"^[a-z0-9]{4}$")

_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"


def new_run_id() -> str:
    """Return four characters of ``a-z0-9``: short, as a bridge's name has 15 in all."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(4))


def run_prefix(run_id: str) -> str:
    """Return the beginning of every name that the run makes, such as ``xenvm-ab12-``."""
    return f"xenvm-{run_id}-"


def is_ours(name: str) -> bool:
    """Return whether a run of xenvm made the thing of that name."""
    return OURS.match(name) is not None
