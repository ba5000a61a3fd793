"""Calls that may block for ever, each on a daemon thread, with a deadline for whoever waits."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import TypeVar

from xenvm.errors import WaitTimeoutError

T = TypeVar("T")


class _Worker:
    """A daemon thread that does one job after the other, and is idle between them."""

    def __init__(self) -> None:
        self._jobs: SimpleQueue[Callable[[], None]] = SimpleQueue()
        threading.Thread(target=self._work, name="xenvm-worker", daemon=True).start()

    def give(self, job: Callable[[], None]) -> None:
        self._jobs.put(job)

    def _work(self) -> None:
        while True:
            job = self._jobs.get()
            job()
            del job


_idle: list[_Worker] = []


def call_within(what: str, function: Callable[[], T], *, deadline_s: float) -> T:
    """Return what ``function`` returns or raises, if it does so in time.

    Args:
        what: What is done, as a noun phrase for the error.
        function: Runs on another thread; past its deadline it is left there, its result unread.
        deadline_s: Seconds to wait.

    Returns:
        The function's result.

    Raises:
        WaitTimeoutError: It has not ended within ``deadline_s``.
    """
    future: Future[T] = Future()
    worker = _take()

    def job() -> None:
        try:
            result = function()
        except BaseException as exc:
            _idle.append(worker)
            future.set_exception(exc)
        else:
            # Idle before the result is out, so that the next call finds this worker.
            _idle.append(worker)
            future.set_result(result)

    worker.give(job)
    try:
        future.exception(deadline_s)
    except TimeoutError as exc:
        raise WaitTimeoutError(what, waited_s=deadline_s) from exc
    return future.result()


def _take() -> _Worker:
    try:
        return _idle.pop()
    except IndexError:
        return _Worker()
