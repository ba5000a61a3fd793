"""After the tests: remove what they left, and compare the host with what it was."""

from __future__ import annotations

import contextlib
import time

from xenvm.errors import LibvirtError, WaitTimeoutError, XenvmError
from xenvm.host import Host, connect
from xenvm.model.verdict import Verdict, VerdictKind
from xenvm.waiting import wait_until

from .dom0 import Dom0
from .restore import Restored, remove_leftovers
from .results import RESTORED, Restoration
from .snapshot import Differences, Snapshot, compare

SETTLE_S = 30.0
"""How long Xen and udev may take to forget what was removed."""


def restoration_of(host: Host, dom0: Dom0, before: Snapshot, run_id: str) -> Restoration:
    """Return how the host differs from what it was, after removing what the tests left on it."""
    try:
        return _compared(dom0, before, run_id)
    except LibvirtError:
        pass  # The connection may be older than Dom0's last boot; a new one tells.
    except XenvmError as exc:
        return _not_compared(dom0, str(exc))
    try:
        with connect(host.uri) as again:
            return _compared(Dom0(again, dom0.target), before, run_id)
    except XenvmError as exc:
        return _not_compared(dom0, str(exc))


def _compared(dom0: Dom0, before: Snapshot, run_id: str) -> Restoration:
    began_s = time.monotonic()
    differences = compare(before, dom0.look())
    late = Restored()
    if not differences.none:
        late = remove_leftovers(dom0, run_id=run_id)
        differences = _settled(dom0, before)
    kind = VerdictKind.PASS if differences.none else VerdictKind.FAIL
    if differences.rebooted:
        kind = VerdictKind.BROKEN
    return Restoration(
        verdict=Verdict(
            requirement_id=RESTORED.id,
            kind=kind,
            detail=differences.text or "Nothing: the host is as it was found.",
            duration_s=time.monotonic() - began_s,
        ),
        left=differences.left,
        missing=differences.missing,
        removed_late=late.removed,
    )


def _settled(dom0: Dom0, before: Snapshot) -> Differences:
    """Return how the host differs once nothing more goes away by itself."""
    seen = Differences()

    def as_before() -> bool:
        nonlocal seen
        seen = compare(before, dom0.look())
        return seen.none or seen.rebooted

    with contextlib.suppress(WaitTimeoutError):
        wait_until("the host to be as it was", as_before, deadline_s=SETTLE_S, every_s=2.0)
    return seen


def _not_compared(dom0: Dom0, why: str) -> Restoration:
    detail = f"the host could not be looked at again: {why}; then «xenvm restore {dom0.target}»"
    verdict = Verdict(requirement_id=RESTORED.id, kind=VerdictKind.BROKEN, detail=detail)
    return Restoration(verdict=verdict)
