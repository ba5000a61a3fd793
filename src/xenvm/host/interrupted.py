"""A change in whose middle libvirtd ended: what it left half-done is settled, then it is told."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

from xenvm.errors import HostConnectionError, OperationTimeoutError, XenvmError
from xenvm.waiting import wait_until

from .connection import Connection
from .shell import HostShell

RETURN_DEADLINE_S = 60.0
"""Seconds for a libvirtd that was restarted to answer again."""
_AGES = "ps -o etimes= -C libvirtd,virtxend"


@contextlib.contextmanager
def settled(connection: Connection, shell: HostShell, settle: Callable[[], None]) -> Iterator[None]:
    """Settle a change when libvirtd ends in its middle; one that lives still does it itself.

    libvirtd forgets what it was about, and Xen has what was made until then.

    Args:
        connection: The host's.
        shell: Its Dom0's.
        settle: Has libvirt and Xen agree again; called once libvirtd has returned.

    Yields:
        Nothing.

    Raises:
        HostConnectionError: What was raised, afterwards.
    """
    began_s = time.monotonic()
    try:
        yield
    except HostConnectionError:
        with contextlib.suppress(XenvmError):
            if _has_returned(connection, shell, began_s):
                settle()
        raise


def _has_returned(connection: Connection, shell: HostShell, began_s: float) -> bool:
    """Return whether the libvirtd that answers was started after ``began_s``."""

    def ages_s() -> list[str]:
        answered = answers(connection)
        # It fails where the host cannot be reached, and that ends the wait.
        told = shell.run(_AGES, check=False).stdout.split()
        return told if answered else []

    ages = wait_until("libvirtd to return", ages_s, deadline_s=RETURN_DEADLINE_S, every_s=1.0)
    return any(int(age_s) <= time.monotonic() - began_s for age_s in ages)


def answers(connection: Connection) -> bool:
    """Return whether libvirtd answers, on a new connection if need be."""
    try:
        connection.read("asking whether libvirtd is there", lambda raw: raw.getLibVersion())
    except (HostConnectionError, OperationTimeoutError):
        return False
    return True
