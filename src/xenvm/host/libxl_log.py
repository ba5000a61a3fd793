"""The end of libxl's own logs in Dom0, where its failures have their causes."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from xenvm.errors import ToolstackError, XenvmError

from .shell import HostShell

LIBXL_LOGS = "/var/log/libvirt/libxl"
"""A folder: what is of one domain lies in its own log there, the rest in the driver's."""
TAIL = "date -u '+%%F %%T'; cd %s && tail -q -n %s %s %s 2>/dev/null | sort -s -k 1,2"
"""Prints Dom0's time, and the ends of some logs of a folder, line by line in their turn."""
_DRIVER = "libxl-driver.log"

_LINES_READ = 40
_LINES_SHOWN = 3
_CLOCK_FORMAT = "%Y-%m-%d %H:%M:%S"
_LINE = re.compile(r"(?P<when>[\d-]{10} [\d:]{8})\S* (?:libxl: )?(?:\S+\.c:\d+:)?(?P<said>.*)")


@contextlib.contextmanager
def libxl_log(shell: HostShell, domain: str) -> Iterator[None]:
    """Add what libxl logged meanwhile to its error: libvirt only says that libxl failed.

    Args:
        shell: Dom0's shell.
        domain: The name of the domain that is worked on; empty where nobody knows it yet.

    Yields:
        Nothing.

    Raises:
        ToolstackError: What was raised, with the end of the log as its detail.
    """
    started_s = time.monotonic()
    try:
        yield
    except ToolstackError as exc:
        took_s = time.monotonic() - started_s
        raise ToolstackError(
            str(exc), code=exc.code, domain=exc.domain, detail=_read(shell, domain, took_s)
        ) from exc


def _read(shell: HostShell, domain: str, took_s: float) -> str:
    logs = _DRIVER, f"./{domain}.log"
    try:
        told = shell.run(TAIL, LIBXL_LOGS, str(_LINES_READ), *logs).stdout
    except XenvmError as exc:
        return f"its log cannot be read: {exc}"
    return latest_words(told, took_s=took_s)


def latest_words(told: str, *, took_s: float) -> str:
    """Return what libxl said last, on one line; older trouble must not pass for the cause.

    Args:
        told: Dom0's time (UTC) on the first line, and the log's end behind it.
        took_s: Seconds before that time from which on lines count.
    """
    now, *lines = told.splitlines() or [""]
    try:
        end = datetime.strptime(now, _CLOCK_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        return ""
    since = (end - timedelta(seconds=took_s + 1)).strftime(_CLOCK_FORMAT)
    found = [match for line in lines if (match := _LINE.fullmatch(line))]
    words = [match["said"] for match in found if match["when"] >= since]
    return "; ".join(words[-_LINES_SHOWN:]) or f"{LIBXL_LOGS}/ in Dom0 says nothing of it"
