"""The processes in Dom0 that send and receive a guest's memory: whether there are any; their end.

libvirt's Xen driver cannot abort a migration. libxl can: its helpers end on SIGTERM, the sender in
the way that leaves the guest running, and what the receiver had made goes with it.
"""

from __future__ import annotations

import re

from xenvm.host import HostShell

_HELPERS = r"""
for dir in /proc/[0-9]*; do
  words=$(tr '\0' ' ' <"$dir/cmdline" 2>/dev/null) || continue
  case $words in *libxl-save-helper\ --*) echo "${dir#/proc/} $words" ;; esac
done
"""
_HELPER = re.compile(
    r"^(?P<pid>\d+) \S+ --(?:save|restore)-domain -?\d+ -?\d+ (?P<domid>\d+) ", re.M
)
"""Its arguments: what it does, two file descriptors, the domid, flags."""


def helpers(shell: HostShell, domid: int) -> list[int]:
    """Return the processes that send or receive the memory of a domain, in this Dom0."""
    said = shell.run(_HELPERS, check=False).stdout
    return [int(found["pid"]) for found in _HELPER.finditer(said) if int(found["domid"]) == domid]


def end_stream(shell: HostShell, domid: int | None) -> bool:
    """End the sending or receiving of a domain's memory.

    Returns:
        Whether there was any.
    """
    pids = [] if domid is None else helpers(shell, domid)
    for pid in pids:
        shell.run("kill -TERM %s 2>/dev/null || :", str(pid))
    return bool(pids)
