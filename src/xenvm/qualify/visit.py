"""A visit to a host: its lease, its journal, a look at it before, and a look at it after.

The frame of every run that changes a host, whatever it does there: a qualification, benchmarks.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from xenvm.errors import OutputError, UsageError, XenvmError
from xenvm.host import Host
from xenvm.host.inventory import gather
from xenvm.lab.progress import Step as LabStep
from xenvm.model.inventory import Inventory
from xenvm.model.verdict import EvidenceClass, Verdict
from xenvm.target import open_host

from . import facts
from .documents import Json, verdict_from_json
from .dom0 import Dom0
from .folder import RunFolder, host_key, make
from .journal import JOURNAL_FILE, Event, Journal, Record, Tail
from .live import deaf_to_interrupts
from .peer import Peer
from .restoration import restoration_of
from .results import Restoration
from .snapshot import Snapshot


class Watcher(Protocol):
    """Whoever shows a run while it goes."""

    def lab(self, step: LabStep) -> None:
        """Hear that a lab comes up, step by step."""

    def phase(self, text: str) -> None:
        """Hear what the run does now."""

    def seen(self, evidence: EvidenceClass, estimates_s: Mapping[str, float]) -> None:
        """Hear what kind of host it is, and how long what is done there takes, by id."""

    def record(self, record: Record) -> None:
        """Hear of a record that the suite journals."""


@dataclass(slots=True, kw_only=True)
class Visit:
    """A host that is leased to a run.

    Attributes:
        host: The host.
        dom0: Its Dom0.
        folder: Where the run writes.
        journal: Its journal.
        watcher: Told how it goes.
        conclusion: What the journal says of the run at its end; set before the visit ends.
    """

    host: Host
    dom0: Dom0
    folder: RunFolder
    journal: Journal
    watcher: Watcher
    conclusion: str = ""
    _before: Snapshot = field(default_factory=Snapshot)
    _offset_bytes: int = 0

    def look(self) -> Inventory:
        """Return the host's facts, kept in the run's folder; remember what is on the host.

        Raises:
            UsageError: The folder is of a run on another host.
        """
        self._offset_bytes = self.journal.path.stat().st_size
        self.watcher.phase("looking at what is on the host")
        self._before = self.dom0.look()
        self.watcher.phase("gathering the inventory")
        inventory = gather(self.host)
        key = host_key(inventory.host)
        if self.folder.host not in {"", key}:
            raise UsageError(
                f"{self.folder.path} was run on {self.folder.host}, and this is {key}: name that"
                " host, or begin a new run"
            )
        facts.store(inventory, self.folder.path)
        self.journal.write(Event.HOST_SEEN, host=key, evidence=inventory.evidence.value)
        return inventory

    def restored(self, peer: Peer | None = None) -> Restoration:
        """Return how the host differs from what it was, after removing what the run left there."""
        with deaf_to_interrupts():
            self.watcher.phase("comparing the host with what it was")
            run_id = self.folder.run_id
            restoration = restoration_of(self.host, self.dom0, self._before, run_id)
            return peer.joined(restoration, run_id) if peer else restoration

    def live_verdicts(self) -> dict[str, tuple[Verdict, ...]]:
        """Return the verdicts of live tests since the host was looked at, by requirement."""
        found: dict[str, tuple[Verdict, ...]] = {}
        for record in Tail(self.journal.path, offset_bytes=self._offset_bytes).read():
            content = record.get("verdict")
            if record["event"] == Event.VERDICT and isinstance(content, dict):
                verdict = verdict_from_json(content)
                if verdict.tier is not None:
                    id_ = verdict.requirement_id
                    found[id_] = (*found.get(id_, ()), verdict)
        return found


@contextlib.contextmanager
def visiting(target: str, folder: RunFolder, watcher: Watcher, **started: Json) -> Iterator[Visit]:
    """Hold a host for a run, and journal how the run begins and ends.

    Args:
        target: HOST.
        folder: Where the run writes; it is made once the host is reached.
        watcher: Told how it goes.
        **started: What else the journal says of the run at its start.

    Yields:
        The visit.

    Raises:
        HostBusyError: Another run holds the host.
        XenvmError: The host could not be reached.
    """
    watcher.phase(f"connecting to {target}")
    with contextlib.ExitStack() as stack:
        host = stack.enter_context(open_host(target, report=watcher.lab))
        make(folder)
        journal = stack.enter_context(contextlib.closing(Journal(folder.path / JOURNAL_FILE)))
        dom0 = Dom0(host, target)
        journal.write(Event.RUN_STARTED, run_id=folder.run_id, target=target, **started)
        dom0.take_lease(folder.run_id)
        visit = Visit(host=host, dom0=dom0, folder=folder, journal=journal, watcher=watcher)
        try:
            yield visit
        except BaseException as exc:
            with contextlib.suppress(OutputError):
                journal.write(Event.RUN_ENDED, verdict=None, error=type(exc).__name__)
            raise
        finally:
            with deaf_to_interrupts(), contextlib.suppress(XenvmError):
                dom0.release_lease(folder.run_id)
        with contextlib.suppress(OutputError):
            journal.write(Event.RUN_ENDED, verdict=visit.conclusion, error=None)
