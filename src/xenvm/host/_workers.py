"""Calls that may block for ever, each on a daemon thread, with a deadline for whoever waits."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from queue import SimpleQueue
from typing import TypeVar

from xenvm.errors import WaitTimeoutError, XenvmError
from xenvm.waiting import Deadline

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
    return _result(what, _started(function), Deadline(deadline_s))


def call_side_by_side(
    what: str, functions: Sequence[Callable[[], T]], *, at_once: int, deadline_s: float
) -> list[T | XenvmError]:
    """Return what each function returns, or the error of ours that it raises, in their order.

    Args:
        what: What is done, as a noun phrase for the error.
        functions: Run on other threads; past the deadline they are left there.
        at_once: How many run at the same time.
        deadline_s: Seconds to wait for all of them together.

    Returns:
        The results.

    Raises:
        WaitTimeoutError: Not all have ended within ``deadline_s``.
    """
    deadline = Deadline(deadline_s)
    pending = deque(enumerate(functions))
    results: dict[int, T | XenvmError] = {}

    def work_off() -> None:
        while not deadline.passed:
            try:
                number, function = pending.popleft()
            except IndexError:
                return
            try:
                results[number] = function()
            except XenvmError as exc:
                results[number] = exc

    workers = [_started(work_off) for _ in range(min(at_once, len(functions)))]
    for worker in workers:
        _result(what, worker, deadline)
    if len(results) < len(functions):
        raise WaitTimeoutError(what, waited_s=deadline_s)
    return [results[number] for number in range(len(functions))]


def _started(function: Callable[[], T]) -> Future[T]:
    """Return the future result of a function that has begun on another thread."""
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
    return future


def _result(what: str, future: Future[T], deadline: Deadline) -> T:
    try:
        future.exception(deadline.left_s)
    except TimeoutError as exc:
        raise WaitTimeoutError(what, waited_s=deadline.length_s) from exc
    return future.result()


def _take() -> _Worker:
    try:
        return _idle.pop()
    except IndexError:
        return _Worker()
