"""Moving a domain that stands still meanwhile: its memory as a file, or its definition alone."""

from __future__ import annotations

import contextlib
from dataclasses import replace

from xenvm.errors import InvalidStateError, MigrationError, NotFoundError, XenvmError
from xenvm.host import Domain, HostShell
from xenvm.model.domain import DomainConfig
from xenvm.model.movement import Activity

from .carrying import carry
from .course import Course
from .settling import wait_until_quiet
from .standing import reached

FOLDER = "/var/lib/xenvm/moves"
"""In both Dom0s: the memory of domains on the move; it stays there only while nothing has it."""


def move_saved(course: Course) -> None:
    """Save a domain at the source, carry its memory over, and continue it at the destination.

    Raises:
        XenvmError: A step failed; what was saved was continued at the source. Where that could not
            be, it is still in its file there, which the error names.
        KeyboardInterrupt: Ctrl-C; the same.
    """
    here, there = course.source.host, course.destination.host
    path = f"{FOLDER}/{course.domain.uuid}.save"
    definition = course.domain.config(defined=True) if course.options.persist else None
    here.shell.run("umask 077; mkdir -p %s", FOLDER)
    has_arrived = False
    try:
        _carry_over(course, path)
        has_arrived = True
        course.say("continuing it at the destination")
        if definition:
            there.define(_of_another_host(definition))
        there.restore(path, paused=course.options.paused, deadline_s=course.left_s)
    except BaseException as exc:
        _give_up(course, path, exc, has_arrived=has_arrived)
        raise
    _remove(path, here.shell, there.shell)


def _carry_over(course: Course, path: str) -> None:
    course.say("saving its memory")
    course.domain.saving.to_file(path, deadline_s=course.left_s)
    carry(
        path,
        source=course.source.host.shell,
        destination=course.destination.host.shell,
        deadline_s=course.left_s,
        meanwhile=lambda: course.say("carrying its memory over"),
    )


def _give_up(course: Course, path: str, cause: BaseException, *, has_arrived: bool) -> None:
    """Continue at the source what was saved there; the file goes only once its guest goes on.

    Raises:
        MigrationError: It does not go on; says where what was saved of it is.
        KeyboardInterrupt: The same, after Ctrl-C.
    """
    shell = course.source.host.shell
    _remove(path, course.destination.host.shell)
    if _goes_on(course, path, has_arrived=has_arrived):
        _remove(path, shell)
        return
    if not _is_kept(shell, path):
        return
    said = (
        f"what was saved of it is in {path} on {course.source.name}: see that it runs nowhere, and"
        " continue it there with virsh restore"
    )
    if isinstance(cause, KeyboardInterrupt):
        raise KeyboardInterrupt(said) from cause
    raise MigrationError(f"{str(cause) or type(cause).__name__}; {said}") from cause


def _goes_on(course: Course, path: str, *, has_arrived: bool) -> bool:
    """Return whether the domain goes on somewhere, continued at the source if it has to be."""
    with contextlib.suppress(XenvmError):
        if has_arrived:
            with reached(course.destination) as there:
                wait_until_quiet(there)
                if there.standing().is_there:
                    return True
        with reached(course.source) as here:
            # A saving that is given up may still end by itself: its file is whole then.
            wait_until_quiet(here)
            if not here.standing().is_there:
                with contextlib.suppress(Exception, SystemExit):  # it goes on, heard or not
                    course.say("continuing it at the source")
                with contextlib.suppress(XenvmError):
                    here.host.restore(path)
            return here.standing().activity in {Activity.RUNNING, Activity.PAUSED}
    return False


def _is_kept(shell: HostShell, path: str) -> bool:
    """Return whether a file has something in it, as far as anybody can tell."""
    try:
        return shell.run("test -s %s", path, check=False).returncode == 0
    except XenvmError:
        return True


def _remove(path: str, *shells: HostShell) -> None:
    for shell in shells:
        with contextlib.suppress(XenvmError):
            shell.run("rm -f %s; rmdir %s 2>/dev/null || :", path, FOLDER)


def move_shut_off(course: Course) -> None:
    """Define at the destination what is off at the source; the source forgets it afterwards.

    Only one host starts it when it boots: a definition that stays at the source gives that up.

    Raises:
        XenvmError: It could not be defined.
    """
    course.say("defining it at the destination")
    here, keeps = course.domain.definition, course.options.keep_source
    starts = here.autostart
    definition = _of_another_host(course.domain.config(defined=True))
    new = replace(definition, name=course.options.name or definition.name)
    there = course.destination.host.define(new).definition
    if starts:
        there.set_autostart(on=True)
    if starts and keeps:
        here.set_autostart(on=False)
    if not keeps:
        forget(course.domain)


def forget(domain: Domain) -> None:
    """Undefine a domain, if it still has a definition."""
    with contextlib.suppress(InvalidStateError, NotFoundError):
        domain.undefine()


def _of_another_host(definition: DomainConfig) -> DomainConfig:
    """Return a definition without what the host it came from had filled in."""
    return replace(definition, domid=None, emulator=None)
