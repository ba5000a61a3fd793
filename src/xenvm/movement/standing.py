"""What stands of a domain on a host, whatever happened to the connection to it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from xenvm.errors import (
    CommandTimeoutError,
    HostConnectionError,
    NotFoundError,
    OperationTimeoutError,
    XenvmError,
)
from xenvm.formats.dom0_movement import activity_of
from xenvm.host import Domain, Host, connect
from xenvm.model.movement import Standing
from xenvm.waiting import wait_until

from .stream import LIST_PROCESSES, helpers

RETURN_DEADLINE_S = 90.0
"""Seconds for a libvirtd that was restarted to answer again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One end of a move.

    Attributes:
        host: The host.
        name: Its hostname, for people.
        uuid: The domain's, the same at both ends.
    """

    host: Host
    name: str
    uuid: UUID

    def domain(self) -> Domain | None:
        """Return the domain there, or None when libvirt has none."""
        try:
            return self.host.domain(self.uuid)
        except NotFoundError:
            return None

    def streams(self) -> tuple[int, ...]:
        """Return the processes in its Dom0 by which the domain's memory comes or goes."""
        said = self.host.shell.run(f"xl list -v; {LIST_PROCESSES}").stdout
        _, domid = activity_of(said, self.uuid)
        return helpers(said, domid)

    def end_stream(self) -> None:
        """End the coming or going of the domain's memory, if there is any."""
        for pid in self.streams():
            self.host.shell.run("kill -TERM %s 2>/dev/null || :", str(pid))

    def standing(self) -> Standing:
        """Return what stands there, by Xen and by libvirt."""
        activity, domid = activity_of(self.host.shell.run("xl list -v").stdout, self.uuid)
        domain = self.domain()
        try:
            state = domain.state if domain else None
            defined = bool(domain and domain.definition.exists)
        except NotFoundError:  # a transient domain that ended a moment ago
            state, defined = None, False
        return Standing(
            host=self.name, activity=activity, domid=domid, state=state, is_defined=defined
        )


@contextlib.contextmanager
def reached(place: Place) -> Iterator[Place]:
    """Use a place by its own connection, or by a new one where that broke.

    Yields:
        The place; its calls work.

    Raises:
        WaitTimeoutError: The host cannot be reached.
    """
    if place.host.is_usable and _answers(place):
        yield place
        return
    uri = place.host.uri

    def again() -> Host | None:
        try:
            return connect(uri)
        except (HostConnectionError, OperationTimeoutError, CommandTimeoutError):
            return None

    what = f"{place.name} to be reached again"
    with wait_until(what, again, deadline_s=RETURN_DEADLINE_S, every_s=1.0) as host:
        yield Place(host=host, name=place.name, uuid=place.uuid)


def _answers(place: Place) -> bool:
    try:
        place.domain()
    except XenvmError:
        return False
    return True
