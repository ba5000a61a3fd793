"""The journal: every attempt, deed and verdict of a run, one JSON record per line, never rewritten.

A record reaches the disk before the deed it announces, so that whatever happens afterwards, the
journal names everything that may exist on the host. Both the run and its suite append to it.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from xenvm.errors import OutputError, UsageError
from xenvm.model.verdict import Verdict

from .documents import Json, verdict_to_json
from .names import RUNS_FOLDER, run_prefix

JOURNAL_FILE = "journal.jsonl"

Record = dict[str, Json]
"""One line of a journal: ``t`` (UTC, ISO 8601), ``event``, and what the event carries."""


class Event(StrEnum):
    """What a record tells."""

    RUN_STARTED = "run-started"
    HOST_SEEN = "host-seen"
    SUITE_COLLECTED = "suite-collected"
    ATTEMPT_STARTED = "attempt-started"
    PROGRESS = "progress"
    MAKING = "making"
    MADE = "made"
    REMOVING = "removing"
    REMOVED = "removed"
    VERDICT = "verdict"
    ATTEMPT_ENDED = "attempt-ended"
    NOTE = "note"
    RUN_ENDED = "run-ended"


def now() -> str:
    """Return the time in UTC, ISO 8601 to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Journal:
    """An append-only journal; each record is one write, synced before the call returns.

    Attributes:
        path: The file.
    """

    __slots__ = ("_fd", "path")

    def __init__(self, path: Path):
        """Open ``path`` for appending, and end a line that a crash left unfinished.

        Raises:
            OutputError: The file cannot be opened.
        """
        self.path = path
        try:
            self._fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
            if _ends_in_mid_line(self._fd):
                os.write(self._fd, b"\n")
        except OSError as exc:
            raise OutputError(f"cannot write {path}: {exc.strerror}") from exc

    def write(self, event: Event, **fields: Json) -> None:
        """Append one record and sync it to the disk.

        Raises:
            OutputError: The disk took less than the whole record.
        """
        record = {"t": now(), "event": event.value, **fields}
        line = json.dumps(record, ensure_ascii=False, allow_nan=False).encode() + b"\n"
        try:
            written = os.write(self._fd, line)
            os.fsync(self._fd)
        except OSError as exc:
            raise OutputError(f"cannot write {self.path}: {exc.strerror}") from exc
        if written != len(line):
            raise OutputError(f"cannot write {self.path}: the disk is full")

    def verdict(self, verdict: Verdict) -> None:
        """Append a verdict."""
        self.write(Event.VERDICT, verdict=verdict_to_json(verdict))

    def note(self, text: str) -> None:
        """Append a remark for whoever reads the journal later."""
        self.write(Event.NOTE, text=text)

    def close(self) -> None:
        """Close the file; a closed journal takes no more records."""
        os.close(self._fd)


class Ledger:
    """What a test may tell the journal: progress, notes, and what it makes and removes.

    Attributes:
        run_id: The run's four characters; all that is made carries them in its name.
    """

    __slots__ = ("_journal", "_numbers", "run_id")

    def __init__(self, journal: Journal, run_id: str):
        self._journal = journal
        self._numbers = itertools.count(1)
        self.run_id = run_id

    def next_number(self) -> int:
        """Return a number that nothing else of the run has, on whichever host."""
        return next(self._numbers)

    @contextlib.contextmanager
    def making(self, kind: str, name: str) -> Iterator[None]:
        """Announce that ``name`` is made, before it is; and that it was, when the block ends well.

        Args:
            kind: Such as ``bridge``, ``domain``, ``volume``, ``loop device``, ``file``.
            name: Its name or path; must carry the run's id, so that a restore can find it.

        Yields:
            Nothing; make it inside.

        Raises:
            UsageError: ``name`` does not carry the run's id.
        """
        if run_prefix(self.run_id) not in name and f"{RUNS_FOLDER}/{self.run_id}/" not in name:
            raise UsageError(f"«{name}» must carry {run_prefix(self.run_id)} in its name")
        self._journal.write(Event.MAKING, kind=kind, name=name)
        yield
        self._journal.write(Event.MADE, kind=kind, name=name)

    @contextlib.contextmanager
    def removing(self, kind: str, name: str) -> Iterator[None]:
        """Announce that ``name`` is removed; and that it was, when the block ends well.

        A journal that takes no more records, as on a full disk, keeps nothing from being removed.

        Yields:
            Nothing; remove it inside.
        """
        with contextlib.suppress(OutputError):
            self._journal.write(Event.REMOVING, kind=kind, name=name)
        yield
        with contextlib.suppress(OutputError):
            self._journal.write(Event.REMOVED, kind=kind, name=name)

    def progress(self, fraction: float, text: str = "") -> None:
        """Say how far the running test is, from 0 to 1, and what it is doing."""
        self._journal.write(Event.PROGRESS, fraction=min(1.0, max(0.0, fraction)), text=text)

    def note(self, text: str) -> None:
        """Leave a remark."""
        self._journal.note(text)


class Tail:
    """Follows a journal that somebody else appends to."""

    __slots__ = ("_offset_bytes", "_path")

    def __init__(self, path: Path, *, offset_bytes: int = 0):
        self._path = path
        self._offset_bytes = offset_bytes

    def read(self) -> list[Record]:
        """Return the whole records that came since the last call; half a line waits for its end."""
        with self._path.open("rb") as file:
            file.seek(self._offset_bytes)
            text = file.read()
        whole = text[: text.rfind(b"\n") + 1]
        self._offset_bytes += len(whole)
        return parse_records(whole.decode(errors="replace"))


def parse_records(text: str) -> list[Record]:
    """Return the records in ``text``; a line that a crash cut short is left out."""
    records = []
    for line in text.split("\n"):
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict) and "event" in record:
            records.append(record)
    return records


def _ends_in_mid_line(fd: int) -> bool:
    size = os.fstat(fd).st_size
    return size > 0 and os.pread(fd, 1, size - 1) != b"\n"
