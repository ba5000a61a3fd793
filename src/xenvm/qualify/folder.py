"""A run's folder: where it is, whether it may be written, and what an earlier run left in it."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from xenvm.errors import OutputError, UsageError
from xenvm.model.inventory import HostIdentity
from xenvm.model.profile import Profile
from xenvm.model.verdict import Tier, Verdict

from .documents import Json, verdict_from_json
from .journal import JOURNAL_FILE, Event, Record, parse_records
from .names import RUN_ID, new_run_id
from .results import FINAL

REPORTS_FOLDER = Path("xenvm-report")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFolder:
    """Where a run writes, and what it goes on from.

    Attributes:
        path: The folder.
        run_id: The run's four characters; a resumed run keeps its own.
        kept: Of a resumed run: the live verdicts that stand, by requirement.
        host: Of a resumed run: the host it was on, see :func:`host_key`; else empty.
    """

    path: Path
    run_id: str
    kept: Mapping[str, tuple[Verdict, ...]] = field(default_factory=dict)
    host: str = ""


def new_folder(output: Path | None, target: str, *, resumable: bool = False) -> RunFolder:
    """Return the folder for a new run; nothing is made yet.

    Args:
        output: The user's; None for one of our own naming.
        target: The host, as the user named it.
        resumable: Whether a run that is in the folder could be gone on with.

    Raises:
        UsageError: It exists and is not empty, or cannot be made.
    """
    run_id = new_run_id()
    day = datetime.now(UTC).date().isoformat()
    path = output or REPORTS_FOLDER / f"{day}-{_label(target)}-{run_id}"
    if path.exists() and not path.is_dir():
        raise UsageError(f"{path} is no folder: name another with --output")
    if path.is_dir() and any(path.iterdir()):
        cures = "name another with --output" + ", or go on with --resume" * resumable
        raise UsageError(f"{path} is not empty: {cures}")
    nearest = next(folder for folder in (path, *path.absolute().parents) if folder.exists())
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise UsageError(f"{path} cannot be written: name another with --output")
    return RunFolder(path=path, run_id=run_id)


def resumed_folder(path: Path, profile: Profile, tier: Tier) -> RunFolder:
    """Return the folder of an earlier run, with the verdicts that stand.

    Raises:
        UsageError: There is no run in it, or one of another profile or tier.
    """
    try:
        records = parse_records((path / JOURNAL_FILE).read_text(encoding="utf-8", errors="replace"))
    except OSError as exc:
        raise UsageError(f"{path} has no run to resume: {exc.strerror}") from exc
    started = _last(records, Event.RUN_STARTED)
    run_id = str(started.get("run_id", ""))
    if not RUN_ID.match(run_id):
        raise UsageError(f"{path} has no run to resume: its journal does not say which")
    if started.get("profile") != profile_key(profile):
        raise UsageError(
            f"{path} was run under another profile than {profile.name}, or that has changed since:"
            " resume it with the same --profile, or begin a new run"
        )
    if started.get("tier") != tier.value:
        raise UsageError(f"{path} was run with --tier {started.get('tier')}: resume it with that")
    return RunFolder(
        path=path,
        run_id=run_id,
        kept=standing_verdicts(records),
        host=str(_last(records, Event.HOST_SEEN).get("host", "")),
    )


def make(folder: RunFolder) -> None:
    """Make the folder.

    Raises:
        UsageError: It cannot be made.
    """
    try:
        folder.path.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise UsageError(f"cannot make {folder.path}: {exc.strerror}") from exc


def write(path: Path, text: str) -> None:
    """Write a document whole or not at all.

    Raises:
        OutputError: It cannot be written.
    """
    draft = path.with_name(path.name + ".new")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    except OSError as exc:
        raise OutputError(f"cannot write {path}: {exc.strerror}") from exc


def profile_key(profile: Profile) -> str:
    """Return what makes two profiles the same: name, requirements and limits."""
    limits = sorted((key, str(limit.value), limit.unit) for key, limit in profile.limits.items())
    text = repr((profile.name, profile.requirement_ids, limits))
    return f"{profile.name} {hashlib.sha256(text.encode()).hexdigest()[:16]}"


def host_key(host: HostIdentity) -> str:
    """Return what makes two hosts the same, however they are reached."""
    return " / ".join(str(part) for part in (host.hostname, host.manufacturer, host.product_name))


def standing_verdicts(records: Iterable[Record]) -> dict[str, tuple[Verdict, ...]]:
    """Return the live verdicts that a resumed run keeps, by requirement.

    They stand when every test that answers for the requirement ran to its end, and none of them
    was broken or blocked.
    """
    standing: dict[str, tuple[Verdict, ...]] = {}
    suite: dict[str, _Collected] = {}
    for record in records:
        event = record["event"]
        if event == Event.SUITE_COLLECTED:
            suite = _collected(record)
        elif event == Event.VERDICT and isinstance(record.get("verdict"), dict):
            verdict = verdict_from_json(record["verdict"])  # type: ignore[arg-type] # just asked
            if verdict.tier and verdict.requirement_id in suite:
                suite[verdict.requirement_id].verdicts.append(verdict)
        elif event == Event.ATTEMPT_ENDED:
            for collected in suite.values():
                collected.tests.discard(str(record.get("test")))
            standing |= {id_: tuple(c.verdicts) for id_, c in suite.items() if c.stands}
    return standing


@dataclass(slots=True, kw_only=True)
class _Collected:
    """A requirement in a running suite: the tests that must still end, and the verdicts so far."""

    tests: set[str] = field(default_factory=set)
    verdicts: list[Verdict] = field(default_factory=list)

    @property
    def stands(self) -> bool:
        return bool(
            not self.tests and self.verdicts and FINAL.issuperset(v.kind for v in self.verdicts)
        )


def _collected(record: Record) -> dict[str, _Collected]:
    suite: dict[str, _Collected] = {}
    for test in _dicts(record.get("tests")):
        ids = test.get("requirements")
        for id_ in ids if isinstance(ids, list) else []:
            suite.setdefault(str(id_), _Collected()).tests.add(str(test.get("test")))
    return suite


def _dicts(value: Json) -> list[dict[str, Json]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _last(records: Iterable[Record], event: Event) -> Record:
    return next((r for r in reversed([*records]) if r["event"] == event), {})


def _label(target: str) -> str:
    """Return a short name for HOST that suits a file system."""
    name = urlsplit(target).hostname or target
    return re.sub(r"[^A-Za-z0-9.]+", "-", name).strip("-.")[:40] or "host"
