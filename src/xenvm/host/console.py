"""A guest's console, read without blocking: many guests at once, on one connection."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Iterator
from io import FileIO
from pathlib import Path

from xenvm.errors import HostConnectionError, LibvirtError, OutputError, WaitTimeoutError
from xenvm.waiting import Deadline, pause

from . import _libvirt
from .closing import Closing
from .connection import Connection

UNREAD_MAX_BYTES = 8 * 1024 * 1024
"""What a guest may say that nobody reads, before the oldest of it is lost."""

_READ_BYTES = 65536
_TRANSCRIPT_BYTES = 65536
_SEND_RETRY_S = 0.02
_SHOWN_BYTES = 300


class Console(Closing):
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
        self._log: FileIO | None = None
        self._log_error: OSError | None = None
        self.end_cause = ""
        self._forget_losses = connection.tell_losses(self._on_loss)
        try:
            connection.call(f"listening to the console of {name}", self._listen)
        except BaseException:
            self._forget_losses()
            raise

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

    def expect(self, pattern: str, *, deadline_s: float) -> str:
        """Return what has come and was not yet read, up to where ``pattern`` ends; it is read then.

        Args:
            pattern: A regular expression, such as ``login: $``.
            deadline_s: Seconds to wait for it.

        Raises:
            WaitTimeoutError: It did not come; carries the end of what came, which stays unread.
            HostConnectionError: The console ended before it came.
        """
        wanted = re.compile(pattern.encode())
        with self._changed:
            self._changed.wait_for(lambda: wanted.search(self._unread) or self._ended, deadline_s)
            if found := wanted.search(self._unread):
                said = bytes(self._unread[: found.end()])
                del self._unread[: found.end()]
                return said.decode(errors="replace")
            seen = self._unread[-_SHOWN_BYTES:].decode(errors="replace")
        if self._ended:
            raise HostConnectionError(f"the console of {self.name} ended; it said: {seen}")
        raise WaitTimeoutError(
            f"{pattern!r} on the console of {self.name}", waited_s=deadline_s, last_state=seen
        )

    @contextlib.contextmanager
    def logged_to(self, path: Path) -> Iterator[None]:
        """Append all that comes meanwhile to a file, read or not.

        Args:
            path: The file.

        Yields:
            Nothing.

        Raises:
            OutputError: It could not be written, such as on a full disk; the console goes on.
        """
        with path.open("ab", buffering=0) as log:
            with self._changed:
                self._log, self._log_error = log, None
            try:
                yield
            finally:
                with self._changed:
                    self._log = None
        if self._log_error:
            raise OutputError(f"{path}: {self._log_error}") from self._log_error

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
        self._forget_losses()
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
            if self._log:
                try:
                    self._log.write(data)
                except OSError as exc:
                    self._log, self._log_error = None, exc
            for buffer, most in (
                (self._unread, UNREAD_MAX_BYTES),
                (self._transcript, _TRANSCRIPT_BYTES),
            ):
                buffer.extend(data)
                del buffer[: max(0, len(buffer) - most)]
            self._changed.notify_all()

    def _on_loss(self, why: str) -> None:
        self.end_cause = self.end_cause or f"the connection is {why}"
        self._end()

    def _end(self) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify_all()
