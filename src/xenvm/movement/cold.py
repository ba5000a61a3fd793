"""Moving a domain that stands still meanwhile: its memory as a file, or its definition alone."""

from __future__ import annotations

import contextlib
from dataclasses import replace

from xenvm.errors import InvalidStateError, NotFoundError, XenvmError
from xenvm.host import Domain
from xenvm.model.domain import DomainConfig

from .carrying import carry
from .course import Course

FOLDER = "/var/lib/xenvm/moves"
"""In both Dom0s: the memory of domains on the move; nothing stays there."""


def move_saved(course: Course) -> None:
    """Save a domain at the source, carry its memory over, and continue it at the destination.

    Raises:
        XenvmError: A step failed; what was saved was continued at the source, if that could be.
        KeyboardInterrupt: Ctrl-C; the same.
    """
    here, there = course.source.host, course.destination.host
    path = f"{FOLDER}/{course.domain.uuid}.save"
    definition = course.domain.config(defined=True) if course.options.persist else None
    here.shell.run("umask 077; mkdir -p %s", FOLDER)
    course.say("saving its memory")
    try:
        course.domain.saving.to_file(path, deadline_s=course.left_s)
        carry(
            path,
            source=here.shell,
            destination=there.shell,
            deadline_s=course.left_s,
            meanwhile=lambda: course.say("carrying its memory over"),
        )
        course.say("continuing it at the destination")
        if definition:
            there.define(_of_another_host(definition))
        there.restore(path, paused=course.options.paused, deadline_s=course.left_s)
    except BaseException:
        _continue_at_source(course, path)
        raise
    finally:
        for shell in (here.shell, there.shell):
            with contextlib.suppress(XenvmError):
                shell.run("rm -f %s; rmdir %s 2>/dev/null || :", path, FOLDER)


def _continue_at_source(course: Course, path: str) -> None:
    """Continue at the source what was saved there, unless the destination has it."""
    with contextlib.suppress(XenvmError):
        if course.destination.standing().is_there or course.source.standing().is_there:
            return
        course.say("continuing it at the source")
        course.source.host.restore(path)


def move_shut_off(course: Course) -> None:
    """Define at the destination what is off at the source; the source forgets it afterwards.

    Raises:
        XenvmError: It could not be defined.
    """
    course.say("defining it at the destination")
    definition = _of_another_host(course.domain.config(defined=True))
    course.destination.host.define(replace(definition, name=course.options.name or definition.name))
    if not course.options.keep_source:
        forget(course.domain)


def forget(domain: Domain) -> None:
    """Undefine a domain, if it still has a definition."""
    with contextlib.suppress(InvalidStateError, NotFoundError):
        domain.undefine()


def _of_another_host(definition: DomainConfig) -> DomainConfig:
    """Return a definition without what the host it came from had filled in."""
    return replace(definition, domid=None, emulator=None)
