"""What a qualification needs of a live host beside its tests: a look at it, its lease, removal."""

from __future__ import annotations

import contextlib
import re

from xenvm.errors import NotFoundError
from xenvm.host import Domain, Host
from xenvm.host.probe.guest import remove
from xenvm.model.kinds import DomainState

from . import lease
from .plan import VOLUME_MIB
from .snapshot import Snapshot, parse_snapshot, snapshot_script

SCRIPT_LIMIT_S = 60.0

_USABLE = re.compile(r"w.-")
"""vgs(8)'s attributes of a group that is writable and not exported."""


class Dom0:
    """A host under qualification; one without a shell (libvirt's test driver) has only domains.

    Attributes:
        target: HOST, as the user named it.
    """

    __slots__ = ("_host", "target")

    def __init__(self, host: Host, target: str):
        self._host = host
        self.target = target

    @property
    def has_shell(self) -> bool:
        """Return whether there is a Dom0 to run commands in."""
        return not self._host.is_simulated

    def script(self, text: str, *, limit_s: float = 0.0) -> str:
        """Return what a shell script prints.

        Args:
            text: The script.
            limit_s: Seconds that it may take, where that is more than the usual.

        Raises:
            CommandError: It failed.
        """
        return self._host.shell.run(text, deadline_s=max(limit_s, SCRIPT_LIMIT_S)).stdout

    def look(self) -> Snapshot:
        """Return what is on the host now: one round trip, and libvirt's list of domains."""
        text = self.script(snapshot_script()) if self.has_shell else ""
        return parse_snapshot(text, map(_domain_line, self._host.list_domains()))

    def remove_domain(self, name: str) -> None:
        """End a domain and forget its definition; one that is gone already is fine."""
        with contextlib.suppress(NotFoundError):
            remove(self._host.domain(name))

    def volume_groups(self, size_mib: int = VOLUME_MIB) -> tuple[str, ...] | None:
        """Return the usable volume groups with that much space; None without a shell."""
        if not self.has_shell:
            return None
        text = self.script(
            "PATH=$PATH:/usr/sbin:/sbin; command -v vgs >/dev/null || exit 0; "
            "vgs --noheadings --nosuffix --units m -o vg_name,vg_attr,vg_free 2>/dev/null; true"
        )
        rows = [line.split() for line in text.splitlines()]
        return tuple(name for name, attributes, free_mib in rows
                     if _USABLE.match(attributes) and float(free_mib) >= size_mib)  # fmt: skip

    def lease(self) -> lease.Lease | None:
        """Return who holds the host, or None."""
        return lease.find(self.script) if self.has_shell else None

    def take_lease(self, run_id: str) -> None:
        """Take the host for a run.

        Raises:
            HostBusyError: Another run holds it, or crashed on it.
        """
        if self.has_shell:
            lease.acquire(self.script, lease.own_lease(run_id), host=self.target)

    def release_lease(self, run_id: str = "") -> None:
        """Give the host back; with a ``run_id``, only when that run holds it."""
        if self.has_shell:
            lease.release(self.script, run_id=run_id)


def _domain_line(domain: Domain) -> str:
    """Return a domain as a snapshot tells it: name, UUID, domid, state; idle is running too."""
    awake = {DomainState.BLOCKED, DomainState.NO_STATE, DomainState.RUNNING}
    state, domid = domain.state, domain.domid
    word = "running" if state in awake else state.value
    return f"{domain.name} {domain.uuid} {'-' if domid is None else domid} {word}"
