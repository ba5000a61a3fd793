"""The command line: one file per noun."""

from __future__ import annotations

import sys

from xenvm.errors import MissingExtraError

try:
    from .root import xenvm
except ModuleNotFoundError as exc:  # click or rich
    raise MissingExtraError(exc.name or "click", "cli") from exc


def main() -> None:
    """Run the command line; its exit status is 0, 1, 2 or 3 as docs/reference/cli says."""
    xenvm(prog_name="xenvm", args=sys.argv[1:])


__all__ = ["main", "xenvm"]
