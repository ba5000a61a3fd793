"""Whether a host has the memory that somebody wants, asked before the host is."""

from __future__ import annotations

from xenvm.errors import OvercommitError

from .connection import Connection
from .shell import HostShell, NoShell

DOM0_LEAST_KIB = 128 * 1024
"""libxl never shrinks Dom0 further (xen 4.17 tools/libs/light/libxl_internal.h)."""

_KIB_BYTES = 1024

_YIELDING = f"""
conf=/etc/libvirt/libxl.conf
case $(sed -n 's/^[[:space:]]*autoballoon[[:space:]]*=[[:space:]]*//p' "$conf" 2>/dev/null) in
1*) ;;
0*) echo 0; exit ;;
*) xl info | grep -qE '^xen_commandline.*[ :]dom0_mem=' && {{ echo 0; exit; }} ;;
esac
mib=$(xl list 0 | awk 'END {{print $(NF - 3)}}')
echo $((mib * 1024 - {DOM0_LEAST_KIB}))
"""
"""Prints the KiB by which libvirt shrinks Dom0 to make room for a guest that starts: none where
libxl.conf says so, or where it says nothing and Xen was told how much Dom0 gets."""


def free_memory_kib(connection: Connection) -> int:
    """Return the memory that no domain has, in KiB."""
    free_bytes = connection.read("asking for free memory", lambda raw: raw.getFreeMemory())
    return free_bytes // _KIB_BYTES


def dom0_yields_kib(shell: HostShell) -> int:
    """Return the KiB by which libvirt would shrink Dom0 to make room for a guest that starts."""
    return max(0, int(shell.run(_YIELDING).stdout))


def require_free(
    connection: Connection, shell: HostShell, what: str, needed_kib: int, *, starts: bool = False
) -> None:
    """Refuse what the host has no memory for; a simulated host has no memory to run out of.

    Args:
        connection: The host's.
        shell: Its Dom0's.
        what: What needs it, for the error.
        needed_kib: How much, in KiB.
        starts: Whether it is a guest's start, for which libvirt may shrink Dom0.

    Raises:
        OvercommitError: It has less.
    """
    if needed_kib <= 0 or isinstance(shell, NoShell):
        return
    free_kib = free_memory_kib(connection)
    if needed_kib > free_kib and starts:
        free_kib += dom0_yields_kib(shell)
    if needed_kib > free_kib:
        raise OvercommitError(what, needed_kib=needed_kib, free_kib=free_kib)
