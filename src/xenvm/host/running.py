"""What a guest must take part in, refused where it cannot."""

from __future__ import annotations

from collections.abc import Callable

from xenvm.errors import InvalidStateError
from xenvm.model.kinds import DomainState
from xenvm.model.lifecycle import Ending

from . import _libvirt
from .connection import Connection

ANSWER_DEADLINE_S = 90.0
"""libxl waits 60 s for a guest to answer (xen libxl_domain.c); its domain is locked meanwhile."""


def refuse_deaf(
    connection: Connection, name: str, handle: Callable[[], _libvirt.RawDomain]
) -> None:
    """Refuse to ask a guest that is paused or has crashed: libxl would wait for its answer in vain.

    Args:
        connection: To its host.
        name: The domain's name.
        handle: Gives libvirt's handle of it.

    Raises:
        InvalidStateError: It cannot answer.
    """
    number, reason = connection.read(f"asking for {name}'s state", lambda _: handle().state())
    state = _libvirt.DOMAIN_STATES.get(number)
    if state is DomainState.SHUT_OFF and _libvirt.ENDINGS.get(reason) is Ending.CRASHED:
        raise InvalidStateError(f"{name} has crashed: dump its core or destroy it, then start it")
    if state is DomainState.PAUSED:
        raise InvalidStateError(f"{name} is paused, and its guest must take part: unpause it first")
