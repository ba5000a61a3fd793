"""The life of a domain as a value: its phases, what can be done to it, and what comes of that.

A guest that crashed where ``on_crash`` is ``preserve`` stands beside this machine: its core can be
dumped and it can be destroyed; nothing else means anything to it.

Source:
    What libvirt's libxl driver does in 9.0 and 11.3 (libxl_driver.c, libxl_domain.c), seen on Xen
    4.17 and 4.20.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum


class Phase(StrEnum):
    """Where in its life a domain is."""

    ABSENT = "absent"
    """The host knows no such domain."""
    SHUT_OFF = "shut-off"
    SAVED = "saved"
    """Shut off, and its next start continues from its managed save."""
    RUNNING = "running"
    PAUSED = "paused"


class Operation(StrEnum):
    """What can be done to a domain."""

    DEFINE = "define"
    START = "start"
    START_PAUSED = "start-paused"
    PAUSE = "pause"
    UNPAUSE = "unpause"
    SHUTDOWN = "shutdown"
    REBOOT = "reboot"
    DESTROY = "destroy"
    SAVE = "save"
    RESTORE = "restore"
    SAVE_MANAGED = "save-managed"
    REMOVE_MANAGED = "remove-managed"
    DUMP_CORE = "dump-core"
    DUMP_CORE_AND_END = "dump-core-and-end"
    SET_AUTOSTART = "set-autostart"
    UNDEFINE = "undefine"


class Refusal(StrEnum):
    """Why an operation is refused."""

    NOT_FOUND = "not-found"
    ALREADY_EXISTS = "already-exists"
    INVALID_STATE = "invalid-state"


class ShutdownVia(StrEnum):
    """How a guest is asked to end."""

    PARAVIRT = "paravirt"
    """By xenstore, which a PV guest and a guest with PV drivers watch."""
    ACPI = "acpi"
    """By the power button, which an HVM guest has."""


class Ending(StrEnum):
    """Why a domain that is shut off does not run."""

    UNKNOWN = "unknown"
    """It never ran since libvirtd started: that is not kept."""
    SHUT_DOWN = "shut-down"
    """Its guest ended by itself, or because it was asked to."""
    DESTROYED = "destroyed"
    CRASHED = "crashed"
    """Its guest crashed, or its core was dumped and it was ended."""
    MIGRATED = "migrated"
    SAVED = "saved"
    FAILED = "failed"
    """It could not be started."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """A state of the machine.

    Attributes:
        phase: Where in its life the domain is.
        is_persistent: Whether it has a definition that stays when its guest ends.
    """

    phase: Phase
    is_persistent: bool = True

    def after(self, operation: Operation) -> Life | None:
        """Return the state that a legal operation leads to, once the guest did as it was asked.

        Returns:
            The next state, or None if the operation is refused here.
        """
        phase = _LEGAL[operation].get(self.phase)
        lacks_definition = operation in _NEED_DEFINITION and not self.is_persistent
        if phase is None or lacks_definition:
            return None
        stays = operation is not Operation.UNDEFINE and self.is_persistent
        defined = stays or operation is Operation.DEFINE
        is_gone = not defined and phase not in ACTIVE
        return ABSENT if is_gone else replace(self, phase=phase, is_persistent=defined)

    def refusal(self, operation: Operation) -> Refusal | None:
        """Return why an operation is refused here, or None if it is legal."""
        if self.after(operation) is not None:
            return None
        if self.phase is Phase.ABSENT:
            return Refusal.NOT_FOUND
        if operation is Operation.DEFINE:
            return Refusal.ALREADY_EXISTS
        return Refusal.INVALID_STATE


ACTIVE = frozenset({Phase.RUNNING, Phase.PAUSED})
"""A domain in these has a domid, and memory."""

ABSENT = Life(phase=Phase.ABSENT, is_persistent=False)
SHUT_OFF = Life(phase=Phase.SHUT_OFF)
LIVES = (
    ABSENT,
    SHUT_OFF,
    Life(phase=Phase.SAVED),
    Life(phase=Phase.RUNNING),
    Life(phase=Phase.PAUSED),
    Life(phase=Phase.RUNNING, is_persistent=False),
    Life(phase=Phase.PAUSED, is_persistent=False),
)
"""Every state that there is."""

_STAY = {phase: phase for phase in ACTIVE}
_END = dict.fromkeys(ACTIVE, Phase.SHUT_OFF)

_LEGAL: Mapping[Operation, Mapping[Phase, Phase]] = {
    Operation.DEFINE: {Phase.ABSENT: Phase.SHUT_OFF},
    Operation.START: {Phase.SHUT_OFF: Phase.RUNNING, Phase.SAVED: Phase.RUNNING},
    Operation.START_PAUSED: {Phase.SHUT_OFF: Phase.PAUSED, Phase.SAVED: Phase.PAUSED},
    # The driver takes both twice: what is paused is paused.
    Operation.PAUSE: dict.fromkeys(ACTIVE, Phase.PAUSED),
    Operation.UNPAUSE: dict.fromkeys(ACTIVE, Phase.RUNNING),
    # A guest takes part in these, so it must run: for a paused one libxl waits a minute in vain.
    Operation.SHUTDOWN: {Phase.RUNNING: Phase.SHUT_OFF},
    Operation.REBOOT: {Phase.RUNNING: Phase.RUNNING},
    Operation.DESTROY: _END,
    Operation.SAVE: {Phase.RUNNING: Phase.SHUT_OFF},
    # What a file holds cannot be told beforehand; a managed save stays beside what was restored.
    Operation.RESTORE: dict.fromkeys((Phase.ABSENT, Phase.SHUT_OFF, Phase.SAVED), Phase.RUNNING),
    Operation.SAVE_MANAGED: {Phase.RUNNING: Phase.SAVED},
    Operation.REMOVE_MANAGED: {Phase.SAVED: Phase.SHUT_OFF},
    Operation.DUMP_CORE: _STAY,
    Operation.DUMP_CORE_AND_END: _END,
    Operation.SET_AUTOSTART: {phase: phase for phase in Phase if phase is not Phase.ABSENT},
    Operation.UNDEFINE: {Phase.SHUT_OFF: Phase.ABSENT, **_STAY},
}

_NEED_DEFINITION = frozenset({Operation.SAVE_MANAGED, Operation.SET_AUTOSTART, Operation.UNDEFINE})
