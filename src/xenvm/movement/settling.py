"""After a move, however it ended: exactly one copy goes on, and both hosts say so."""

from __future__ import annotations

import contextlib
from enum import StrEnum

from xenvm.errors import InvalidStateError, NotFoundError, WaitTimeoutError, XenvmError
from xenvm.host import Domain
from xenvm.model.kinds import DomainState
from xenvm.model.movement import Activity, Standing
from xenvm.waiting import wait_until

from .standing import Place, reached

QUIET_DEADLINE_S = 60.0
"""Seconds for libxl to tidy up after a stream that broke."""


class Side(StrEnum):
    """Where a domain goes on."""

    SOURCE = "source"
    DESTINATION = "destination"
    NEITHER = "neither"


def owner(source: Standing, destination: Standing, *, moved: bool) -> Side:
    """Return where the domain is to go on; the copy at the other end has to go.

    Args:
        source: What stands at the source, once no memory is on its way any more.
        destination: What stands at the destination.
        moved: Whether libvirt says that the migration was done.

    Returns:
        The side whose copy is whole. A copy that ran on is worth more than one that waits; a
        source that let go of its memory goes on if it is woken, so that a copy which has arrived
        at the destination, where libxl destroys one that is not whole, is worth more. One that
        waits there and that libvirt does not know was never finished: its libxl died meanwhile.
    """
    if moved and destination.is_there:
        return Side.DESTINATION
    if source.activity in {Activity.RUNNING, Activity.PAUSED} and not (
        source.activity is Activity.PAUSED and destination.activity is Activity.RUNNING
    ):
        return Side.SOURCE
    unfinished = destination.activity is Activity.PAUSED and destination.state is None
    if destination.is_there and not (unfinished and source.is_there):
        return Side.DESTINATION
    return Side.SOURCE if source.is_there else Side.NEITHER


def settle(
    source: Place, destination: Place, *, moved: bool, paused: bool, keep: bool
) -> tuple[Standing, Standing]:
    """Leave exactly one copy, and return what stands at both ends.

    Args:
        source: Where the domain was.
        destination: Where it was to go.
        moved: Whether libvirt says that the migration was done.
        paused: Whether the copy at the destination is to wait, paused.
        keep: Whether a definition at the source stays once the domain has moved.

    Returns:
        The standings at the source and at the destination, looked at afterwards.

    Raises:
        WaitTimeoutError: A host cannot be reached, or memory is still on its way there; nothing was
            removed.
        LibvirtError: A copy could not be removed.
    """
    with reached(source) as here, reached(destination) as there:
        wait_until_quiet(here)
        wait_until_quiet(there)
        before = here.standing(), there.standing()
        side = owner(*before, moved=moved)
        if side is Side.DESTINATION:
            _remove(here, forget=not keep)
            _go_on(there, paused=paused)
        else:
            _remove(there, forget=True)
            if side is Side.SOURCE:
                _go_on(here, paused=False)
        return here.standing(), there.standing()


def wait_until_quiet(place: Place) -> None:
    """Wait until no memory of the domain is on its way at this end; end it if it does not stop.

    Raises:
        WaitTimeoutError: It does not stop even then; names the processes.
    """
    for _ in range(2):
        if _falls_quiet(place):
            return
        place.end_stream()
    if not _falls_quiet(place) and (left := place.streams()):
        raise WaitTimeoutError(
            f"the domain's memory to come to rest on {place.name}",
            waited_s=1.5 * QUIET_DEADLINE_S,
            last_state=f"libxl-save-helper {', '.join(map(str, left))}, which does not end",
        )


def _falls_quiet(place: Place) -> bool:
    try:
        return wait_until(
            "libxl to tidy up",
            lambda: not place.streams(),
            deadline_s=QUIET_DEADLINE_S / 2,
            every_s=0.5,
        )
    except WaitTimeoutError:
        return False


def _remove(place: Place, *, forget: bool) -> None:
    """Destroy what Xen has of the domain there, and forget its definition if that is asked."""
    domain = place.domain()
    if domain:
        with contextlib.suppress(InvalidStateError, NotFoundError):
            domain.destroy()
        if forget:
            with contextlib.suppress(InvalidStateError, NotFoundError):
                domain.undefine()
    # libvirtd may have lost track of it, as when it was restarted in mid-migration.
    left = place.standing()
    if left.is_there and left.domid:
        place.host.shell.run("xl destroy %s", str(left.domid), deadline_s=QUIET_DEADLINE_S)


def _go_on(place: Place, *, paused: bool) -> None:
    """Have the copy run, or wait, and have libvirt know it."""
    domain, standing = place.domain(), place.standing()
    if domain is None:
        return
    waits = standing.activity is Activity.PAUSED or standing.state is DomainState.PAUSED
    with contextlib.suppress(XenvmError):  # the last look tells whether it helped
        if standing.activity is Activity.SUSPENDED and not paused:
            _wake(place, domain, standing)
        elif waits and not paused:
            # Also where Xen runs it and libvirt believes that its migration paused it.
            domain.unpause()
        elif paused and standing.activity is Activity.RUNNING:
            domain.pause()


def _wake(place: Place, domain: Domain, standing: Standing) -> None:
    """Have a copy go on that let go of its memory.

    Raises:
        CommandError: libvirt believes that it runs, and Xen is older than 4.19, which learned it.
        LibvirtError: libvirt could not.
    """
    try:
        domain.saving.wake()
    except InvalidStateError:
        place.host.shell.run("xl resume %s", str(standing.domid), deadline_s=QUIET_DEADLINE_S)
