"""A run as it goes: a bar with the time left on a terminal, else a line per step."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn

from xenvm.lab.progress import Step as LabStep
from xenvm.model.verdict import EvidenceClass
from xenvm.qualify.journal import Event, Record
from xenvm.qualify.report import duration_text, estimate_text
from xenvm.qualify.visit import Watcher

TRUST_AFTER_S = 20.0
"""From then on the pace so far, and not the estimates alone, says how long the rest takes."""


class Pace:
    """How far a run is, and how long it still takes.

    The estimates say how the parts compare; the clock says how fast this host does them.
    """

    def __init__(self) -> None:
        self._estimates_s: Mapping[str, float] = {}
        self._done_s = 0.0
        self._current_s = 0.0
        self._fraction = 0.0
        self._began_s = time.monotonic()

    def plan(self, estimates_s: Mapping[str, float]) -> None:
        """Hear what will be done; the clock starts here."""
        self._estimates_s = estimates_s
        self._began_s = time.monotonic()

    def attempt(self, record: Record) -> None:
        """Hear that a test starts."""
        ids = record.get("requirements")
        self._current_s = sum(
            self._estimates_s.get(str(id_), 0.0) for id_ in (ids if isinstance(ids, list) else [])
        )
        self._fraction = 0.0

    def progress(self, record: Record) -> None:
        """Hear how far the running test is."""
        fraction = record.get("fraction")
        self._fraction = float(fraction) if isinstance(fraction, int | float) else 0.0

    def attempt_ended(self) -> None:
        """Hear that a test ended."""
        self._done_s += self._current_s
        self._current_s = self._fraction = 0.0

    @property
    def _total_s(self) -> float:
        return sum(self._estimates_s.values())

    @property
    def fraction(self) -> float:
        """Return how far the run is, from 0 to 1."""
        if not self._total_s:
            return 0.0
        return min(1.0, (self._done_s + self._fraction * self._current_s) / self._total_s)

    @property
    def left_s(self) -> float:
        """Return how many seconds are left."""
        took_s = time.monotonic() - self._began_s
        done_s = self.fraction * self._total_s
        pace = took_s / done_s if took_s > TRUST_AFTER_S and done_s else 1.0
        return max(0.0, (self._total_s - done_s) * pace)


class LineWatcher:
    """Tells a run as plain lines, for logs."""

    def __init__(self, console: Console):
        self.console = console
        self.pace = Pace()

    def lab(self, step: LabStep) -> None:
        """Tell a step of the lab's coming up."""
        self.say(f"{step.text} ({estimate_text(step.estimate_s)})")

    def phase(self, text: str) -> None:
        """Tell what the run does now."""
        self.say(text)

    def seen(self, evidence: EvidenceClass, estimates_s: Mapping[str, float]) -> None:
        """Tell what kind of host it is, and how long the run takes."""
        self.pace.plan(estimates_s)
        self.say(f"{evidence} evidence; {estimate_text(self.pace.left_s)} to go")

    def record(self, record: Record) -> None:
        """Tell of tests that start; follow the others."""
        event = record["event"]
        if event == Event.ATTEMPT_STARTED:
            self.pace.attempt(record)
            self.started(record)
        elif event == Event.PROGRESS:
            self.pace.progress(record)
            self.progressed(record)
        elif event == Event.ATTEMPT_ENDED:
            self.pace.attempt_ended()

    def started(self, record: Record) -> None:
        """Tell of a test that starts."""
        left = duration_text(self.pace.left_s)
        self.say(f"[{record['step']}/{record['steps']}] {_text(record)} ({left} left)")

    def progressed(self, record: Record) -> None:
        """Say nothing: a log needs no more than a line per test."""

    def say(self, text: str) -> None:
        """Print a line, as it is."""
        self.console.print(text, markup=False, highlight=False)


class BarWatcher(LineWatcher):
    """Tells a run with a bar that moves."""

    def __init__(self, console: Console, progress: Progress):
        super().__init__(console)
        self._progress = progress
        self._task = progress.add_task("", total=1.0, left="")

    def lab(self, step: LabStep) -> None:
        """Show a step of the lab's coming up."""
        self._show(f"{step.text} ({estimate_text(step.estimate_s)})")

    def phase(self, text: str) -> None:
        """Show what the run does now."""
        self._show(text)

    def record(self, record: Record) -> None:
        """Show the test that runs, and how far the run is."""
        super().record(record)
        self._progress.update(
            self._task,
            completed=self.pace.fraction,
            left=f"{duration_text(self.pace.left_s)} left",
        )

    def started(self, record: Record) -> None:
        """Show the test that starts."""
        self._show(f"{record['step']}/{record['steps']} {_text(record)}")

    def progressed(self, record: Record) -> None:
        """Show what the running test does."""
        if record.get("text"):
            self._show(str(record["text"]))

    def _show(self, text: str) -> None:
        self._progress.update(self._task, description=text[:70])


@contextlib.contextmanager
def run_progress() -> Iterator[Watcher]:
    """Show a run on standard error for as long as it goes.

    Yields:
        What the run tells of itself.

    Raises:
        KeyboardInterrupt: Ctrl-C, before the run changed anything; says that nothing is left.
    """
    try:
        with _shown() as watcher:
            yield watcher
    except KeyboardInterrupt as exc:
        raise KeyboardInterrupt("nothing was left on the host") from exc


@contextlib.contextmanager
def _shown() -> Iterator[Watcher]:
    console = Console(stderr=True, soft_wrap=True)
    if not console.is_terminal:
        yield LineWatcher(console)
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(24),
        TaskProgressColumn(),
        TextColumn("{task.fields[left]}", markup=False),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        yield BarWatcher(console, progress)


def _text(record: Record) -> str:
    """Return which requirements a test answers for, and what it does."""
    ids = record.get("requirements")
    names = ", ".join(map(str, ids)) if isinstance(ids, list) else ""
    return f"{names}: {record.get('text')}"
