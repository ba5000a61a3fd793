"""Moving a domain to another host, and leaving exactly one copy however that ends."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from uuid import UUID

from xenvm.errors import InvalidStateError, LibvirtError, MoveError, MovePrerequisiteError
from xenvm.host import Domain, Host
from xenvm.model.kinds import DomainState
from xenvm.model.movement import Activity, Manner, Move, MoveOptions, MoveProgress, Standing

from .means import means_of
from .prerequisites import lacks
from .settling import Side, owner, settle
from .standing import Place, reached
from .stream import end_stream

Report = Callable[[MoveProgress], None]
"""Called about twice a second while a domain moves."""

LOOK_EVERY_S = 0.5
ABORT_GRACE_S = 60.0
"""Seconds for an aborted migration to end, at both ends."""


def silent(progress: MoveProgress) -> None:
    """Show nothing."""
    del progress


@dataclass(frozen=True, slots=True, kw_only=True)
class _Course:
    """A move on its way."""

    domain: Domain
    source: Place
    destination: Place
    options: MoveOptions
    report: Report
    began_s: float

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self.began_s

    @property
    def is_late(self) -> bool:
        return self.elapsed_s > self.options.deadline_s

    def say(self, doing: str) -> None:
        limit_s = self.options.deadline_s
        self.report(MoveProgress(doing=doing, elapsed_s=self.elapsed_s, deadline_s=limit_s))


def migrate(
    key: str | UUID,
    *,
    source: Host,
    destination: Host,
    options: MoveOptions | None = None,
    report: Report = silent,
) -> Move:
    """Move a domain to another host.

    The data goes from host to host; the caller only steers. Both hosts are looked at afterwards,
    whatever happened, and what is left over of the move is removed.

    Args:
        key: The domain's name or UUID at the source.
        source: Where it is.
        destination: Where it is to go.
        options: How; live, and to the destination's own name, when None.
        report: Told how it goes.

    Returns:
        What stands at both ends, and how long it took.

    Raises:
        NotFoundError: The source has no such domain.
        MovePrerequisiteError: It cannot move as things are; names all that is missing.
        InvalidStateError: It is not in the state from which it can move in that manner.
        MoveError: It did not move; names what stands at both ends.
        KeyboardInterrupt: Ctrl-C aborted it; its argument says what stands at both ends.
    """
    wish = options or MoveOptions()
    domain = source.domain(key)
    course = _course(domain, source, destination, wish, report)
    with ThreadPoolExecutor(1, thread_name_prefix="xenvm-move") as pool:
        deadline_s = wish.deadline_s + 2 * ABORT_GRACE_S
        call = pool.submit(destination.receive, domain, wish, deadline_s=deadline_s)
        cause = _end_of(course, call)
    course.say("looking at both hosts")
    stood = _settled(course, moved=cause is None)
    return _told(course, stood, cause)


def _course(
    domain: Domain, source: Host, destination: Host, options: MoveOptions, report: Report
) -> _Course:
    """Return a move that may begin.

    Raises:
        MovePrerequisiteError: It cannot move as things are.
        InvalidStateError: It is not in a state from which it can move.
    """
    began_s = time.monotonic()
    config = domain.config()
    here, there = means_of(source, config), means_of(destination, config)
    missing = lacks(config, options, here, there)
    if missing:
        raise MovePrerequisiteError(domain.name, there.host, missing)
    state = domain.state
    if state not in {DomainState.RUNNING, DomainState.BLOCKED}:
        raise InvalidStateError(
            f"{domain.name} is {state}: only a running guest can let go of its memory; start or"
            " unpause it, or move it shut off"
        )
    return _Course(
        domain=domain,
        source=Place(host=source, name=here.host, uuid=domain.uuid),
        destination=Place(host=destination, name=there.host, uuid=domain.uuid),
        options=options,
        report=report,
        began_s=began_s,
    )


def _end_of(course: _Course, call: Future[None]) -> BaseException | None:
    """Wait for libvirt's call, abort it when it takes too long or on Ctrl-C.

    Returns:
        Why it did not move; None when libvirt says that it did.
    """
    why: BaseException | None = None
    while not call.done():
        try:
            course.say("moving its memory" if why is None else "aborting")
            wait([call], timeout=LOOK_EVERY_S)
            if why is None and course.is_late:
                why = TimeoutError(f"it took longer than {course.options.deadline_s:.0f} s")
                _abort(course)
        except KeyboardInterrupt as exc:
            why = exc
            _abort(course)
    failed = call.exception()
    return None if failed is None else why or failed


def _abort(course: _Course) -> None:
    """End the stream of memory at both ends; libvirt's call then ends by itself."""
    for place in (course.source, course.destination):
        with reached(place) as there:
            end_stream(there.host.shell, there.standing().domid)


def _settled(course: _Course, *, moved: bool) -> tuple[Standing, Standing]:
    options = course.options
    try:
        return settle(
            course.source, course.destination,
            moved=moved, paused=options.paused, keep=options.keep_source,
        )  # fmt: skip
    except (LibvirtError, TimeoutError) as exc:
        raise MoveError(
            f"{course.domain.name} may stand on both hosts, and nobody can look now: {exc}",
            standing=[f"{place.name}: unknown" for place in (course.source, course.destination)],
        ) from exc


def _told(course: _Course, stood: tuple[Standing, Standing], cause: BaseException | None) -> Move:
    """Return the move that was done.

    Raises:
        MoveError: It was not done.
        KeyboardInterrupt: Ctrl-C was the reason.
    """
    here, there = stood
    wanted = Activity.PAUSED if course.options.paused else Activity.RUNNING
    name = course.options.name or course.domain.name
    if there.activity is wanted and not here.is_there and not isinstance(cause, KeyboardInterrupt):
        return Move(
            domain=name,
            manner=Manner.LIVE,
            source=here,
            destination=there,
            elapsed_s=course.elapsed_s,
            notes=() if cause is None else (f"libvirt said: {cause}",),
        )
    where = {
        Side.SOURCE: f"did not move to {there.host}",
        Side.DESTINATION: f"moved to {there.host}",
        Side.NEITHER: "is gone: it ended on its way",
    }[owner(here, there, moved=cause is None)]
    standing = [str(here), str(there)]
    if isinstance(cause, KeyboardInterrupt):
        raise KeyboardInterrupt(f"{name} {where}; what stands: {'; '.join(standing)}") from cause
    raise MoveError(f"{name} {where} ({cause})", standing=standing) from cause
