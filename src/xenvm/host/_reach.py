"""How far a change of a domain reaches: the running guest, its definition, or both."""

from __future__ import annotations

from collections.abc import Callable

from . import _libvirt
from .connection import Connection

_DOM0 = 0
"""Its domid; libvirt has it for a persistent domain."""


def reach(
    connection: Connection, name: str, handle: Callable[[], _libvirt.RawDomain]
) -> tuple[int, ...]:
    """Return libvirt's flags for each place in which a domain is, the running guest first.

    Dom0 has no definition: what it boots with is said on Xen's command line. One call for each
    place, as libvirt's drivers differ in whether they take both flags at once.
    """

    def places(_: _libvirt.RawConnection) -> tuple[int, ...]:
        raw = handle()
        live = (_libvirt.AFFECT_LIVE,) if raw.isActive() else ()
        is_defined = raw.ID() != _DOM0 and raw.isPersistent()
        return (*live, _libvirt.AFFECT_CONFIG) if is_defined else live

    return connection.read(f"asking for {name}", places)
