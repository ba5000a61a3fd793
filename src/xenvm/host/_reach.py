"""How far a change of a domain reaches: the running guest, its definition, or both."""

from __future__ import annotations

from collections.abc import Callable, Collection

from xenvm.errors import ReallocationError, XenvmError

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


def change(
    what: str,
    places: Collection[int],
    *,
    live: Callable[[], object],
    undo: Callable[[], object],
    define: Callable[[], object],
) -> None:
    """Change the running guest, then its definition; when that fails, the guest is as before.

    Args:
        what: What the guest is given, for people.
        places: What :func:`reach` returned.
        live: Changes the running guest; leaves it as it was when it fails.
        undo: Gives the running guest back what it had.
        define: Changes the definition.

    Raises:
        ReallocationError: Neither could the definition be changed nor the guest given back what it
            had; says what it has.
        XenvmError: It failed; nothing has changed.
    """
    if _libvirt.AFFECT_LIVE in places:
        live()
    try:
        if _libvirt.AFFECT_CONFIG in places:
            define()
    except BaseException as exc:
        if _libvirt.AFFECT_LIVE in places:
            _take_back(what, exc, undo)
        raise


def _take_back(what: str, cause: BaseException, undo: Callable[[], object]) -> None:
    try:
        undo()
    except XenvmError as exc:
        raise ReallocationError("its definition", cause, [f"{what} ({exc})"]) from cause
