"""Moving a domain's memory from host to host: libvirt's migration, watched, aborted by libxl."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor, wait

from xenvm.errors import OperationTimeoutError

from .course import Course
from .standing import reached

LOOK_EVERY_S = 0.5
ABORT_GRACE_S = 60.0
"""Seconds for an aborted migration to end, at both ends."""


def stream_over(course: Course) -> None:
    """Have libvirt migrate a domain, and abort that when it takes too long or on Ctrl-C.

    Raises:
        XenvmError: It did not move, or nobody knows whether it did.
        BaseException: Ctrl-C, or what the report raised, aborted it.
    """
    receive = course.destination.host.receive
    with ThreadPoolExecutor(1, thread_name_prefix="xenvm-move") as pool:
        call = pool.submit(
            receive, course.domain, course.options,
            deadline_s=course.options.deadline_s + 2 * ABORT_GRACE_S,
        )  # fmt: skip
        why = _watched(course, call)
    failed = call.exception()
    if failed is not None:
        raise why or failed from failed


def _watched(course: Course, call: Future[None]) -> BaseException | None:
    """Return why a migration was aborted; None when it was left to its own end."""
    why: BaseException | None = None
    while not call.done():
        try:
            course.say("aborting" if why else "moving its memory")
            wait([call], timeout=LOOK_EVERY_S)
            if why is None:
                _refuse_late(course)
        except BaseException as exc:
            why = why or exc
            _abort(course)
    return why


def _refuse_late(course: Course) -> None:
    if course.is_late:
        limit_s = course.options.deadline_s
        raise OperationTimeoutError(f"it took longer than {limit_s:.0f} s and was aborted")


def _abort(course: Course) -> None:
    """End the stream of memory at both ends; libvirt's call then ends by itself."""
    for place in (course.source, course.destination):
        with reached(place) as there:
            there.end_stream()
