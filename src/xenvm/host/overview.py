"""All domains of a host at once: one call for the list, and overlapping ones for the rest."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TypeVar
from uuid import UUID

from xenvm.errors import NotFoundError, XenvmError
from xenvm.formats.dom0_counters import COMMAND, BackendCounters, parse_counters
from xenvm.formats.domain_xml import parse_domain_xml
from xenvm.model.kinds import DomainState
from xenvm.model.lifecycle import Ending
from xenvm.model.statistics import (
    CpuCounters,
    DomainCounters,
    DomainOverview,
    HostSample,
    MemoryCounters,
    Source,
)

from . import _libvirt
from ._workers import call_side_by_side
from .connection import Connection, translated
from .shell import HostShell

T = TypeVar("T")

OVERVIEW_DEADLINE_S = 120.0
AT_ONCE = 16
"""Calls under way at the same time; libvirtd works on five of a client's, the rest wait there."""

_NANOSECOND_S = 1e-9


def take_overview(
    connection: Connection, *, deadline_s: float = OVERVIEW_DEADLINE_S
) -> list[DomainOverview]:
    """Return all domains, running or not, sorted by name; one that goes meanwhile is left out."""
    found = _each(connection, "listing domains", 0, _look_at, deadline_s)
    return sorted(found, key=lambda domain: domain.name)


def take_sample(
    connection: Connection, shell: HostShell | None, *, deadline_s: float = OVERVIEW_DEADLINE_S
) -> HostSample:
    """Return the counters of all running domains.

    Args:
        connection: To the host's libvirt.
        shell: Dom0's, for what its back-ends count; None on a simulated host, which has none.
        deadline_s: Seconds for libvirt.

    Raises:
        LibvirtError: libvirt would not tell.
        CommandError: Dom0 would not.
    """
    began_s = time.monotonic()
    counted = _each(connection, "counting for domains", _libvirt.LIST_ACTIVE, _counters, deadline_s)
    at_s = (began_s + time.monotonic()) / 2
    told = parse_counters(shell.run(COMMAND).stdout) if shell else parse_counters("")
    domains = (_with_devices(domain, told) for domain in counted)
    return HostSample(at_s=at_s, domains=tuple(sorted(domains, key=lambda domain: domain.name)))


def _each(
    connection: Connection,
    what: str,
    flags: int,
    ask: Callable[[_libvirt.RawDomain], T],
    deadline_s: float,
) -> list[T]:
    def ask_all(raw: _libvirt.RawConnection) -> list[T]:
        asks = [translated(partial(ask, one)) for one in raw.listAllDomains(flags)]
        answers = call_side_by_side(what, asks, at_once=AT_ONCE, deadline_s=deadline_s)
        for answer in answers:
            if isinstance(answer, XenvmError) and not isinstance(answer, NotFoundError):
                raise answer
        return [answer for answer in answers if not isinstance(answer, XenvmError)]

    # The inner deadline passes first, and says what it waited for.
    return connection.read(what, ask_all, deadline_s=deadline_s + 1)


def _look_at(raw: _libvirt.RawDomain) -> DomainOverview:
    number, most_kib, memory_kib, vcpus, cpu_time_ns = raw.info()
    state = _libvirt.DOMAIN_STATES.get(number, DomainState.NO_STATE)
    domid = raw.ID()
    if state is DomainState.SHUT_OFF and domid >= 0:
        crashed = _libvirt.ENDINGS.get(raw.state()[1]) is Ending.CRASHED
        state = DomainState.CRASHED if crashed else state
    return DomainOverview(
        name=raw.name(),
        uuid=UUID(raw.UUIDString()),
        domid=domid if domid >= 0 else None,
        state=state,
        vcpus=vcpus,
        memory_kib=memory_kib,
        max_memory_kib=most_kib,
        cpu_time_s=cpu_time_ns * _NANOSECOND_S,
        config=parse_domain_xml(raw.XMLDesc()),
    )


def _counters(raw: _libvirt.RawDomain) -> DomainCounters:
    _, most_kib, memory_kib, vcpus, cpu_time_ns = raw.info()
    source = Source.LIBVIRT
    return DomainCounters(
        name=raw.name(),
        uuid=UUID(raw.UUIDString()),
        domid=raw.ID(),
        cpu=CpuCounters(vcpus=vcpus, time_s=cpu_time_ns * _NANOSECOND_S, source=source),
        memory=MemoryCounters(now_kib=memory_kib, most_kib=most_kib, source=source),
    )


def _with_devices(domain: DomainCounters, told: BackendCounters) -> DomainCounters:
    return replace(
        domain,
        vbds=told.vbds.get(domain.domid, ()),
        vnifs=told.vnifs.get(domain.domid, ()),
    )
