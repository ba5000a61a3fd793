"""The second host of a run that moves guests: leased, and left as it was found, like the first."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

from xenvm.errors import XenvmError
from xenvm.host import Host
from xenvm.model.verdict import VerdictKind
from xenvm.target import open_host

from .dom0 import Dom0
from .live import deaf_to_interrupts
from .restoration import restoration_of
from .results import Restoration
from .snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A second host that is leased.

    Attributes:
        host: The host.
        dom0: Its Dom0.
        before: What was on it.
    """

    host: Host
    dom0: Dom0
    before: Snapshot

    def joined(self, first: Restoration, run_id: str) -> Restoration:
        """Return what is left on both hosts, after removing what the tests left on this one."""
        second = restoration_of(self.host, self.dom0, self.before, run_id)
        if second.verdict.kind is VerdictKind.PASS:
            return first
        name = self.dom0.target
        worse = second.verdict if first.verdict.kind is VerdictKind.PASS else first.verdict
        detail = f"{first.verdict.detail} On {name}: {second.verdict.detail}"
        return Restoration(
            verdict=replace(worse, detail=detail),
            left=(*first.left, *second.left),
            missing=(*first.missing, *second.missing),
            removed_late=(*first.removed_late, *second.removed_late),
        )


@contextlib.contextmanager
def leased_peer(target: str, run_id: str) -> Iterator[Peer | None]:
    """Hold the second host for a run.

    Yields:
        The host; None when the run has none.

    Raises:
        HostBusyError: Another run holds it.
        XenvmError: It could not be reached, or not be looked at.
    """
    if not target:
        yield None
        return
    with open_host(target) as host:
        dom0 = Dom0(host, target)
        dom0.take_lease(run_id)
        try:
            yield Peer(host=host, dom0=dom0, before=dom0.look())
        finally:
            with deaf_to_interrupts(), contextlib.suppress(XenvmError):
                dom0.release_lease(run_id)
