"""What happens to a host's domains, as values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class EventKind(StrEnum):
    """What happened to a domain."""

    DEFINED = "defined"
    UNDEFINED = "undefined"
    STARTED = "started"
    PAUSED = "paused"
    UNPAUSED = "unpaused"
    STOPPED = "stopped"
    SHUTTING_DOWN = "shutting-down"
    SUSPENDED = "suspended"
    """The guest sleeps (ACPI S3)."""
    CRASHED = "crashed"
    """libxl's driver never says so: there a crash is STOPPED with the cause ``crashed``."""
    OTHER = "other"
    """One that a later libvirt has, and we do not know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LifecycleEvent:
    """One event in a domain's life.

    Attributes:
        kind: What happened.
        cause: Why, in one word: of STOPPED one of :class:`xenvm.model.lifecycle.Ending`, of STARTED
            ``booted``, ``restored`` or ``migrated``; empty where libvirt gives none.
        name: The domain's name.
        uuid: The domain's UUID.
        at_s: When we heard of it, on this process's monotonic clock, in seconds.
    """

    kind: EventKind
    cause: str
    name: str
    uuid: UUID
    at_s: float

    @property
    def is_crash(self) -> bool:
        """Return whether the guest crashed."""
        return self.kind is EventKind.CRASHED or (
            self.kind is EventKind.STOPPED and self.cause == "crashed"
        )


HOLD_S = 2.0
"""Seconds that a start is held back at most; its stop comes within milliseconds."""


class EventOrder:
    """Puts events into the order in which things happened.

    When a guest reboots, or is restarted after a crash, libxl's driver tells that it has started
    before it tells that it had stopped. A start of a domain that runs already is therefore held
    back until its stop is told.

    Source:
        libxlDomainShutdownThread in libvirt's libxl_domain.c queues the stop after the restart.
    """

    def __init__(self) -> None:
        self._active: set[UUID] = set()
        self._held: dict[UUID, list[LifecycleEvent]] = {}

    def know(self, active: Iterable[UUID]) -> None:
        """Take in which domains run already."""
        self._active.update(active)

    @property
    def due_s(self) -> float | None:
        """Return when the first held event is to be let go, on the events' clock; None if none."""
        begins = [held[0].at_s for held in self._held.values()]
        return min(begins) + HOLD_S if begins else None

    def take(self, event: LifecycleEvent) -> list[LifecycleEvent]:
        """Return the events that can be told now that this one is known."""
        held = self._held.get(event.uuid)
        if held is not None:
            if event.kind is EventKind.STOPPED:
                del self._held[event.uuid]
                return [event, *held]
            held.append(event)
            return []
        if event.kind is EventKind.STARTED:
            if event.uuid in self._active:
                self._held[event.uuid] = [event]
                return []
            self._active.add(event.uuid)
        elif event.kind is EventKind.STOPPED:
            self._active.discard(event.uuid)
        return [event]

    def let_go(self, now_s: float) -> list[LifecycleEvent]:
        """Return the events whose stop never came, so that nothing is held for ever."""
        late = [uuid for uuid, held in self._held.items() if now_s >= held[0].at_s + HOLD_S]
        return [event for uuid in late for event in self._held.pop(uuid)]
