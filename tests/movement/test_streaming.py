"""Whatever ends a move early, its stream of memory is ended, and waited for."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest

from xenvm.errors import OperationTimeoutError, ToolstackError
from xenvm.model.movement import MoveOptions, MoveProgress
from xenvm.movement import streaming
from xenvm.movement.course import Course, Telling, silent
from xenvm.movement.streaming import stream_over


def course(monkeypatch: pytest.MonkeyPatch, report: Telling, *, deadline_s: float) -> Course:
    """Return a move whose memory streams until that is aborted."""
    aborted = threading.Event()

    def receive(*_: object, **__: object) -> None:
        assert aborted.wait(10)
        raise ToolstackError("aborted")

    monkeypatch.setattr(streaming, "_abort", lambda _: aborted.set())
    end: Any = SimpleNamespace(host=SimpleNamespace(receive=receive))
    wish = MoveOptions(deadline_s=deadline_s)
    domain: Any = None
    return Course(domain=domain, source=end, destination=end, options=wish, report=report)


def test_what_takes_too_long_is_aborted(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OperationTimeoutError, match="longer than 0 s and was aborted"):
        stream_over(course(monkeypatch, Telling(silent), deadline_s=0.0))


@pytest.mark.parametrize("error", [BrokenPipeError, SystemExit, KeyboardInterrupt])
def test_a_report_that_breaks_aborts_it(
    monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    told: list[str] = []

    def report(progress: MoveProgress) -> None:
        told.append(progress.doing)
        if progress.doing == "moving its memory":
            raise error

    with pytest.raises(error) as caught:
        stream_over(course(monkeypatch, Telling(report), deadline_s=60.0))
    assert isinstance(caught.value.__cause__, ToolstackError)
    assert told[0] == "moving its memory"
