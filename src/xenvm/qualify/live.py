"""Drive the live suite's process: follow its journal, end it in time, let it clean up."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from xenvm import processes
from xenvm.errors import OutputError
from xenvm.waiting import Deadline, pause

from .journal import JOURNAL_FILE, Record, Tail
from .suite import SUITE_ENVIRONMENT, SuiteCall, suite_argv

LOG_FILE = "suite.log"
"""What pytest printed, beside the journal; for whoever must find out what broke."""

CLEAN_UP_S = 120.0
"""How long the suite may take to remove what it made, once it is told to end."""

LOOK_EVERY_S = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteEnd:
    """How the suite ended.

    Attributes:
        interrupted: By the user.
        out_of_time: By the run's deadline.
        returncode: pytest's exit status; negative for a signal.
        log_tail: The end of what it printed.
    """

    interrupted: bool
    out_of_time: bool
    returncode: int
    log_tail: str

    @property
    def text(self) -> str:
        """Return why a test that gave no verdict gave none."""
        if self.interrupted:
            return "the run was interrupted before its live test gave a verdict"
        if self.out_of_time:
            return "the suite ran out of time before its live test gave a verdict"
        if self.returncode < 0:
            return f"the suite was killed by signal {-self.returncode}"
        return f"no live test gave a verdict; pytest ended with {self.returncode}, see {LOG_FILE}"


def run_suite(call: SuiteCall, watch: Callable[[Record], None], *, deadline_s: float) -> SuiteEnd:
    """Run the live suite to its end, whatever end that is; nothing of it is left running.

    Ctrl-C and SIGTERM are passed on once, to pytest alone: the ssh connections through which its
    tests clean up live on.

    Args:
        call: What to run.
        watch: Told of every record that the suite journals.
        deadline_s: Seconds after which the suite is told to end.

    Returns:
        How it ended.

    Raises:
        OutputError: Its log cannot be written.
    """
    journal = call.run_folder / JOURNAL_FILE
    tail = Tail(journal, offset_bytes=journal.stat().st_size)
    log_path = call.run_folder / LOG_FILE
    with _open(log_path) as log:
        process = processes.start(
            suite_argv(call), stdout=log, stderr=processes.STDOUT, env=SUITE_ENVIRONMENT
        )
    interrupted = out_of_time = False
    try:
        out_of_time = not _follow(process, tail, watch, deadline_s=deadline_s)
    except KeyboardInterrupt:
        interrupted = True
    finally:
        with deaf_to_interrupts():
            _end(process, tail, watch)
    said = log_path.read_text(encoding="utf-8", errors="replace")
    return SuiteEnd(
        interrupted=interrupted,
        out_of_time=out_of_time,
        returncode=process.returncode,
        log_tail=said[-4000:],
    )


@contextlib.contextmanager
def deaf_to_interrupts() -> Iterator[None]:
    """Ignore Ctrl-C and SIGTERM while cleaning up, as there is nothing better to do by then."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGINT, signal.SIGTERM)
    # A handler and not SIG_IGN, which the commands that clean up would inherit.
    before = [signal.signal(number, lambda _number, _frame: None) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def _follow(
    process: processes.Process, tail: Tail, watch: Callable[[Record], None], *, deadline_s: float
) -> bool:
    """Return whether the process ended in time, telling ``watch`` of its records until then."""
    deadline = Deadline(deadline_s)
    while process.poll() is None and not deadline.passed:
        for record in tail.read():
            watch(record)
        pause(LOOK_EVERY_S)
    return process.poll() is not None


def _end(process: processes.Process, tail: Tail, watch: Callable[[Record], None]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        _follow(process, tail, watch, deadline_s=CLEAN_UP_S)
    processes.end(process)
    for record in tail.read():
        watch(record)


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("ab")
    except OSError as exc:
        raise OutputError(f"cannot write {path}: {exc.strerror}") from exc
