"""A subscription to what happens to a host's domains: in order, bounded, and never silent."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from uuid import UUID

from xenvm.errors import EventsLostError, HostConnectionError, LibvirtError, WaitTimeoutError
from xenvm.model.events import EventOrder, LifecycleEvent
from xenvm.waiting import Deadline

from . import _libvirt
from .closing import Closing
from .connection import Connection

UNREAD_MOST = 10_000
"""Events that nobody took, before those that follow are counted and dropped."""


class Feed:
    """The one registration for events that a connection can have; it feeds all subscriptions."""

    def __init__(self, connection: Connection):
        self.connection = connection
        self._lock = threading.Lock()
        self._takers: list[Callable[[LifecycleEvent], None]] = []
        self._registered: tuple[int, int] | None = None

    def add(self, taker: Callable[[LifecycleEvent], None]) -> frozenset[UUID]:
        """Feed ``taker`` from now on; it is called on the event loop's thread.

        Returns:
            The domains that run already.
        """

        def begin(raw: _libvirt.RawConnection) -> frozenset[UUID]:
            generation = self.connection.generation
            if self._registered is None or self._registered[0] != generation:
                number = raw.domainEventRegisterAny(
                    None, _libvirt.EVENT_LIFECYCLE, self._on_event, None
                )
                self._registered = generation, number
                # Those of a connection that was lost have been told so, and nothing since.
                self._takers[:] = [taker]
            # Only now: a domain that starts in between is thought to run already, and told a little
            # late; the other way round a reboot in between would be told in the wrong order.
            domains = raw.listAllDomains()
            return frozenset(UUID(one.UUIDString()) for one in domains if one.ID() >= 0)

        with self._lock:
            self._takers.append(taker)
            try:
                # A read: a broken connection is opened again for it.
                return self.connection.read("subscribing to events", begin)
            except BaseException:
                self._takers.remove(taker)
                raise

    def remove(self, taker: Callable[[LifecycleEvent], None]) -> None:
        """Feed ``taker`` no more; one whose connection was lost is not fed already."""
        with self._lock:
            if taker in self._takers:
                self._takers.remove(taker)
            if self._takers or self._registered is None:
                return
            (generation, number), self._registered = self._registered, None
            raw = self.connection.raw
            if generation == self.connection.generation:
                with contextlib.suppress(LibvirtError):
                    self.connection.call(
                        "ending a subscription", lambda: raw.domainEventDeregisterAny(number)
                    )

    def _on_event(
        self,
        _raw: _libvirt.RawConnection,
        domain: _libvirt.RawDomain,
        number: int,
        detail: int,
        _opaque: object,
    ) -> None:
        """Take an event; on the event loop's thread, so it must neither block nor fail."""
        kind, cause = _libvirt.event_of(number, detail)
        event = LifecycleEvent(
            kind=kind,
            cause=cause,
            name=domain.name(),
            uuid=UUID(domain.UUIDString()),
            at_s=time.monotonic(),
        )
        for take in [*self._takers]:
            take(event)


class Subscription(Closing):
    """Lifecycle events of a host's domains since it was opened; close it, or use ``with``.

    It ends with its connection: what happened until the next one is known to nobody, so subscribe
    again and read the states anew.
    """

    def __init__(self, feed: Feed, *, unread_most: int = UNREAD_MOST):
        self._feed = feed
        self._unread_most = unread_most
        self._unread: deque[LifecycleEvent] = deque()
        self._lost = 0
        self._end = ""
        self._is_closed = False
        self._changed = threading.Condition()
        self._order = EventOrder()
        self._forget_losses = feed.connection.tell_losses(self._on_loss)
        try:
            running = feed.add(self._take)
        except BaseException:
            self._forget_losses()
            raise
        with self._changed:
            self._end = ""  # of the connection before, if this one had to be opened again
            self._order.know(running)

    def next(self, *, deadline_s: float) -> LifecycleEvent:
        """Return the next event.

        Args:
            deadline_s: Seconds to wait for it.

        Raises:
            WaitTimeoutError: None came in time.
            EventsLostError: More came than were taken; says how many are missing here. The next
                call goes on behind the gap.
            HostConnectionError: The connection has ended, and every event before that was taken.
        """
        deadline = Deadline(deadline_s)
        with self._changed:
            while True:
                self._let_go()
                if self._unread:
                    return self._unread.popleft()
                self._tell_trouble()
                if deadline.passed:
                    raise WaitTimeoutError("an event of a domain", waited_s=deadline_s)
                self._changed.wait(min(deadline.left_s, self._held_s()))

    def until(self, *, deadline_s: float) -> Iterator[LifecycleEvent]:
        """Yield the events that come before ``deadline_s`` has passed.

        Raises:
            EventsLostError: As for :meth:`next`.
            HostConnectionError: As for :meth:`next`.
        """
        deadline = Deadline(deadline_s)
        with contextlib.suppress(WaitTimeoutError):
            while True:
                yield self.next(deadline_s=deadline.left_s)

    def close(self) -> None:
        """End it; twice does no harm."""
        if self._is_closed:
            return
        self._is_closed = True
        self._forget_losses()
        self._feed.remove(self._take)
        self._on_loss("closed")

    def _take(self, event: LifecycleEvent) -> None:
        with self._changed:
            for told in self._order.take(event):
                self._put(told)
            self._changed.notify_all()

    def _put(self, event: LifecycleEvent) -> None:
        if len(self._unread) < self._unread_most and not self._lost:
            self._unread.append(event)
        else:
            self._lost += 1

    def _let_go(self) -> None:
        for event in self._order.let_go(time.monotonic()):
            self._put(event)

    def _held_s(self) -> float:
        """Return how long until a held event is due, in seconds; for ever is a long time."""
        due_s = self._order.due_s
        return threading.TIMEOUT_MAX if due_s is None else max(0.0, due_s - time.monotonic())

    def _tell_trouble(self) -> None:
        if self._lost:
            lost, self._lost = self._lost, 0
            raise EventsLostError(lost)
        if self._end:
            raise HostConnectionError(
                f"the connection is {self._end}, and the subscription has ended with it: subscribe "
                "again, and read the states anew"
            )

    def _on_loss(self, why: str) -> None:
        with self._changed:
            self._end = self._end or why
            self._changed.notify_all()
