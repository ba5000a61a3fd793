"""A run of benchmarks from start to end: lease, limits, pairs, restoration, gate."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from xenvm.bench.baseline import save_baseline
from xenvm.bench.block import FILL_PASSES
from xenvm.bench.catalogue import GUESTS, METRICS, metric, rig_of, under
from xenvm.bench.decision import figure, is_sound
from xenvm.bench.measuring import SPAN_MIB, Extent, Setting, setting_for
from xenvm.bench.steadiness import WINDOW
from xenvm.errors import ParseError, UsageError
from xenvm.formats.measurement_json import measurement_of
from xenvm.model.baseline import Baseline
from xenvm.model.benchmark import Metric
from xenvm.model.inventory import Inventory
from xenvm.model.measurement import Measurement
from xenvm.model.verdict import Evidence, EvidenceClass, Verdict, VerdictKind
from xenvm.target import spare_devices

from .bench_report import bench_html
from .bench_results import (
    BENCH_KEY,
    BENCHMARK_FILE,
    BenchResults,
    Found,
    bench_to_json,
)
from .disks import BY_ID
from .folder import new_folder, write
from .gauge import NULL_PAIRS, PAIRS
from .history import earlier_runs
from .journal import now
from .limits import LimitFiles, Limits, find_limits, parse_peer
from .live import SuiteEnd, run_suite
from .native import load_native
from .report import REPORT_FILE
from .results import merged
from .suite import SuiteCall, suite_path
from .visit import Visit, Watcher, visiting

MECHANISM_PAIRS = 3
"""They show that a benchmark works; an emulated host's speed says nothing, however often asked."""

RIG_S = 60.0
"""To make guests and volumes, and to remove them, shared by the metrics of one driver."""

FILL_MIB_PER_S = 100.0
"""What a slow disk takes, where the span is larger than that of ``RIG_S``."""

BESIDE_S = {EvidenceClass.HARDWARE: 2.0, EvidenceClass.NESTED: 15.0}
"""What a leg takes beside its own time: caches dropped, programs started, counters read."""

PATIENCE = 5
"""A benchmark that takes this many times its estimate will not end."""

LEAST_LIMIT_S = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchWish:
    """What the user asks for.

    Attributes:
        target: HOST.
        files: Where the user's limits are.
        extent: How long the legs are, and how much of a device they drive.
        only: Metrics, or beginnings of their names; empty for all that can be measured.
        allowed: Devices of the host that may be written to, beside a lab's spare ones.
        peer: An external peer, as ``ADDRESS[:PORT]``; empty for none.
        guest_address: The measured guest's in its network, as ``ADDRESS/PREFIX``; empty to ask
            DHCP.
        native: What the machine does without Xen, for the report; None for nothing.
        output: The run's folder; None for one under ``xenvm-report``.
        record: Whether the run becomes the baseline.
        null: Whether each leg is measured against itself.
        suite: The folder of the benchmarks; None for those of xenvm.
    """

    target: str
    files: LimitFiles = field(default_factory=LimitFiles)
    extent: Extent = field(default_factory=Extent)
    only: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()
    peer: str = ""
    guest_address: str = ""
    native: Path | None = None
    output: Path | None = None
    record: bool = False
    null: bool = False
    suite: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bench:
    """What stays the same all through a run."""

    wish: BenchWish
    metrics: tuple[Metric, ...]
    allowed: tuple[str, ...]
    visit: Visit


def bench(wish: BenchWish, watcher: Watcher) -> tuple[BenchResults, Path]:
    """Measure a host's PV I/O, decide, and write the run's folder.

    Args:
        wish: What is asked for.
        watcher: Told how it goes.

    Returns:
        The results, and the folder.

    Raises:
        UsageError: The wish cannot be meant: an unknown metric, thresholds that name one, a
            baseline of other hardware; nothing was changed. Or the baseline cannot be recorded;
            the documents are written nevertheless.
        HostBusyError: Another run holds the host.
        OutputError: The folder took no more; the host was left as it was found nevertheless.
        XenvmError: The host could not be reached, or not be looked at; nothing was changed.
        KeyboardInterrupt: Before anything was changed; later it makes an undecided run.
    """
    # In the order in which the suite takes them, so that both mean the same disk.
    allowed = tuple(sorted({*wish.allowed, *spare_devices(wish.target)}))
    metrics = asked_metrics(wish, allowed)
    wish.files.load_thresholds()
    native = load_native(wish.native) if wish.native else None
    if wish.record and not wish.files.baseline:
        raise UsageError("--record needs a folder to record in: add --baseline DIR")
    if wish.record and wish.null:
        raise UsageError("--noise measures no guest against Dom0: leave --record out")
    folder = new_folder(wish.output, wish.target)
    tier = wish.extent.tier.value
    with visiting(wish.target, folder, watcher, tier=tier, only=[*wish.only]) as visit:
        run = _Bench(wish=wish, metrics=metrics, allowed=allowed, visit=visit)
        results = _course(run)
        visit.conclusion = results.gate.value
    try:
        if wish.record and wish.files.baseline:
            results = _recorded(results, wish.files.baseline)
    finally:
        write_documents(results, folder.path, native)
    return results, folder.path


def asked_metrics(wish: BenchWish, allowed: Sequence[str]) -> tuple[Metric, ...]:
    """Return what a run measures, in the catalogue's order.

    Without ``--only`` that is all but what nobody provided for: a peer, a disk for a partition.

    Raises:
        UsageError: ``only`` names a metric that does not exist, a disk is not allowed by its
            identity, or the peer or the guest's address is none.
    """
    peer = parse_peer(wish.peer, wish.guest_address)
    for path in allowed:
        if path.startswith("/") and not path.startswith(BY_ID):
            raise UsageError(f"{path} may be another disk after the next boot: --allow {BY_ID}…")
    if wish.only:
        wanted = {one for name in wish.only for one in under(name) or [metric(name)]}
        return tuple(one for one in METRICS if one in wanted)
    without = () if peer else under("network.peer")
    if not any(path.startswith(BY_ID) for path in allowed):
        without += under("block.partition")
    return tuple(one for one in METRICS if one not in without)


def write_documents(results: BenchResults, folder: Path, native: Baseline | None) -> None:
    """Complete benchmark.json, and write report.html.

    Raises:
        OutputError: The folder took no more.
    """
    document = {**_document(folder), BENCH_KEY: bench_to_json(results)}
    write(folder / BENCHMARK_FILE, json.dumps(document, ensure_ascii=False, indent=1) + "\n")
    extent = Extent(tier=results.tier, span_mib=results.span_mib)
    history = [] if results.null else earlier_runs(folder, results.hardware, extent)
    write(folder / REPORT_FILE, bench_html(results, history=history, native=native))


def _course(run: _Bench) -> BenchResults:
    started, began_s = now(), time.monotonic()
    visit, wish = run.visit, run.wish
    inventory = visit.look()
    peer = parse_peer(wish.peer, wish.guest_address)
    # What makes a baseline is compared with none.
    files = replace(wish.files, baseline=None) if wish.record else wish.files
    limits = find_limits(
        visit.host,
        inventory.evidence,
        files,
        wish.extent,
        allowed=run.allowed,
        peer=peer.address if peer else "",
    )
    end: SuiteEnd | None = None
    try:
        end = _measure(run, inventory, limits)
    finally:
        # Whatever happened above, the host comes first.
        restoration = visit.restored()
    return BenchResults(
        run_id=visit.folder.run_id,
        evidence=inventory.evidence,
        tier=wish.extent.tier,
        span_mib=wish.extent.span_mib,
        null=wish.null,
        interrupted=end.interrupted,
        target=wish.target,
        host=inventory.host,
        hardware=limits.fingerprint,
        limits=limits.text,
        asked=bool(files.thresholds or files.baseline),
        started=started,
        ended=now(),
        duration_s=time.monotonic() - began_s,
        found=_found(run, end),
        restoration=restoration,
    )


def _measure(run: _Bench, inventory: Inventory, limits: Limits) -> SuiteEnd:
    visit, wish = run.visit, run.wish
    nested = inventory.evidence is not EvidenceClass.HARDWARE
    few = nested and not (limits.gates or wish.record or wish.null)
    pairs = MECHANISM_PAIRS if few else PAIRS
    setting = setting_for(inventory.evidence, wish.extent.tier, limits.fingerprint.disk_class)
    rigs_s = {rig: _rig_s(rig, wish.extent, setting) for rig in map(rig_of, run.metrics)}
    sharing = Counter(map(rig_of, run.metrics))
    leg_s = setting.timing.length_s + BESIDE_S[inventory.evidence]
    estimates_s = {
        one.name: rigs_s[rig_of(one)] / sharing[rig_of(one)]
        + (pairs + _null_pairs(one, wish, limits)) * _legs(one, wish) * leg_s
        for one in run.metrics
    }
    # The first of a driver's metrics waits for all of its rig.
    longest_s = max(estimates_s.values()) + max(rigs_s.values()) - RIG_S
    visit.watcher.seen(inventory.evidence, estimates_s)
    visit.watcher.phase("measuring")
    call = SuiteCall(
        suite=wish.suite or suite_path("benchmarks"),
        host=wish.target,
        run_folder=visit.folder.path.absolute(),
        run_id=visit.folder.run_id,
        tier=wish.extent.tier,
        allowed=run.allowed,
        only=[*estimates_s],
        test_limit_s=max(LEAST_LIMIT_S, round(PATIENCE * longest_s)),
        options=_options(visit.folder.path.absolute(), wish, pairs),
    )
    deadline_s = LEAST_LIMIT_S + PATIENCE * sum(estimates_s.values())
    return run_suite(call, visit.watcher.record, deadline_s=deadline_s)


def _options(folder: Path, wish: BenchWish, pairs: int) -> list[str]:
    """Return what pytest is told beside what the live suite is told too."""
    options = ["-p", "pytest_benchmark.plugin", "-o", "python_files=pv_*.py"]
    options += [f"--benchmark-json={folder / BENCHMARK_FILE}"]
    # In one word each: until it has read their conftest, pytest takes a second one for a path.
    options += [f"--xenvm-pairs={pairs}", f"--xenvm-traffic-peer={wish.peer}"]
    options += [f"--xenvm-guest-address={wish.guest_address}"]
    options += [f"--xenvm-span={wish.extent.span_mib}"]
    options += ["--xenvm-null"] if wish.null else []
    baseline = None if wish.record else wish.files.baseline
    for name, path in (("thresholds", wish.files.thresholds), ("baseline", baseline)):
        options += [f"--xenvm-{name}={path.absolute()}"] if path else []
    return options


def _rig_s(rig: str, extent: Extent, setting: Setting) -> float:
    """Return what making a rig takes; a disk is expected to be steady from the first round on."""
    volumes = max(GUESTS) if rig == "aggregate" else int(rig.startswith("block."))
    more_mib = max(0, extent.span_mib - SPAN_MIB)
    settling = WINDOW if setting.settles and rig.startswith("block.") else 0
    filling_s = volumes * FILL_PASSES * more_mib / FILL_MIB_PER_S
    return RIG_S + filling_s + settling * setting.timing.length_s


def _null_pairs(one: Metric, wish: BenchWish, limits: Limits) -> int:
    return NULL_PAIRS[wish.extent.tier] if wish.null or limits.criteria(one) else 0


def _legs(one: Metric, wish: BenchWish) -> int:
    return 2 if one.reference or wish.null or rig_of(one) == "aggregate" else 1


def _found(run: _Bench, end: SuiteEnd) -> tuple[Found, ...]:
    live = run.visit.live_verdicts()
    measured = _measurements(_document(run.visit.folder.path))
    return tuple(
        Found(
            metric=one,
            verdict=merged(live.get(one.name) or [_instead(one, end)]),
            measurement=measured.get(one.name),
        )
        for one in run.metrics
    )


def _instead(one: Metric, end: SuiteEnd) -> Verdict:
    """Return the verdict on a metric that no benchmark gave one on."""
    log = (Evidence(command="the suite's log", output=end.log_tail),)
    return Verdict(requirement_id=one.name, kind=VerdictKind.BROKEN, detail=end.text, evidence=log)


def _document(folder: Path) -> dict[str, object]:
    """Return what pytest-benchmark wrote; nothing when it measured nothing or was killed."""
    try:
        document = json.loads((folder / BENCHMARK_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        document = None
    return document if isinstance(document, dict) else {"benchmarks": []}


def _measurements(document: Mapping[str, object]) -> dict[str, Measurement]:
    benchmarks = document.get("benchmarks")
    found: dict[str, Measurement] = {}
    for one in benchmarks if isinstance(benchmarks, list) else []:
        try:
            measurement = measurement_of(one["extra_info"])
        except (ParseError, KeyError, TypeError):
            continue
        found[measurement.metric.name] = measurement
    return found


def _recorded(results: BenchResults, folder: Path) -> BenchResults:
    """Return the results of a run that became the baseline, if anything of it can be one."""
    measured = [one.measurement for one in results.found if one.measurement]
    figures = tuple(figure(m.metric, m.pairs) for m in measured if is_sound(m.pairs))
    if results.interrupted or not figures:
        return results
    baseline = Baseline(
        fingerprint=results.hardware,
        recorded_at=results.started,
        tier=results.tier,
        span_mib=results.span_mib,
        figures=figures,
    )
    return replace(results, recorded=str(save_baseline(folder, baseline)))
