"""What the matrix of states and operations needs, on the test driver and on a real Xen alike."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping

from xenvm.errors import AlreadyExistsError, InvalidStateError, LibvirtError, NotFoundError
from xenvm.host import Domain, Host
from xenvm.model.domain import DomainConfig
from xenvm.model.kinds import DomainState
from xenvm.model.lifecycle import ABSENT, ACTIVE, Life, Operation, Phase, Refusal

Deeds = Mapping[Operation, Callable[[Domain], object]]

ERRORS: Mapping[Refusal, type[LibvirtError]] = {
    Refusal.NOT_FOUND: NotFoundError,
    Refusal.ALREADY_EXISTS: AlreadyExistsError,
    Refusal.INVALID_STATE: InvalidStateError,
}


def deeds(host: Host, config: DomainConfig, folder: str) -> Deeds:
    """Return what does each operation to the domain; save files and cores go into the folder."""
    return {
        Operation.DEFINE: lambda _: host.define(config),
        Operation.START: Domain.start,
        Operation.START_PAUSED: lambda domain: domain.start(paused=True),
        Operation.PAUSE: Domain.pause,
        Operation.UNPAUSE: Domain.unpause,
        Operation.SHUTDOWN: Domain.shutdown,
        Operation.REBOOT: Domain.reboot,
        Operation.DESTROY: Domain.destroy,
        Operation.SAVE: lambda domain: domain.saving.to_file(f"{folder}/saved"),
        Operation.RESTORE: lambda _: host.restore(f"{folder}/saved"),
        Operation.SAVE_MANAGED: lambda domain: domain.saving.managed(),
        Operation.REMOVE_MANAGED: lambda domain: domain.saving.remove_managed(),
        Operation.DUMP_CORE: lambda domain: domain.saving.dump_core(f"{folder}/core"),
        Operation.DUMP_CORE_AND_END: lambda domain: domain.saving.dump_core(
            f"{folder}/core", end=True
        ),
        Operation.SET_AUTOSTART: lambda domain: domain.definition.set_autostart(on=False),
        Operation.UNDEFINE: Domain.undefine,
    }


def seen(host: Host, name: str) -> Life:
    """Return where in its life the host says that the domain is."""
    with contextlib.suppress(NotFoundError):
        domain = host.domain(name)
        if domain.is_active:
            phase = Phase.PAUSED if domain.state is DomainState.PAUSED else Phase.RUNNING
        else:
            phase = Phase.SAVED if domain.saving.has_managed else Phase.SHUT_OFF
        return Life(phase=phase, is_persistent=domain.definition.exists)
    return ABSENT


def brought_to(life: Life, host: Host, config: DomainConfig) -> Domain:
    """Return a handle of a domain that was not there, and now is in this state of its life."""
    domain = host.define(config)
    if life.phase is Phase.SAVED:
        domain.start()
        domain.saving.managed()
    elif life.phase in ACTIVE:
        domain.start()
        if life.phase is Phase.PAUSED:
            domain.pause()
    if not life.is_persistent:
        domain.undefine()
    return domain
