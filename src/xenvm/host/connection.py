"""A libvirt connection on which every call has a deadline and every error is ours."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import TypeVar

from xenvm.errors import (
    HostConnectionError,
    LibvirtError,
    OperationTimeoutError,
    WaitTimeoutError,
)
from xenvm.model.driver_features import LIBXL, TEST, DriverFeatures

from . import _libvirt
from ._workers import call_within

T = TypeVar("T")

CALL_DEADLINE_S = 30.0
"""Seconds for a call that only asks or tells; slower ones say their own."""

_KEEPALIVE_INTERVAL_S = 10
_KEEPALIVE_COUNT = 6
_CLOSE_DEADLINE_S = 5.0
_CLOSED = "closed"
_GIVEN_UP = "given up"


class Connection:
    """A libvirt connection, which threads may share; a read opens it again after it broke.

    Attributes:
        raw: libvirt's object, for what :meth:`call` runs.
        generation: How often it was opened again: handles of an earlier one are dead.
        driver: What the driver behind it can do.
    """

    def __init__(self, uri: str, *, deadline_s: float):
        self.generation = 0
        self.driver: DriverFeatures = TEST if uri.startswith("test:") else LIBXL
        self._uri = uri
        self._open_deadline_s = deadline_s
        self._unusable = ""
        self._opening = threading.Lock()
        self._changing = threading.Lock()
        self._losses: list[Callable[[str], None]] = []
        self.raw: _libvirt.RawConnection = self._open(self.generation)

    @property
    def is_usable(self) -> bool:
        """Return whether changes can be made; if not, a read may cure it."""
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
        """Return what ``function``, which calls libvirt, returns; it may change the host.

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
            cure = "" if self._unusable == _CLOSED else ", as any read does by itself"
            raise HostConnectionError(f"the connection is {self._unusable}: connect again{cure}")
        generation = self.generation
        try:
            return call_within(what, translated(function), deadline_s=deadline_s)
        except HostConnectionError as exc:
            self._lose(f"broken, since {what}", generation)
            raise HostConnectionError(
                f"the connection broke while {what}, and whether that was done is not known: see "
                "that the host is up, look (any read connects again), and repeat it if need be",
                code=exc.code,
                domain=exc.domain,
                detail=str(exc),
            ) from exc
        except WaitTimeoutError as exc:
            # The call still sits in libvirt; nobody knows what it holds.
            given_up = f"{_GIVEN_UP}, because {what} did not end within {deadline_s:.0f} s"
            self._lose(given_up, generation)
            raise OperationTimeoutError(
                f"{what} did not end within {deadline_s:.0f} s: see whether the host is well, "
                "and connect again"
            ) from exc

    def read(
        self,
        what: str,
        ask: Callable[[_libvirt.RawConnection], T],
        *,
        deadline_s: float = CALL_DEADLINE_S,
    ) -> T:
        """Return what ``ask``, which changes nothing, returns; on a new connection if need be.

        Args:
            what: What is asked, as a noun phrase for errors.
            ask: Calls libvirt; runs on another thread, and once more if the connection broke.
            deadline_s: Seconds after which to give up.

        Raises:
            LibvirtError: Or one of its kinds, as for :meth:`call`.
            OperationTimeoutError: ``deadline_s`` passed; it is not asked again.
        """
        generation = self.generation
        if not self._unusable:
            try:
                return self.call(what, lambda: ask(self.raw), deadline_s=deadline_s)
            except HostConnectionError:
                pass
            except LibvirtError as exc:
                if exc.code or isinstance(exc, OperationTimeoutError):
                    raise
                # The garbage collector wiped the error out before anybody could read it.
        self._open_again(generation)
        return self.call(what, lambda: ask(self.raw), deadline_s=deadline_s)

    def tell_losses(self, listener: Callable[[str], None]) -> Callable[[], None]:
        """Call ``listener`` with the cause when this connection is lost.

        Returns:
            What ends that.
        """
        self._losses.append(listener)

        def end() -> None:
            with contextlib.suppress(ValueError):
                self._losses.remove(listener)

        return end

    def close(self) -> None:
        """Close it, for good; twice does no harm."""
        with self._changing:
            if self._unusable == _CLOSED:
                return
            was_lost, self._unusable = bool(self._unusable), _CLOSED
        self._tell(_CLOSED)
        if not was_lost:
            self._leave(self.raw)

    def _open(self, generation: int) -> _libvirt.RawConnection:
        what = "opening the libvirt connection"
        try:
            raw = call_within(
                what,
                translated(lambda: _libvirt.open_connection(self._uri)),
                deadline_s=self._open_deadline_s,
            )
        except WaitTimeoutError as exc:
            raise OperationTimeoutError(f"{exc}: see whether the host is well") from exc

        def on_close(_raw: _libvirt.RawConnection, _reason: int, _opaque: object) -> None:
            self._lose("broken: the host ended it, or was not heard from", generation)

        # Local drivers have neither; a broken local socket tells of itself.
        with contextlib.suppress(LibvirtError, WaitTimeoutError):
            watch = translated(lambda: _watch(raw, on_close))
            call_within(what, watch, deadline_s=CALL_DEADLINE_S)
        return raw

    def _open_again(self, generation: int) -> None:
        """Open it again, unless it was closed, or another thread has done so since.

        Raises:
            HostConnectionError: It cannot be.
        """
        with self._opening:
            lost = self._unusable and self._unusable != _CLOSED
            if self.generation != generation or not lost:
                return
            old, was_lost = self.raw, self._unusable
            try:
                new = self._open(generation + 1)
            except HostConnectionError as exc:
                raise HostConnectionError(
                    f"the connection is {was_lost}, and cannot be opened again: see that the host "
                    "is up and that libvirtd runs in its Dom0",
                    code=exc.code,
                    domain=exc.domain,
                    detail=str(exc),
                ) from exc
            with self._changing:
                was_closed = self._unusable == _CLOSED
                if not was_closed:
                    self.raw, self.generation, self._unusable = new, generation + 1, ""
        if was_closed:  # meanwhile, by another thread
            self._leave(new)
        if not was_lost.startswith(_GIVEN_UP):  # In such a one a call still sits.
            self._leave(old)

    def _lose(self, why: str, generation: int) -> None:
        with self._changing:
            if generation != self.generation or self._unusable:
                return
            self._unusable = why
        self._tell(why)

    def _tell(self, why: str) -> None:
        for listener in [*self._losses]:
            listener(why)

    @staticmethod
    def _leave(raw: _libvirt.RawConnection) -> None:
        """Close libvirt's connection; a host that no longer answers need not be told."""
        for leave in (raw.unregisterCloseCallback, raw.close):
            with contextlib.suppress(LibvirtError, WaitTimeoutError):
                call_within("closing", translated(leave), deadline_s=_CLOSE_DEADLINE_S)


def _watch(raw: _libvirt.RawConnection, on_close: _libvirt.CloseCallback) -> None:
    raw.registerCloseCallback(on_close, None)
    raw.setKeepAlive(_KEEPALIVE_INTERVAL_S, _KEEPALIVE_COUNT)


def translated(function: Callable[[], T]) -> Callable[[], T]:
    """Return ``function`` with its errors as ours, translated on the thread that runs it."""

    def within() -> T:
        with _libvirt.translated_errors():
            return function()

    return within
