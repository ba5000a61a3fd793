"""What a person sees when a command takes its time: nothing for two seconds, then what it does."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from rich.console import Console

PATIENCE_S = 2.0


@contextlib.contextmanager
def patience(text: str) -> Iterator[None]:
    """Say what is done once it takes longer than two seconds: a spinner on a terminal, else a line.

    Args:
        text: What is done, such as ``starting web``.

    Yields:
        Nothing.
    """
    console = Console(stderr=True, highlight=False)
    status = console.status(text)
    show = status.start if console.is_terminal else lambda: console.print(f"{text} …")
    timer = threading.Timer(PATIENCE_S, show)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        status.stop()
