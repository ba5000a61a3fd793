"""Whole runs of benchmarks with a driver that measures nothing, on libvirt's test driver."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from xenvm import processes
from xenvm.bench.baseline import load_baseline, save_baseline
from xenvm.bench.catalogue import METRICS, rig_of
from xenvm.bench.measuring import Extent
from xenvm.bench.thresholds import load_thresholds
from xenvm.errors import BaselineError, ThresholdsError, UsageError
from xenvm.host import CommandResult, Host, connect
from xenvm.host.inventory import gather
from xenvm.lab.progress import Step as LabStep
from xenvm.model.baseline import Baseline, BaselineFigure, Fingerprint
from xenvm.model.inventory import Inventory
from xenvm.model.verdict import EvidenceClass, Tier, VerdictKind
from xenvm.qualify import bench_run, limits, visit
from xenvm.qualify.bench_results import BenchResults, Found, Gate
from xenvm.qualify.bench_run import BenchWish, asked_metrics, bench
from xenvm.qualify.journal import Event, Record
from xenvm.qualify.limits import LimitFiles, Limits, find_limits, parse_peer
from xenvm.qualify.live import SuiteEnd
from xenvm.qualify.suite import SuiteCall, suite_path

HARDWARE = Fingerprint(machine="Maker Rack 1", cpu="A processor", xen="4.17.5", kernel="6.1")

FLOOR = """
title = "A floor"
[[thresholds]]
metrics = ["compute.*", "block.*"]
floor_ratio = 0.85
source = "a test"
"""

SUITE = """
import time
import pytest
from xenvm.bench.catalogue import METRICS
from xenvm.bench.replay import CLOCK
from xenvm.bench.thresholds import load_thresholds
from xenvm.errors import BlockedError, DeviceInUseError
from xenvm.model.baseline import Fingerprint
from xenvm.model.benchmark import Leg, Sample
from xenvm.qualify.gauge import provided
from xenvm.qualify.limits import Limits

pytestmark = [
    pytest.mark.benchmark(group="small", timer=CLOCK.now),
    pytest.mark.metrics("compute", "block.lvm", "block.file", "block.partition", "aggregate"),
]

@pytest.fixture(scope="session")
def limits(request, inventory):
    found = Limits(
        fingerprint=Fingerprint(machine="Maker Rack 1"),
        thresholds=load_thresholds(request.config.option.xenvm_thresholds, METRICS),
        baseline=None,
        floors=True,
    )
    tell_of(request.config, inventory, found)
    return found

class Driver:
    metrics = [m for m in METRICS if not m.name.startswith("aggregate")]

    def sample(self, metric, leg, *, number):
        guest = leg is Leg.GUEST
        wobble = 1 + (number * 7 % 5) / 1000 + guest * (number * 3 % 4) / 2000
        ratio = 0.5 if guest and metric.name == "compute.memory-bandwidth" else 1.0
        invalid = "none of it reached the disk" if metric.name.startswith("block.file") else ""
        time.sleep({sleep_s})
        return Sample(leg=leg, value=2**20 * wobble * ratio, invalid=invalid)

@pytest.fixture(scope="module")
def driver(request):
    with provided():
        if request.param == "block.lvm":
            raise BlockedError("Dom0 has no fio: apt-get install fio")
        if request.param == "block.partition":
            raise DeviceInUseError("/dev/disk/by-id/x", ["a file system"])
    return Driver()

def test_small(driver, name, gauge):
    gauge(driver, name)
"""
TELL = """

def tell_of(config, inventory, found):
    config.stash[_LIMITS] = inventory, found

import builtins
builtins.tell_of = tell_of
"""
"""In the conftest of the suite above, which has limits of its own and no Dom0 to ask."""

RIGS = """

from xenvm.bench.catalogue import METRICS
from xenvm.bench.thresholds import load_thresholds
from xenvm.model.baseline import Fingerprint
from xenvm.model.benchmark import Sample
from xenvm.qualify import rigs

class Driver:
    metrics = METRICS
    made = 0

    def __init__(self, told):
        Driver.made += 1
        self.details = {"told": told, "rig": Driver.made}

    def sample(self, metric, leg, *, number):
        return Sample(leg=leg, value=1.0 + number, details=self.details)

def rig(*_what, span_mib, **_how):
    return Driver(span_mib)

rigs.block_rig = rigs.aggregate_rig = rig
rigs.network_rig = lambda *_what, peer: Driver(int(peer.guest_address.rpartition("/")[2]))

@pytest.fixture(scope="session")
def limits(request, inventory):
    shipped = load_thresholds(None, METRICS)
    hardware = Fingerprint(machine="Maker Rack 1")
    found = Limits(fingerprint=hardware, thresholds=shipped, baseline=None, floors=False)
    request.config.stash[_LIMITS] = inventory, found
    return found

@pytest.fixture(scope="session")
def open_workshop():
    import contextlib
    return contextlib.nullcontext
"""
"""In the conftest of the shipped benchmarks, where there is nothing to make a rig of."""

ASKED = (
    "compute",
    "block.lvm.seqread",
    "block.file.seqread",
    "block.partition.seqread",
    "aggregate.block.read.guests-8",
)


class Watch:
    def __init__(self, *, interrupt: bool = False) -> None:
        self.interrupt = interrupt
        self.estimates_s: Mapping[str, float] = {}

    def lab(self, step: LabStep) -> None:
        raise AssertionError(step)

    def phase(self, text: str) -> None:
        assert text

    def seen(self, evidence: EvidenceClass, estimates_s: Mapping[str, float]) -> None:
        assert evidence is EvidenceClass.HARDWARE
        self.estimates_s = estimates_s

    def record(self, record: Record) -> None:
        if record["event"] == Event.PROGRESS and self.interrupt:
            self.interrupt = False
            threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()


def on_hardware(host: Host) -> Inventory:
    return replace(gather(host), evidence=EvidenceClass.HARDWARE)


def known_limits(
    host: Host, evidence: EvidenceClass, files: LimitFiles, extent: Extent, **more: object
) -> Limits:
    del host, extent
    assert more["allowed"] == ("/dev/disk/by-id/a", "/dev/disk/by-id/b")
    thresholds = files.load_thresholds()
    floors = evidence is EvidenceClass.HARDWARE
    return Limits(fingerprint=HARDWARE, thresholds=thresholds, baseline=None, floors=floors)


def small_run(
    place: Path, watch: Watch, *, sleep_s: float = 0.0, **fields: object
) -> tuple[BenchResults, Path]:
    suite = place / "suite"
    if not suite.exists():
        suite.mkdir()
        conftest = (suite_path("benchmarks") / "conftest.py").read_text()
        (suite / "conftest.py").write_text(conftest + TELL)
        (suite / "pv_small.py").write_text(SUITE.format(sleep_s=sleep_s))
    (place / "floor.toml").write_text(FLOOR)
    wish = BenchWish(
        target="test:///default",
        files=LimitFiles(thresholds=place / "floor.toml"),
        only=ASKED,
        allowed=("/dev/disk/by-id/b", "/dev/disk/by-id/a"),
        suite=suite,
        output=place / "out",
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(visit, "gather", on_hardware)
        patch.setattr(bench_run, "find_limits", known_limits)
        return bench(replace(wish, **fields), watch)  # type: ignore[arg-type]


def shipped_in(place: Path, *names: str) -> Path:
    """Return a place for a run, with the shipped benchmarks of these names on rigs of nothing."""
    suite, shipped = place / "suite", suite_path("benchmarks")
    suite.mkdir()
    for name in ("conftest", *names):
        text = (shipped / f"{name}.py").read_text()
        (suite / f"{name}.py").write_text(text + (RIGS if name == "conftest" else ""))
    return place


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[BenchResults, Path]:
    """Return a run with a metric for each way to end, and its folder."""
    place = tmp_path_factory.mktemp("finished")
    baselines = LimitFiles(thresholds=place / "floor.toml", baseline=place / "before")
    return small_run(place, Watch(), files=baselines, record=True)


@pytest.fixture
def results(finished: tuple[BenchResults, Path]) -> BenchResults:
    return finished[0]


@pytest.fixture
def folder(finished: tuple[BenchResults, Path]) -> Path:
    return finished[1]


@pytest.fixture
def found(results: BenchResults) -> dict[str, Found]:
    return {one.metric.name: one for one in results.found}


def test_a_slow_metric_closes_the_gate_whatever_the_others_do(
    results: BenchResults, found: dict[str, Found]
) -> None:
    assert (results.gate, results.label) == (Gate.CLOSED, "gate closed")
    assert found["compute.cpu"].word == "pass"
    assert found["compute.memory-bandwidth"].word == "fail"
    measurement = found["compute.memory-bandwidth"].measurement
    assert measurement
    assert len(measurement.pairs) == 10
    assert {pair.candidate_first for pair in measurement.pairs} == {True, False}


def test_a_sample_of_something_else_is_never_a_pass(found: dict[str, Found]) -> None:
    one = found["block.file.seqread"]
    assert (one.word, one.verdict.kind) == ("invalid", VerdictKind.BROKEN)
    assert "none of it reached the disk" in one.verdict.detail


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("block.lvm.seqread", "Dom0 has no fio: apt-get install fio"),
        ("block.partition.seqread", "/dev/disk/by-id/x is in use"),
    ],
)
def test_what_the_user_must_provide_blocks_and_is_said(
    found: dict[str, Found], name: str, said: str
) -> None:
    assert found[name].verdict.kind is VerdictKind.BLOCKED
    assert said in found[name].verdict.detail


def test_more_guests_than_the_host_has_room_for_are_not_observable(
    found: dict[str, Found],
) -> None:
    one = found["aggregate.block.read.guests-8"]
    assert one.verdict.kind is VerdictKind.NOT_OBSERVABLE
    assert one.measurement is None


def test_benchmark_json_is_pytest_benchmarks_and_has_the_guests_own_times(folder: Path) -> None:
    document = json.loads((folder / "benchmark.json").read_text())
    assert document["machine_info"]["machine"] == "Maker Rack 1"
    assert document["machine_info"]["evidence"] == "hardware"
    by_name = {one["extra_info"]["name"]: one for one in document["benchmarks"]}
    slow = by_name["compute.memory-bandwidth"]
    info, stats = slow["extra_info"], slow["stats"]
    assert (info["verdict"], info["statistics_in"]) == ("fail", "s/MiB")
    assert info["ratio"] == pytest.approx(0.5, abs=0.01)
    assert info["bounds"][0] <= info["ratio"] <= info["bounds"][1]
    assert len(info["pairs"]) == stats["rounds"] == 10
    assert stats["median"] == pytest.approx(2.0, rel=0.01)
    ours = document["xenvm"]
    assert (ours["schema"], ours["gate"]) == ("xenvm-bench/1", "closed")
    assert {one["name"]: one["outcome"] for one in ours["metrics"]}["compute.cpu"] == "pass"


def test_pytest_benchmarks_own_tools_read_it(folder: Path) -> None:
    file = str(folder / "benchmark.json")
    argv = [sys.executable, "-m", "pytest_benchmark", "compare", "--columns=median,rounds", file]
    table = processes.run(argv, deadline_s=60, cwd=folder.parent).stdout
    rows = {line.split()[0]: line.split()[1:] for line in table.splitlines() if "compute." in line}
    assert {name.partition("[")[2][:11] for name in rows} == {"compute.cpu", "compute.mem"}


def test_the_folder_is_whole_and_the_baseline_recorded(results: BenchResults, folder: Path) -> None:
    assert {file.name for file in folder.iterdir()} == {
        "benchmark.json", "inventory.json", "journal.jsonl", "report.html", "suite.log",
    }  # fmt: skip
    stored = load_baseline(folder.parent / "before", HARDWARE)
    assert results.recorded.startswith(str(folder.parent / "before"))
    assert stored
    assert [f.metric for f in stored.figures] == ["compute.memory-bandwidth", "compute.cpu"]


def test_a_run_that_measured_nothing_replaces_no_baseline(tmp_path: Path) -> None:
    seen = BaselineFigure(metric="block.lvm.seqread", rate=1.0, ratio=0.5, pairs=10)
    before = Baseline(
        fingerprint=HARDWARE,
        recorded_at="2026-11-26",
        tier=Tier.QUICK,
        span_mib=256,
        figures=(seen,),
    )
    save_baseline(tmp_path / "before", before)
    files = LimitFiles(thresholds=tmp_path / "floor.toml", baseline=tmp_path / "before")
    blocked = ("block.lvm.seqread", "block.partition.seqread")
    results, _ = small_run(tmp_path, Watch(), files=files, record=True, only=blocked)
    assert (results.gate, results.recorded) == (Gate.UNDECIDED, "")
    assert load_baseline(tmp_path / "before", HARDWARE) == before


def test_what_was_measured_is_told_even_where_the_baseline_cannot_be_written(
    tmp_path: Path,
) -> None:
    (tmp_path / "before").touch()
    files = LimitFiles(thresholds=tmp_path / "floor.toml", baseline=tmp_path / "before")
    with pytest.raises(BaselineError, match="cannot be written"):
        small_run(tmp_path, Watch(), files=files, record=True, only=("compute.cpu",))
    assert json.loads((tmp_path / "out/benchmark.json").read_text())["xenvm"]["gate"] == "open"
    assert (tmp_path / "out/report.html").is_file()


def test_an_interrupted_run_is_undecided_and_has_its_report(tmp_path: Path) -> None:
    watch = Watch(interrupt=True)
    results, folder = small_run(tmp_path, watch, sleep_s=0.5, only=("compute.cpu",))
    assert (results.interrupted, results.gate) == (True, Gate.UNDECIDED)
    assert (folder / "report.html").is_file()
    assert set(watch.estimates_s) == {"compute.cpu"}


def test_a_run_is_undecided_where_no_limit_fits_what_was_measured(tmp_path: Path) -> None:
    spinning = tmp_path / "spinning.toml"
    spinning.write_text(FLOOR + 'devices = ["hdd"]\n')
    files = LimitFiles(thresholds=spinning)
    results, folder = small_run(tmp_path, Watch(), only=("compute.cpu",), files=files)
    assert [one.word for one in results.found] == ["measured"]
    assert results.gate is Gate.UNDECIDED
    said = json.loads((folder / "benchmark.json").read_text())["xenvm"]["limits"]
    assert said == f"{spinning} (A floor), which asks nothing of these metrics on this hardware"


def test_the_span_reaches_each_rig_and_is_told(tmp_path: Path) -> None:
    only = ("block.file.seqread", "aggregate.block.fairness")
    place, extent = shipped_in(tmp_path, "pv_block", "pv_aggregate"), Extent(span_mib=4096)
    results, folder = small_run(place, Watch(), only=only, extent=extent)
    measured = [one.measurement for one in results.found if one.measurement]
    assert [one.metric.name for one in measured] == [*only]
    spans = {pair.candidate.details["told"] for one in measured for pair in one.pairs}
    assert spans == {results.span_mib} == {4096}
    assert json.loads((folder / "benchmark.json").read_text())["xenvm"]["span_mib"] == 4096


def test_the_metrics_of_a_kind_share_one_rig(tmp_path: Path) -> None:
    only = ("block.lvm", "block.file")
    results, _ = small_run(shipped_in(tmp_path, "pv_block"), Watch(), only=only)
    used = {
        (rig_of(one.metric), int(pair.candidate.details["rig"]))
        for one in results.found
        if one.measurement
        for pair in one.measurement.pairs
    }
    assert used == {("block.lvm", 1), ("block.file", 2)}


def test_the_guests_address_beside_the_peer_reaches_the_rig(tmp_path: Path) -> None:
    results, _ = small_run(
        shipped_in(tmp_path, "pv_network"),
        Watch(),
        only=("network.peer.tcp-rr",),
        peer="192.0.2.7",
        guest_address="192.0.2.9/28",
    )
    (one,) = results.found
    assert one.measurement
    assert {pair.candidate.details["told"] for pair in one.measurement.pairs} == {28}


@pytest.mark.parametrize(
    ("peer", "given", "taken"),
    [
        ("192.0.2.7", "", ""),
        ("192.0.2.7:5202", "192.0.2.9/24", "192.0.2.9/24"),
        ("192.0.2.7", "192.0.2.9/255.255.255.0", "192.0.2.9/24"),
        ("[2001:db8::7]", "2001:db8::9/64", "2001:db8::9/64"),
    ],
)
def test_a_guests_address_beside_the_peer_is_taken(peer: str, given: str, taken: str) -> None:
    found = parse_peer(peer, given)
    assert found
    assert found.guest_address == taken


@pytest.mark.parametrize(
    ("peer", "given", "said"),
    [
        ("", "192.0.2.9/24", "add --peer ADDRESS"),
        ("192.0.2.7:0", "192.0.2.9/24", "is no peer"),
        ("192.0.2.7", "192.0.2.9", "write ADDRESS/PREFIX"),
        ("192.0.2.7", "192.0.2.9/33", "write ADDRESS/PREFIX"),
        ("192.0.2.7", "dhcp", "write ADDRESS/PREFIX"),
        ("192.0.2.7", "192.0.2.7/24", "beside 192.0.2.7"),
        ("192.0.2.7", "198.51.100.9/24", "in the peer's network"),
        ("[2001:db8::7]", "192.0.2.9/24", "beside 2001:db8::7"),
        ("peer.example", "192.0.2.9/24", "beside peer.example"),
    ],
)
def test_a_guests_address_that_reaches_no_peer_is_refused(peer: str, given: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        parse_peer(peer, given)


def test_a_larger_span_is_given_the_time_that_filling_it_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[SuiteCall] = []
    waits_s: list[float] = []

    def run_suite(call: SuiteCall, *_more: object, **_how: object) -> SuiteEnd:
        calls.append(call)
        return SuiteEnd(interrupted=False, out_of_time=False, returncode=0, log_tail="")

    monkeypatch.setattr(bench_run, "run_suite", run_suite)
    for span_mib in (64, 256, 256 + 100 * 60):
        watch, place = Watch(), tmp_path / str(span_mib)
        place.mkdir()
        small_run(place, watch, only=("aggregate",), extent=Extent(span_mib=span_mib))
        waits_s.append(sum(watch.estimates_s.values()))
    # Eight volumes, written twice, at 100 MiB/s.
    assert waits_s[0] == waits_s[1] == pytest.approx(waits_s[2] - 8 * 2 * 60)
    assert calls[2].test_limit_s > 5 * 8 * 2 * 60


@pytest.mark.parametrize(
    ("fields", "error", "said"),
    [
        ({"only": ("block.lvm.seqred",)}, UsageError, "did you mean block.lvm.seqread"),
        ({"peer": "not a peer"}, UsageError, "ADDRESS"),
        ({"allowed": ("eth1", "/dev/sdb")}, UsageError, "--allow /dev/disk/by-id/"),
        ({"peer": "192.0.2.7:99999"}, UsageError, "ADDRESS"),
        ({"record": True}, UsageError, "--baseline DIR"),
        (
            {"record": True, "null": True, "files": LimitFiles(baseline=Path("b"))},
            UsageError,
            "leave --record out",
        ),
        ({"native": Path("nowhere.json")}, UsageError, "nowhere.json"),
        ({"files": LimitFiles(thresholds=Path("none.toml"))}, ThresholdsError, "none.toml"),
    ],
)
def test_a_wish_that_cannot_be_meant_is_refused_before_the_host_is_reached(
    fields: dict[str, object],
    error: type[Exception],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    wish = BenchWish(target="xen+ssh://root@nowhere.invalid/system")
    with pytest.raises(error, match=said):
        bench(replace(wish, **fields), Watch())  # type: ignore[arg-type]
    assert not [*tmp_path.iterdir()]


def test_the_project_that_it_is_run_in_is_not_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A word of its command that pytest takes for a path would have it look around there."""
    (tmp_path / "before/tests").mkdir(parents=True)
    (tmp_path / "tests").mkdir()
    for folder in (tmp_path / "tests", tmp_path / "before/tests"):
        (folder / "conftest.py").write_text("raise RuntimeError")
    monkeypatch.chdir(tmp_path)
    files = LimitFiles(thresholds=tmp_path / "floor.toml", baseline=tmp_path / "before")
    results, _ = small_run(tmp_path, Watch(), files=files)
    assert [one for one in results.found if one.measurement]


def test_a_folder_with_something_in_it_is_refused_with_what_helps_here(tmp_path: Path) -> None:
    (tmp_path / "benchmark.json").touch()
    wish = BenchWish(target="xen+ssh://root@nowhere.invalid/system", output=tmp_path)
    with pytest.raises(UsageError, match=r"is not empty: name another with --output$"):
        bench(wish, Watch())


def test_thresholds_with_an_unknown_metric_are_refused_by_file_and_name(tmp_path: Path) -> None:
    file = tmp_path / "gate.toml"
    file.write_text(FLOOR.replace("compute.*", "block.raid.seqread"))
    wish = BenchWish(target="test:///default", files=LimitFiles(thresholds=file))
    with pytest.raises(ThresholdsError, match=r"gate\.toml.*block\.raid\.seqread"):
        bench(wish, Watch())


class TestBaselines:
    @pytest.fixture
    def host(self, monkeypatch: pytest.MonkeyPatch) -> object:
        """Return what passes for a host whose hardware is known."""
        monkeypatch.setattr(limits, "gather_fingerprint", lambda *_a, **_k: HARDWARE)
        monkeypatch.setattr(limits, "_device", lambda *_a: "")
        monkeypatch.setattr(limits, "_nic", lambda *_a: "")
        return type("Somewhere", (), {"is_simulated": False, "shell": None})()

    def test_one_of_other_hardware_is_refused_by_its_field(
        self, host: Host, tmp_path: Path
    ) -> None:
        other = replace(HARDWARE, cpu="Another")
        save_baseline(
            tmp_path,
            Baseline(
                fingerprint=other, recorded_at="2026", tier=Tier.QUICK, span_mib=256, figures=()
            ),
        )
        with pytest.raises(BaselineError, match="cpu is A processor, and was Another"):
            find_limits(host, EvidenceClass.HARDWARE, LimitFiles(baseline=tmp_path), Extent())

    def test_a_folder_without_any_says_how_to_record_one(self, host: Host, tmp_path: Path) -> None:
        files = LimitFiles(baseline=tmp_path)
        with pytest.raises(UsageError, match="--record"):
            find_limits(host, EvidenceClass.HARDWARE, files, Extent())

    def test_a_baseline_of_longer_legs_is_refused(self, host: Host, tmp_path: Path) -> None:
        before = Baseline(
            fingerprint=HARDWARE, recorded_at="2026", tier=Tier.FULL, span_mib=256, figures=()
        )
        save_baseline(tmp_path, before)
        files = LimitFiles(baseline=tmp_path)
        with pytest.raises(BaselineError, match="--tier full gave"):
            find_limits(host, EvidenceClass.HARDWARE, files, Extent())
        assert (
            find_limits(host, EvidenceClass.HARDWARE, files, Extent(tier=Tier.FULL)).baseline
            == before
        )

    def test_a_baseline_of_another_span_is_refused(self, host: Host, tmp_path: Path) -> None:
        before = Baseline(
            fingerprint=HARDWARE, recorded_at="2026", tier=Tier.QUICK, span_mib=4096, figures=()
        )
        save_baseline(tmp_path, before)
        files = LimitFiles(baseline=tmp_path)
        with pytest.raises(BaselineError) as refused:
            find_limits(host, EvidenceClass.HARDWARE, files, Extent())
        said = str(refused.value)
        assert said.startswith(f"{tmp_path} has what --span 4096 gave, ")
        assert said.endswith("--span 256: take the same, or record another")
        assert "\n" not in said
        found = find_limits(host, EvidenceClass.HARDWARE, files, Extent(span_mib=4096))
        assert found.baseline == before

    def test_an_emulated_host_is_asked_what_the_user_wrote_and_nothing_else(
        self, host: Host, tmp_path: Path
    ) -> None:
        nothing = find_limits(host, EvidenceClass.NESTED, LimitFiles(), Extent())
        assert not nothing.gates
        assert all(not nothing.criteria(one) for one in METRICS)
        assert "no machine" in nothing.text
        file = tmp_path / "floor.toml"
        file.write_text(FLOOR)
        asked = find_limits(host, EvidenceClass.NESTED, LimitFiles(thresholds=file), Extent())
        assert asked.gates
        assert asked.text == f"{file} (A floor)"
        file.write_text(FLOOR.replace('title = "A floor"', ""))
        assert find_limits(
            host, EvidenceClass.NESTED, LimitFiles(thresholds=file), Extent()
        ).text == str(file)
        assert asked.criteria(METRICS[0])
        seen = BaselineFigure(metric=METRICS[0].name, rate=1.0, ratio=0.5, pairs=10)
        save_baseline(
            tmp_path,
            Baseline(
                fingerprint=HARDWARE,
                recorded_at="2026-11-26",
                tier=Tier.QUICK,
                span_mib=256,
                figures=(seen,),
            ),
        )
        before = find_limits(host, EvidenceClass.NESTED, LimitFiles(baseline=tmp_path), Extent())
        assert before.text == "the baseline of 2026-11-26"
        assert [one.limit for one in before.criteria(METRICS[0])] == [0.5]
        assert not before.criteria(METRICS[1])


class TestWhatIsMeasured:
    """The fingerprint is of the disk and the NIC on which the rigs stand."""

    @pytest.fixture
    def host(self) -> Host:
        """Return a host with a group that is full, one that is not, and two ways out."""

        def run(command: str, *args: str, **_how: object) -> CommandResult:
            said = {"vgs ": "full wz--n- 200.00\nroomy wz--n- 900.00\n", "pvs ": f" /dev/{args}\n"}
            said["ip -o"] = "eth0\n" if args == ("192.0.2.7",) else "\n"
            stdout = next(text for word, text in said.items() if word in command)
            return CommandResult(command=command, returncode=0, stdout=stdout, stderr="")

        shell = SimpleNamespace(run=run)
        return SimpleNamespace(uri="", is_simulated=False, shell=shell)  # type: ignore[return-value]

    @pytest.fixture
    def asked(self, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
        """Return of what the fingerprint was taken."""
        heard: dict[str, str] = {}

        def gather(_shell: object, **of: str) -> Fingerprint:
            heard.update(of)
            return HARDWARE

        monkeypatch.setattr(limits, "gather_fingerprint", gather)
        return heard

    @pytest.mark.parametrize(
        ("allowed", "peer", "nic"),
        [
            (("eth1",), "192.0.2.7", "eth0"),
            (("eth1",), "192.0.2.9", "eth1"),
            (("/dev/disk/by-id/x", "0000:03:00.0", "eth1"), "", "eth1"),
            (("0000:03:00.0",), "", ""),
        ],
    )
    def test_the_nic_leads_to_the_peer(
        self, host: Host, asked: dict[str, str], allowed: tuple[str, ...], peer: str, nic: str
    ) -> None:
        find_limits(
            host, EvidenceClass.HARDWARE, LimitFiles(), Extent(), allowed=allowed, peer=peer
        )
        assert asked["nic"] == nic

    def test_the_disk_is_under_a_group_with_room(self, host: Host, asked: dict[str, str]) -> None:
        find_limits(host, EvidenceClass.HARDWARE, LimitFiles(), Extent())
        assert "roomy" in asked["device"]
        extent = Extent(span_mib=1024)
        find_limits(host, EvidenceClass.HARDWARE, LimitFiles(), extent)
        assert asked["device"] == ""
        find_limits(
            host, EvidenceClass.HARDWARE, LimitFiles(), Extent(), allowed=["/dev/disk/by-id/x"]
        )
        assert asked["device"] == "/dev/disk/by-id/x"


def test_without_a_peer_or_a_disk_what_needs_them_is_not_asked() -> None:
    wish = BenchWish(target="lab")
    names = {one.name for one in asked_metrics(wish, ())}
    assert "network.peer.tcp-tx-1" not in names
    assert "block.partition.seqread" not in names
    both = asked_metrics(replace(wish, peer="[2001:db8::7]:5201"), ("/dev/disk/by-id/x",))
    assert both == METRICS
    only = asked_metrics(replace(wish, only=("compute.cpu", "block.partition")), ())
    assert [one.name for one in only][-1] == "compute.cpu"
    assert len(only) == 6


def test_the_shipped_benchmarks_measure_every_metric_once() -> None:
    folder = suite_path("benchmarks")
    argv = [sys.executable, "-m", "pytest", "--collect-only", "-q", str(folder)]
    argv += ["-o", "python_files=pv_*.py", "-p", "no:pytest11.testinfra", "-p", "no:cacheprovider"]
    argv += ["-p", "xenvm.pytest_plugin", "--xenvm-host", "test:///default"]
    alone = {"PYTEST_ADDOPTS": "", "PYTEST_XDIST_WORKER": ""}
    found = processes.run(argv, deadline_s=60, env=alone).stdout
    names = re.findall(r"\[(.+)\]", found)
    assert sorted(names) == sorted(one.name for one in METRICS)


def test_libvirts_test_driver_has_nothing_to_measure() -> None:
    with connect("test:///default") as host, pytest.raises(UsageError, match="no Dom0"):
        find_limits(host, EvidenceClass.SIMULATED, LimitFiles(), Extent())


def test_the_shipped_thresholds_are_of_known_metrics() -> None:
    assert load_thresholds(None, METRICS).thresholds
