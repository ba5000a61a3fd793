"""A libvirt connection on which every call has a deadline and every error is ours."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TypeVar

from xenvm.errors import HostConnectionError, LibvirtError, OperationTimeoutError, WaitTimeoutError

from . import _libvirt
from ._workers import call_within

T = TypeVar("T")

CALL_DEADLINE_S = 30.0
"""Seconds for a call that only asks or tells; slower ones say their own."""

_KEEPALIVE_INTERVAL_S = 10
_KEEPALIVE_COUNT = 6
_CLOSE_DEADLINE_S = 5.0


class Connection:
    """One open libvirt connection.

    Attributes:
        raw: libvirt's object, for what :meth:`call` runs.
    """

    def __init__(self, uri: str, *, deadline_s: float):
        self._uri = uri
        self._unusable = ""
        self.raw: _libvirt.RawConnection = self.call(
            "opening the libvirt connection",
            lambda: _libvirt.open_connection(uri),
            deadline_s=deadline_s,
        )
        # Local drivers have no keepalive; a broken local socket tells of itself.
        with contextlib.suppress(LibvirtError):
            self.call(
                "setting the keepalive",
                lambda: self.raw.setKeepAlive(_KEEPALIVE_INTERVAL_S, _KEEPALIVE_COUNT),
            )

    @property
    def is_usable(self) -> bool:
        """Return whether calls can still be made."""
        if self._unusable:
            return False
        try:
            with _libvirt.translated_errors():
                return bool(self.raw.isAlive())
        except LibvirtError:
            return False

    def call(
        self, what: str, function: Callable[[], T], *, deadline_s: float = CALL_DEADLINE_S
    ) -> T:
        """Return what ``function``, which calls libvirt, returns.

        Args:
            what: What is done, as a noun phrase for errors.
            function: Calls libvirt; runs on another thread.
            deadline_s: Seconds after which to give up on it, and on this connection.

        Raises:
            LibvirtError: Or one of its kinds, as libvirt refused.
            HostConnectionError: The connection broke, is closed, or was given up.
            OperationTimeoutError: ``deadline_s`` passed.
        """
        if self._unusable:
            raise HostConnectionError(f"the connection is {self._unusable}: connect again")
        try:
            return call_within(what, _translated(function), deadline_s=deadline_s)
        except HostConnectionError as exc:
            self._unusable = f"broken, since {what}"
            raise HostConnectionError(
                f"the connection broke while {what}: see that the host is up, and connect again",
                code=exc.code,
                domain=exc.domain,
                detail=str(exc),
            ) from exc
        except WaitTimeoutError as exc:
            # The call still sits in libvirt; nobody knows what it holds.
            self._unusable = f"given up, because {what} did not end within {deadline_s:.0f} s"
            raise OperationTimeoutError(
                f"{what} did not end within {deadline_s:.0f} s: see whether the host is well, "
                "and connect again"
            ) from exc

    def close(self) -> None:
        """Close it; twice does no harm."""
        if self._unusable == "closed":
            return
        self._unusable = "closed"
        # A host that no longer answers cannot be told, and need not be.
        with contextlib.suppress(LibvirtError, WaitTimeoutError):
            call_within("closing", _translated(self.raw.close), deadline_s=_CLOSE_DEADLINE_S)


def _translated(function: Callable[[], T]) -> Callable[[], T]:
    """Return ``function`` with its errors as ours, translated on the thread that runs it."""

    def translated() -> T:
        with _libvirt.translated_errors():
            return function()

    return translated
