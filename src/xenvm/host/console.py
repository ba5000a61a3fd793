"""A guest's console, read without blocking: many guests at once, on one connection."""

from __future__ import annotations

import contextlib
import threading
from types import TracebackType

from xenvm.errors import HostConnectionError, LibvirtError, WaitTimeoutError
from xenvm.waiting import Deadline, pause

from . import _libvirt
from .connection import Connection

UNREAD_MAX_BYTES = 8 * 1024 * 1024
"""What a guest may say that nobody reads, before the oldest of it is lost."""

_READ_BYTES = 65536
_TRANSCRIPT_BYTES = 65536
_SEND_RETRY_S = 0.02


class Console:
    """An open console; the event loop's thread fills it.

    Attributes:
        name: The domain's name.
        end_cause: Why it ended, where libvirt said so; else empty.
    """

    def __init__(self, connection: Connection, stream: _libvirt.RawStream, name: str):
        self.name = name
        self._connection = connection
        self._stream = stream
        self._unread = bytearray()
        self._transcript = bytearray()
        self._changed = threading.Condition()
        self._ended = False
        self._closed = False
        self.end_cause = ""
        connection.call(f"listening to the console of {name}", self._listen)

    @property
    def has_ended(self) -> bool:
        """Return whether nothing more will come: the guest or the connection has gone."""
        return self._ended

    @property
    def transcript(self) -> str:
        """Return the end of all that the guest said, read or not, at most 64 KiB."""
        with self._changed:
            return self._transcript.decode(errors="replace")

    def read_bytes(self, *, deadline_s: float = 0.0) -> bytes:
        """Return all that has come and was not yet read, whole lines or not.

        Args:
            deadline_s: Seconds to wait for the first byte; 0 does not wait.
        """
        with self._changed:
            self._changed.wait_for(lambda: bool(self._unread) or self._ended, deadline_s)
            said, self._unread = bytes(self._unread), bytearray()
        return said

    def read_lines(self, *, deadline_s: float = 0.0) -> list[str]:
        """Return the whole lines that have come and were not yet read, without their ends.

        Args:
            deadline_s: Seconds to wait for the first line; 0 does not wait.

        Returns:
            Lines, oldest first; empty if none came in time or the console has ended.
        """
        with self._changed:
            self._changed.wait_for(lambda: b"\n" in self._unread or self._ended, deadline_s)
            whole, newline, rest = self._unread.rpartition(b"\n")
            if self._ended and rest:
                whole, newline, rest = self._unread, bytearray(b"\n"), bytearray()
            self._unread = bytearray(rest)
        if not newline:
            return []
        text = whole.decode(errors="replace")
        return [line.strip("\r") for line in text.split("\n")]

    def send(self, data: bytes, *, deadline_s: float = 10.0) -> None:
        """Type ``data`` into the console.

        Raises:
            HostConnectionError: The console has ended.
            WaitTimeoutError: The guest's side did not take it within ``deadline_s``.
        """
        deadline = Deadline(deadline_s)
        rest = data
        while rest:
            if self._ended or self._closed:
                raise HostConnectionError(f"the console of {self.name} has ended: open it again")
            sent = self._connection.call(
                f"writing to the console of {self.name}",
                lambda part=rest: self._stream.send(part),  # type: ignore[misc]
            )
            if sent > 0:
                rest = rest[sent:]
            elif deadline.passed:
                raise WaitTimeoutError(
                    f"the console of {self.name} to take {len(rest)} bytes", waited_s=deadline_s
                )
            else:
                pause(_SEND_RETRY_S)

    def close(self) -> None:
        """Leave the console; twice does no harm."""
        if self._closed:
            return
        self._closed = True
        # A stream that has ended has nothing to abort: the host may never answer that.
        leaves = () if self._ended else (self._stream.eventRemoveCallback, self._stream.abort)
        for leave in leaves:
            with contextlib.suppress(LibvirtError):
                self._connection.call(f"leaving the console of {self.name}", leave, deadline_s=5.0)
        self._end()

    def _listen(self) -> None:
        self._stream.eventAddCallback(
            _libvirt.STREAM_READABLE | _libvirt.STREAM_ENDED, self._on_event, None
        )

    def _on_event(self, stream: _libvirt.RawStream, events: int, _opaque: object) -> None:
        """Take what has come; on the event loop's thread, so it must neither block nor fail."""
        try:
            with _libvirt.translated_errors():
                data = stream.recv(_READ_BYTES)
        except LibvirtError as exc:
            self.end_cause = str(exc)
            data = b""
        if isinstance(data, bytes) and data:
            self._take(data)
        elif data == b"" or events & _libvirt.STREAM_ENDED:
            with contextlib.suppress(LibvirtError), _libvirt.translated_errors():
                stream.eventRemoveCallback()
            self._end()

    def _take(self, data: bytes) -> None:
        with self._changed:
            for buffer, most in (
                (self._unread, UNREAD_MAX_BYTES),
                (self._transcript, _TRANSCRIPT_BYTES),
            ):
                buffer.extend(data)
                del buffer[: max(0, len(buffer) - most)]
            self._changed.notify_all()

    def _end(self) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def __enter__(self) -> Console:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
