"""A qualification from start to end: lease, facts, rules, live tests, restoration, verdict."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from xenvm import spec
from xenvm.errors import UsageError
from xenvm.model.inventory import Inventory
from xenvm.model.profile import CheckKind, Profile, Requirement
from xenvm.model.verdict import Evidence, RunVerdict, Tier, Verdict, VerdictKind
from xenvm.target import spare_devices

from .folder import new_folder, profile_key, resumed_folder, write
from .journal import now
from .junit import JUNIT_FILE, junit_xml
from .live import SuiteEnd, run_suite
from .peer import Peer, leased_peer
from .plan import Circumstances, Step, Will, live_estimates_s, make_plan, total_s
from .report import REPORT_FILE, report_html
from .results import (
    RESTORED,
    RESULTS_FILE,
    Conclusion,
    Results,
    concluded,
    results_to_json,
    run_verdict,
)
from .suite import SuiteCall, suite_path
from .visit import Visit, Watcher, visiting

PATIENCE = 5
"""A test that takes this many times its estimate will not end; neither will such a suite."""

LEAST_LIMIT_S = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the user asks for.

    Attributes:
        target: HOST.
        profile: The profile's name or path.
        tier: How far the live tests go.
        allowed: Devices of the host that the live tests may write to, beside a lab's spare ones.
        only: Requirements; empty for all of the profile.
        output: The folder for a new run; None for one under ``xenvm-report``.
        resume: The folder of a run to go on with.
        suite: The folder of the live tests; None for those of xenvm.
        peer: A second HOST, to which guests may move; empty for none.
    """

    target: str
    profile: str
    tier: Tier = Tier.QUICK
    allowed: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    output: Path | None = None
    resume: Path | None = None
    suite: Path | None = None
    peer: str = ""

    @property
    def hosts(self) -> int:
        """Return how many hosts the run has."""
        return 2 if self.peer else 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """What stays the same all through a run."""

    wish: Wish
    profile: Profile
    asked: tuple[Requirement, ...]
    visit: Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """What a run knows of its host before it changes anything."""

    inventory: Inventory
    rules: tuple[Verdict, ...]
    steps: tuple[Step, ...]


def qualify(wish: Wish, watcher: Watcher) -> tuple[Results, Path]:
    """Qualify a host and write the run's folder.

    Args:
        wish: What is asked for.
        watcher: Told how it goes.

    Returns:
        The results, and the folder.

    Raises:
        UsageError: The wish cannot be meant, such as an unknown requirement or a used folder.
        HostBusyError: Another run holds the host.
        OutputError: The folder took no more; the host was left as it was found nevertheless.
        XenvmError: The host could not be reached, or not be looked at; nothing was changed.
        KeyboardInterrupt: Before anything was changed; later it makes an undecided run.
    """
    profile = spec.load_host_profile(wish.profile)
    asked = asked_requirements(profile, wish.tier, wish.only, hosts=wish.hosts)
    folder = (
        resumed_folder(wish.resume, profile, wish.tier)
        if wish.resume
        else new_folder(wish.output, wish.target, resumable=True)
    )
    with (
        visiting(
            wish.target,
            folder,
            watcher,
            profile=profile_key(profile),
            tier=wish.tier.value,
            only=[*wish.only],
        ) as visit,
        leased_peer(wish.peer, folder.run_id) as peer,
    ):
        results = _course(_Run(wish=wish, profile=profile, asked=asked, visit=visit), peer)
        visit.conclusion = results.verdict.value
    write_documents(results, folder.path)
    return results, folder.path


def asked_requirements(
    profile: Profile, tier: Tier, only: Sequence[str], *, hosts: int = 1
) -> tuple[Requirement, ...]:
    """Return what a run of a tier, with so many hosts, asks, in the profile's order.

    Raises:
        UsageError: ``only`` names one that does not exist, or that the profile or the tier does
            not ask.
    """
    for id_ in only:
        wanted = spec.requirement(id_)
        if id_ not in profile.requirement_ids:
            raise UsageError(f"profile {profile.name} does not ask {id_}: leave it out of --only")
        if not wanted.asked_by(tier, hosts=wanted.hosts):
            raise UsageError(f"{id_} takes more than tier {tier}: add --tier {wanted.tier}")
        if wanted.hosts > hosts:
            raise UsageError(f"{id_} takes a second host: add --to HOST")
    asked = map(spec.requirement, profile.requirement_ids)
    return tuple(r for r in asked if r.asked_by(tier, hosts=hosts) and (not only or r.id in only))


def write_documents(results: Results, folder: Path) -> None:
    """Write results.json, junit.xml and report.html.

    Raises:
        OutputError: The folder took no more.
    """
    document = json.dumps(results_to_json(results), ensure_ascii=False, indent=2)
    write(folder / RESULTS_FILE, document + "\n")
    write(folder / JUNIT_FILE, junit_xml(results))
    write(folder / REPORT_FILE, report_html(results))


def _course(run: _Run, peer: Peer | None) -> Results:
    started, began_s = now(), time.monotonic()
    visit, folder = run.visit, run.visit.folder
    found = _facts(run)
    end: SuiteEnd | None = None
    try:
        end = _live(run, found)
    finally:
        # Whatever happened above, the host comes first.
        restoration = visit.restored(peer)
    live = {**folder.kept, **visit.live_verdicts()}
    conclusions = tuple(_conclusion(r, found, live.get(r.id, ()), end) for r in run.asked)
    evidence = found.inventory.evidence
    interrupted = end is not None and end.interrupted
    kinds = {c.requirement.id: c.verdict.kind for c in conclusions}
    kinds[RESTORED.id] = restoration.verdict.kind
    verdict = run_verdict(kinds, (*run.asked, RESTORED), evidence)
    return Results(
        run_id=folder.run_id,
        evidence=evidence,
        verdict=RunVerdict.UNDECIDED if interrupted else verdict,
        tier=run.wish.tier,
        partial=bool(run.wish.only),
        interrupted=interrupted,
        target=run.wish.target,
        host=found.inventory.host,
        profile=run.profile,
        started=started,
        ended=now(),
        duration_s=time.monotonic() - began_s,
        conclusions=conclusions,
        restoration=restoration,
    )


def _facts(run: _Run) -> _Facts:
    visit = run.visit
    inventory = visit.look()
    rules = spec.evaluate(inventory, run.profile)
    for rule in rules:
        visit.journal.verdict(rule)
    circumstances = Circumstances(
        inventory=inventory,
        profile=run.profile,
        tier=run.wish.tier,
        rules=rules,
        volume_groups=visit.dom0.volume_groups(),
    )
    steps = make_plan(run.asked, circumstances)
    visit.watcher.seen(inventory.evidence, live_estimates_s(steps))
    return _Facts(inventory=inventory, rules=rules, steps=steps)


def _live(run: _Run, found: _Facts) -> SuiteEnd | None:
    """Return how the live suite ended; None when it had nothing to do."""
    ids = [id_ for id_ in live_estimates_s(found.steps) if id_ not in run.visit.folder.kept]
    if not ids:
        return None
    visit, folder = run.visit, run.visit.folder
    visit.watcher.phase("running the live tests")
    longest_s = max(step.estimate_s for step in found.steps)
    call = SuiteCall(
        suite=run.wish.suite or suite_path("conformance"),
        host=run.wish.target,
        run_folder=folder.path.absolute(),
        run_id=folder.run_id,
        tier=run.wish.tier,
        allowed=(*run.wish.allowed, *spare_devices(run.wish.target)),
        only=ids,
        test_limit_s=max(LEAST_LIMIT_S, round(PATIENCE * longest_s)),
        options=("--xenvm-profile", run.wish.profile, "--xenvm-peer", run.wish.peer),
    )
    deadline_s = LEAST_LIMIT_S + PATIENCE * total_s(found.steps)
    return run_suite(call, visit.watcher.record, deadline_s=deadline_s)


def _conclusion(
    requirement: Requirement, found: _Facts, live: Sequence[Verdict], end: SuiteEnd | None
) -> Conclusion:
    rule = next((v for v in found.rules if v.requirement_id == requirement.id), None)
    step = next(step for step in found.steps if step.requirement.id == requirement.id)
    silent = requirement.check is CheckKind.LIVE and not live
    verdicts = [_instead_of_live(step, end)] if silent else live
    return Conclusion(
        requirement=requirement,
        verdict=concluded(requirement, rule=rule, live=verdicts, evidence=found.inventory.evidence),
    )


def _instead_of_live(step: Step, end: SuiteEnd | None) -> Verdict:
    """Return the verdict on a live requirement that no live test gave one on."""
    id_ = step.requirement.id
    if step.will is Will.BLOCKED:
        return Verdict(requirement_id=id_, kind=VerdictKind.BLOCKED, detail=step.why)
    text = end.text if end else "its live test did not run"
    log = (Evidence(command="the suite's log", output=end.log_tail),) if end else ()
    return Verdict(requirement_id=id_, kind=VerdictKind.BROKEN, detail=text, evidence=log)
