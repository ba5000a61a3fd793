"""Whether a host is fit to be timed: looked at before each leg, and after it."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from xenvm.errors import WaitTimeoutError
from xenvm.formats.dom0_surroundings import (
    DROP_CACHES,
    Dom0Told,
    parse_told,
    script_after,
    script_before,
)
from xenvm.host import Host
from xenvm.host.probe import ProbeGuest
from xenvm.model.statistics import HostSample
from xenvm.model.surroundings import (
    EMULATED,
    Contract,
    GuestClock,
    Surroundings,
    guest_objections,
    objections,
    unquiet,
)
from xenvm.model.verdict import EvidenceClass
from xenvm.waiting import pause, wait_until

QUIET_DEADLINE_S = 60.0
"""How long a host may take to become quiet, before the leg counts for nothing."""
LOOK_DEADLINE_S = 60.0


def contract_for(evidence: EvidenceClass) -> Contract:
    """Return what is asked of a kind of host."""
    return Contract() if evidence is EvidenceClass.HARDWARE else EMULATED


def look_before(
    host: Host, devices: Collection[str] = (), programs: Collection[str] = ()
) -> Surroundings:
    """Return what a host is like; before a leg on devices, its Dom0 forgets what it had cached.

    Args:
        host: The host.
        devices: The numbers, ``major:minor``, of the block devices whose counters are wanted.
        programs: Those of Dom0 that are about to run.
    """
    if devices:
        host.shell.run(DROP_CACHES, deadline_s=LOOK_DEADLINE_S)
    counters = host.watch.sample()
    return _surroundings(_told(host, script_before(devices, programs)), counters)


def look_after(host: Host, devices: Collection[str] = ()) -> Surroundings:
    """Return what a host is like; the counters of the block devices are the first it reads."""
    told = _told(host, script_after(devices))
    return _surroundings(told, host.watch.sample())


def _told(host: Host, script: str) -> Dom0Told:
    return parse_told(host.shell.run(script, deadline_s=LOOK_DEADLINE_S).stdout)


def _surroundings(told: Dom0Told, counters: HostSample) -> Surroundings:
    return Surroundings(
        governors=told.governors,
        throttled=told.throttled,
        clock_s=told.clock_s,
        affinities=told.affinities,
        moved=told.moved,
        counters=counters,
    )


class Watch:
    """A host and the measured guests while one leg is timed.

    Attributes:
        before: What the host was like before.
        after: What it was like after; None as long as the leg is not over.
        objections: What makes the leg worthless, a phrase each; complete once it is over.
    """

    def __init__(
        self,
        host: Host,
        guests: Collection[ProbeGuest],
        contract: Contract,
        devices: Collection[str] = (),
        programs: Collection[str] = (),
    ):
        """Wait for the host to be quiet, and look.

        Before a leg on devices, the host and the guests forget their caches.

        Args:
            host: The host.
            guests: Those that are measured.
            contract: What is asked of the surroundings.
            devices: The numbers of the block devices that the leg drives.
            programs: Those of Dom0 that the leg runs.
        """
        self._host = host
        self._guests = tuple(guests)
        self._devices = tuple(devices)
        self._contract = contract
        self._measured = frozenset(guest.name for guest in guests)
        self.objections: tuple[str, ...] = ()
        self.after: Surroundings | None = None
        self._await_quiet()
        for guest in guests if devices else ():
            guest.ask("drop_caches")
        self._clocks = [_clock(guest) for guest in self._guests]
        self.before = look_before(host, devices, programs)

    def end(self) -> None:
        """Look again, and tell what makes the leg worthless."""
        self.after = look_after(self._host, self._devices)
        self.objections += objections(self.before, self.after, self._contract, self._measured)
        for guest, clock in zip(self._guests, self._clocks, strict=True):
            self.objections += guest_objections(guest.name, clock, _clock(guest), self._contract)

    def moved_bytes(self, device: str, *, written: bool) -> int:
        """Return what one of the leg's block devices moved between both looks, in one direction."""

        def moved(seen: Surroundings) -> int:
            counted = seen.moved.get(device)
            if counted is None:
                return 0
            return counted.written_bytes if written else counted.read_bytes

        return moved(self.after or self.before) - moved(self.before)

    @property
    def counters(self) -> tuple[HostSample, HostSample]:
        """Return what the host counted before and after."""
        return self.before.counters, (self.after or self.before).counters

    def _await_quiet(self) -> None:
        if not self._contract.window_s:
            return
        noise: tuple[str, ...] = ()

        def quiet() -> bool:
            nonlocal noise
            first = self._host.watch.sample()
            pause(self._contract.window_s)
            noise = unquiet(first, self._host.watch.sample(), self._contract, self._measured)
            return not noise

        try:
            wait_until("the host to be quiet", quiet, deadline_s=QUIET_DEADLINE_S)
        except WaitTimeoutError:
            self.objections = noise


def _clock(guest: ProbeGuest) -> GuestClock:
    asked_s = time.monotonic()
    reply = guest.ask("cpu_time")
    return GuestClock(
        uptime_s=reply.number("uptime_s"),
        stolen_s=reply.number("steal_s"),
        asked_s=asked_s,
        answered_s=time.monotonic(),
    )


@contextmanager
def watched(
    host: Host,
    guests: Collection[ProbeGuest],
    contract: Contract,
    devices: Collection[str] = (),
    programs: Collection[str] = (),
) -> Iterator[Watch]:
    """Watch a host and guests while a leg is timed inside; see :class:`Watch`.

    Yields:
        The watch, which is complete after the block.
    """
    watch = Watch(host, guests, contract, devices, programs)
    yield watch
    watch.end()
