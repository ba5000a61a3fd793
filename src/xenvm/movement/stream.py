"""The processes in Dom0 that send and receive a guest's memory.

libvirt's Xen driver cannot abort a migration. libxl can: its helpers end on SIGTERM, the sender in
the way that leaves the guest running, and what the receiver had made goes with it.
"""

from __future__ import annotations

import re

LIST_PROCESSES = "ps -eo pid=,args="
"""What prints the text that :func:`helpers` reads."""

_HELPER = re.compile(
    r"^ *(?P<pid>\d+) \S*libxl-save-helper --(?:save|restore)-domain -?\d+ -?\d+ (?P<domid>\d+)\b",
    re.MULTILINE,
)
"""Its arguments: what it does, two file descriptors, the domid, flags."""


def helpers(text: str, domid: int | None) -> tuple[int, ...]:
    """Return the processes in a list of them that send or receive the memory of a domain."""
    found = _HELPER.finditer(text)
    return tuple(int(match["pid"]) for match in found if int(match["domid"]) == domid)
