"""The command line: one file per noun."""

from __future__ import annotations

import sys
import traceback

from xenvm.errors import MissingExtraError

from .reader import heed_reader

try:
    from .root import xenvm
except ModuleNotFoundError as exc:  # click or rich
    raise MissingExtraError(exc.name or "click", "cli") from exc


MISTAKE_STATUS = 3


def main() -> None:
    """Run the command line; its exit status is that of docs/reference/exit-status.

    Raises:
        SystemExit: Always; with 3 after a mistake of ours, as Python's own 1 would count against
            the host.
    """
    heed_reader()
    try:
        xenvm(prog_name="xenvm", args=sys.argv[1:])
    except Exception:
        traceback.print_exc()
        raise SystemExit(MISTAKE_STATUS) from None
    finally:
        sys.stdout.flush()


__all__ = ["main", "xenvm"]
