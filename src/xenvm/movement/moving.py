"""Moving a domain to another host, and leaving exactly one copy however that ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from uuid import UUID

from xenvm.errors import (
    InvalidStateError,
    MoveError,
    MovePrerequisiteError,
    UsageError,
    XenvmError,
)
from xenvm.host import Domain, Host
from xenvm.model.driver_features import Feature
from xenvm.model.kinds import DomainState
from xenvm.model.movement import Activity, Manner, Move, MoveOptions, Standing

from .cold import move_saved, move_shut_off
from .course import Course, Report, Telling, silent
from .means import means_of
from .prerequisites import lacks
from .settling import Side, owner, settle
from .standing import Place
from .streaming import stream_over

_MOVERS: Mapping[Manner, Callable[[Course], None]] = {
    Manner.LIVE: stream_over,
    Manner.STILL: stream_over,
    Manner.SAVED: move_saved,
    Manner.SHUT_OFF: move_shut_off,
}
_RUNNING = frozenset({DomainState.RUNNING, DomainState.BLOCKED})
_FROM: Mapping[Manner, tuple[frozenset[DomainState], str]] = {
    Manner.LIVE: (_RUNNING, "start or unpause it, or move it shut off"),
    Manner.STILL: (_RUNNING, "start or unpause it, or move it shut off"),
    Manner.SAVED: (_RUNNING, "start or unpause it, or move it shut off"),
    Manner.SHUT_OFF: (frozenset({DomainState.SHUT_OFF}), "shut it down, or move it live"),
}
"""The states from which a domain can move, and what to do about another. A paused guest cannot let
go of its memory: it takes part in that."""


def migrate(
    key: str | UUID,
    *,
    source: Host,
    destination: Host,
    options: MoveOptions | None = None,
    report: Report = silent,
) -> Move:
    """Move a domain to another host.

    Live, its memory goes from host to host, and the caller only steers. Both hosts are looked at
    afterwards, whatever happened, and what is left over of the move is removed.

    Args:
        key: The domain's name or UUID at the source.
        source: Where it is.
        destination: Where it is to go.
        options: How; live, and to the destination's own name, when None.
        report: Told how it goes; what it raises aborts the move, and is raised afterwards.

    Returns:
        What stands at both ends, and how long it took.

    Raises:
        NotFoundError: The source has no such domain.
        NotSupportedError: A host's driver cannot migrate.
        MovePrerequisiteError: It cannot move as things are; names all that is missing.
        InvalidStateError: It is not in the state from which it can move in that manner.
        UsageError: The options contradict each other.
        MoveError: It did not move; names what stands at both ends.
        KeyboardInterrupt: Ctrl-C aborted it; its argument says what stands at both ends.
        BaseException: What ``report`` raised, which aborted it; its note says what stands.
    """
    wish = options or MoveOptions()
    if wish.name and wish.manner is Manner.SAVED:
        raise UsageError("a saved domain keeps its name: leave the new name out, or move it live")
    for host in (source, destination):
        host.driver.require(Feature.MIGRATE)
    telling = Telling(report)
    course = _course(source.domain(key), source, destination, wish, telling)
    cause = _raised(lambda: _MOVERS[wish.manner](course))
    unheard = _raised(lambda: course.say("looking at both hosts"))
    stood = _settled(course, cause)
    cause = cause or telling.broken or unheard
    if cause and not isinstance(cause, XenvmError | KeyboardInterrupt):
        cause.add_note(f"what stands: {'; '.join(map(str, stood))}")
        raise cause
    if _is_done(course.options, stood) and not isinstance(cause, KeyboardInterrupt):
        return Move(
            domain=wish.name or course.domain.name,
            manner=wish.manner,
            source=stood[0],
            destination=stood[1],
            elapsed_s=course.elapsed_s,
            notes=_notes(course, cause),
        )
    failure = _failure(course, stood, cause)
    raise failure from cause


def _course(
    domain: Domain, source: Host, destination: Host, options: MoveOptions, report: Report
) -> Course:
    """Return a move that may begin.

    Raises:
        MovePrerequisiteError: It cannot move as things are.
        InvalidStateError: It is not in a state from which it can move.
    """
    config = domain.config()
    here, there = means_of(source, config), means_of(destination, config)
    missing = lacks(config, options, here, there)
    if missing:
        raise MovePrerequisiteError(domain.name, there.host, missing)
    states, cure = _FROM[options.manner]
    if (state := domain.state) not in states:
        raise InvalidStateError(f"{domain.name} is {state}, and cannot move so: {cure}")
    if options.manner is Manner.SHUT_OFF and domain.saving.has_managed:
        raise InvalidStateError(
            f"{domain.name} has a managed save, which would stay behind: start it and move it live,"
            " or remove that (virsh managedsave-remove)"
        )
    return Course(
        domain=domain,
        source=Place(host=source, name=here.host, uuid=domain.uuid),
        destination=Place(host=destination, name=there.host, uuid=domain.uuid),
        options=options,
        report=report,
    )


def _raised(step: Callable[[], None]) -> BaseException | None:
    """Return what a step raises: whatever it is, both hosts are looked at first."""
    try:
        step()
    except BaseException as exc:
        return exc
    return None


def _settled(course: Course, cause: BaseException | None) -> tuple[Standing, Standing]:
    """Return what stands at both ends, with one copy left.

    Raises:
        MoveError: A host cannot be reached, memory is still on its way, or a copy is stuck.
    """
    options = course.options
    ends = course.source, course.destination
    try:
        if options.manner is Manner.SHUT_OFF:
            return ends[0].standing(), ends[1].standing()
        return settle(*ends, moved=cause is None, paused=options.paused, keep=options.keep_source)
    except XenvmError as exc:
        before = f"; before that: {cause}" if cause else ""
        raise MoveError(
            f"{course.domain.name} may stand on both hosts, see to it that one copy goes on: "
            f"{exc}{before}",
            standing=[_seen(place) for place in ends],
        ) from exc


def _seen(place: Place) -> str:
    """Return what stands at one end, as far as anybody can look now."""
    try:
        return str(place.standing())
    except XenvmError:
        return f"{place.name}: unknown"


def _is_done(options: MoveOptions, stood: tuple[Standing, Standing]) -> bool:
    """Return whether what stands is what was asked for."""
    here, there = stood
    if options.manner is Manner.SHUT_OFF:
        return there.is_defined and here.is_defined is options.keep_source
    wanted = Activity.PAUSED if options.paused else Activity.RUNNING
    return there.activity is wanted and not here.is_there


def _notes(course: Course, cause: BaseException | None) -> tuple[str, ...]:
    """Give the domain its cap again, which Xen forgot.

    Returns:
        What went otherwise than asked, in words.
    """
    said = [] if cause is None else [f"nevertheless it was said: {cause}"]
    if course.options.manner is not Manner.SHUT_OFF:
        try:
            course.destination.host.domain(course.domain.uuid).vcpus.put_back_cap()
        except XenvmError as exc:
            said.append(f"its cap could not be set again: {exc}")
    return tuple(said)


def _failure(
    course: Course, stood: tuple[Standing, Standing], cause: BaseException | None
) -> BaseException:
    """Return what to raise for a move that was not done."""
    here, there = stood
    if course.options.manner is Manner.SHUT_OFF:
        side = Side.DESTINATION if there.is_defined else Side.SOURCE
    else:
        side = owner(here, there, moved=False)
    where = {
        Side.SOURCE: f"did not move to {there.host}",
        Side.DESTINATION: f"moved to {there.host}",
        Side.NEITHER: "runs nowhere",
    }[side]
    text, standing = f"{course.domain.name} {where}", [str(here), str(there)]
    if cause and str(cause):
        text = f"{text}: {cause}"
    if sleeping := [end.host for end in stood if end.activity is Activity.SUSPENDED]:
        text = (
            f"{text}; it sleeps on {sleeping[0]}: there, systemctl restart libvirtd and virsh"
            f" dompmwakeup {course.domain.name} wake it"
        )
    if isinstance(cause, KeyboardInterrupt):
        return KeyboardInterrupt(f"{text}; what stands: {'; '.join(standing)}")
    return MoveError(text, standing=standing)
