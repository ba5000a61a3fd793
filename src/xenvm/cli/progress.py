"""A bar for steps whose length is known only roughly: it moves with the clock."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from xenvm.lab.progress import Report, Step

NEVER_QUITE = 0.97
"""How far a step's bar may run before the step is known to have ended."""
TICK_S = 0.5


@contextlib.contextmanager
def lab_progress() -> Iterator[Report]:
    """Show the steps of bringing a lab up: a bar on a terminal, else a line per step.

    Yields:
        What the lab reports its steps to.
    """
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda step: console.print(f"{step.text} (about {step.estimate_s:.0f} s)")
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(20),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        bar = _Bar(progress)
        try:
            yield bar.step
        finally:
            bar.close()


class _Bar:
    """Moves the bar of the current step once every tick."""

    def __init__(self, progress: Progress):
        self._progress = progress
        self._step: Step | None = None
        self._ended = threading.Event()
        self._task = progress.add_task("starting", total=1.0, start=False, visible=False)
        self._ticker = threading.Thread(target=self._tick, daemon=True)
        self._ticker.start()

    def step(self, step: Step) -> None:
        """Begin another step."""
        self._step = step
        self._progress.reset(self._task, description=step.text, total=step.estimate_s, visible=True)

    def _tick(self) -> None:
        while not self._ended.wait(TICK_S):
            if self._step:
                task = self._progress.tasks[0]
                most = NEVER_QUITE * self._step.estimate_s
                self._progress.update(self._task, completed=min(task.elapsed or 0.0, most))

    def close(self) -> None:
        """Stop moving."""
        self._ended.set()
        self._ticker.join()
