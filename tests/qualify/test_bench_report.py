from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from xenvm.bench.catalogue import metric
from xenvm.bench.decision import decide
from xenvm.bench.measuring import Extent
from xenvm.bench.pairing import beside
from xenvm.cli.bench_summary import summary
from xenvm.formats.baseline_json import baseline_to_json
from xenvm.model.baseline import Baseline, BaselineFigure, Fingerprint
from xenvm.model.benchmark import Criterion, Decision, Leg, Pair, Sample, Scale
from xenvm.model.inventory import HostIdentity
from xenvm.model.measurement import Measurement
from xenvm.model.verdict import EvidenceClass, Tier, Verdict, VerdictKind
from xenvm.qualify.bench_report import bench_html
from xenvm.qualify.bench_results import (
    BENCH_KEY,
    BENCHMARK_FILE,
    BenchResults,
    Found,
    Gate,
    bench_to_json,
    first_line,
)
from xenvm.qualify.gauge import verdict_on
from xenvm.qualify.history import EarlierRun, earlier_runs
from xenvm.qualify.native import load_native, stale
from xenvm.qualify.results import RESTORED, Restoration

HARDWARE = Fingerprint(
    machine="Maker <Rack> 1", firmware="F 1", cpu="A processor", pcpus=8, xen="4.17.5", kernel="6.1"
)
SEQREAD = metric("block.lvm.seqread")


def found(ratio: float, *, gates: bool = True, name: str = SEQREAD.name) -> Found:
    one = metric(name)
    pairs = [
        Pair(
            number=number,
            candidate=Sample(leg=Leg.GUEST, value=ratio * (500 + number) * 2**20),
            reference=Sample(leg=Leg.DOM0, value=(500 + number % 3) * 2**20),
        )
        for number in range(10)
    ]
    criterion = Criterion(scale=Scale.RATIO, limit=0.85, source="gate.toml: <a floor>")
    decision = decide(one, pairs, criterion)
    assert isinstance(decision, Decision)
    measurement = Measurement(
        metric=one,
        pairs=tuple(pairs),
        decisions=(replace(decision, pairs=()),) if gates else (),
        beside_dom0=beside(one, pairs),
        noise=0.03 if gates else None,
    )
    kind, finding = verdict_on(measurement, gates=gates)
    verdict = Verdict(requirement_id=one.name, kind=kind, detail=finding["detail"])
    return Found(metric=one, verdict=verdict, measurement=measurement)


def results(*metrics: Found, evidence: EvidenceClass = EvidenceClass.HARDWARE) -> BenchResults:
    restored = Verdict(requirement_id=RESTORED.id, kind=VerdictKind.PASS)
    return BenchResults(
        run_id="ab12",
        evidence=evidence,
        tier=Tier.QUICK,
        span_mib=256,
        null=False,
        interrupted=False,
        target="lab",
        host=HostIdentity(uri="xen:///system", collected_at="2026", hostname="rack"),
        hardware=HARDWARE,
        limits="gate.toml",
        asked=False,
        started="2026-11-26T00:00:00Z",
        ended="2026-11-26T00:10:00Z",
        duration_s=600.0,
        found=metrics,
        restoration=Restoration(verdict=restored),
    )


def broken(kind: VerdictKind) -> Found:
    return Found(
        metric=metric("compute.cpu"),
        verdict=Verdict(requirement_id="compute.cpu", kind=kind, detail="no fio: install it"),
    )


def recorded_on(hardware: Fingerprint, *figures: BaselineFigure) -> Baseline:
    return Baseline(
        fingerprint=hardware,
        recorded_at="2026-09-01",
        tier=Tier.QUICK,
        span_mib=256,
        figures=figures,
    )


@pytest.mark.parametrize(
    ("run", "gate", "label"),
    [
        (results(found(1.0)), Gate.OPEN, "gate open"),
        (results(found(0.5), found(1.0)), Gate.CLOSED, "gate closed"),
        (results(found(0.5), broken(VerdictKind.BLOCKED)), Gate.CLOSED, "gate closed"),
        (results(found(1.0), broken(VerdictKind.BROKEN)), Gate.UNDECIDED, "undecided"),
        (results(broken(VerdictKind.NOT_OBSERVABLE)), Gate.UNDECIDED, "undecided"),
        (replace(results(found(1.0)), interrupted=True), Gate.UNDECIDED, "undecided"),
        (replace(results(found(1.0)), null=True), Gate.OPEN, "A/A gate open"),
        (results(found(0.1, gates=False)), Gate.OPEN, "measured"),
        (replace(results(found(1.0), found(0.1, gates=False)), asked=True), Gate.OPEN, "gate open"),
        (
            results(found(0.1, gates=False), evidence=EvidenceClass.NESTED),
            Gate.OPEN,
            "measured",
        ),
        (
            results(found(0.5), evidence=EvidenceClass.NESTED),
            Gate.CLOSED,
            "gate closed (mechanism only)",
        ),
    ],
)
def test_what_a_run_decides(run: BenchResults, gate: Gate, label: str) -> None:
    assert (run.gate, run.label) == (gate, label)


def test_limits_that_fit_nothing_are_no_open_gate() -> None:
    run = replace(results(found(0.1, gates=False)), asked=True)
    assert (run.gate, run.label) == (Gate.UNDECIDED, "undecided")
    said = "held against gate.toml, which asks nothing of these metrics on this hardware"
    assert said in summary(run, Path("out"))
    assert said in " ".join(Page(bench_html(run)).words)


def test_a_leak_closes_the_gate_whatever_was_measured() -> None:
    leak = Verdict(requirement_id=RESTORED.id, kind=VerdictKind.FAIL, detail="left: volume x")
    run = replace(results(found(1.0)), restoration=Restoration(verdict=leak))
    assert run.gate is Gate.CLOSED
    assert "left: volume x" in bench_html(run)


class Page(HTMLParser):
    """What a page is made of, and what it says between its tags."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.words: list[str] = []
        self.marks: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in {"href", "src"} and value]
        if ("class", "mark") in [(name, (value or "").split(" ")[0]) for name, value in attrs]:
            self.marks.append("")

    def handle_data(self, data: str) -> None:
        self.words += data.split()
        if self.marks and not self.marks[-1]:
            self.marks[-1] = data


def test_the_report_has_plots_and_neither_script_nor_link_to_elsewhere() -> None:
    earlier = [EarlierRun(started="2026-10-01T00:00:00Z", values={SEQREAD.name: 4e8})]
    text = bench_html(results(found(0.5), broken(VerdictKind.BLOCKED)), history=earlier)
    page = Page(text)
    assert page.tags.count("svg") == 3
    assert not {"script", "link", "img", "iframe"} & {*page.tags}
    assert all(link.startswith("#") for link in page.links)
    assert "default-src 'none'" in text
    assert "Maker <Rack>" not in text
    assert "no fio: install it" in text
    assert "Runs of this tier and span on this hardware so far" in text


def test_a_report_of_an_emulated_host_says_mechanism_only_first_and_judges_no_speed() -> None:
    run = results(found(0.1, gates=False), evidence=EvidenceClass.NESTED)
    assert first_line(run).startswith("Mechanism only: nested evidence.")
    text = bench_html(run)
    assert "<title>Mechanism only: benchmarks" in text
    page = Page(text[text.index("<main>") :])
    assert page.words[:2] == ["Mechanism", "only:"]
    assert {*page.marks} == {"measured"}


def test_an_a_a_run_has_one_leg_twice_and_no_guest() -> None:
    one = found(1.0)
    assert one.measurement
    twice = tuple(
        replace(pair, candidate=replace(pair.candidate, leg=Leg.DOM0))
        for pair in one.measurement.pairs
    )
    measurement = replace(one.measurement, pairs=twice)
    run = replace(results(replace(one, measurement=measurement)), null=True)
    words = Page(bench_html(run)[bench_html(run).index("<main>") :]).words
    assert {"Once", "Again"} <= {*words}
    assert not [word for word in words if word.lower().startswith("guest")]
    assert "once       again" in summary(run, Path("out"))


def test_a_native_leg_stands_beside_and_says_when_it_is_stale(tmp_path: Path) -> None:
    figure = BaselineFigure(metric=SEQREAD.name, rate=600 * 2.0**20, ratio=None, pairs=1)
    native = recorded_on(replace(HARDWARE, pcpus=None, xen=""), figure)
    file = tmp_path / "native.json"
    file.write_text(baseline_to_json(native))
    loaded = load_native(file)
    assert stale(loaded, HARDWARE, 256) == ""
    page = bench_html(results(found(1.0)), native=loaded)
    assert "600 MiB/s" in page
    assert "Record it again" not in page
    other = replace(native, fingerprint=replace(HARDWARE, firmware="F 0", kernel="6.5"))
    assert stale(other, HARDWARE, 256) == "firmware was F 0, is F 1; kernel was 6.5, is 6.1"
    assert "firmware was F 0, is F 1" in bench_html(results(found(1.0)), native=other)
    wider = replace(results(found(1.0)), span_mib=4096)
    assert "Record it again: span was 256 MiB, is 4096 MiB" in bench_html(wider, native=loaded)


def test_the_native_column_has_whatever_was_recorded() -> None:
    figures = tuple(
        BaselineFigure(metric=name, rate=rate, ratio=None, pairs=5)
        for name, rate in (("compute.cpu", 700 * 2.0**20), ("network.peer.tcp-rr", 25e-6))
    )
    native = recorded_on(HARDWARE, *figures)
    run = results(*(found(1.0, name=figure.metric) for figure in figures), found(1.0))
    page = bench_html(run, native=native)
    cells = re.findall(r'data-name="Native" class="number">([^<]*)<', page)
    assert cells == ["700 MiB/s", "25.0 μs", "—"]


def test_of_devices_a_native_leg_is_held_to_those_of_its_figures() -> None:
    disk = replace(HARDWARE, disk="Fast 1", nic="0x8086 0x1 ixgbe", link_mbit_s=10_000)
    block = BaselineFigure(metric=SEQREAD.name, rate=1.0, ratio=None, pairs=5)
    cpu, trips = replace(block, metric="compute.cpu"), replace(block, metric="network.peer.tcp-rr")
    other = replace(disk, disk="Slow 2", nic="0x8086 0x2 igb", link_mbit_s=1000)
    differing = {
        cpu: "",
        block: "disk was Slow 2, is Fast 1; span was 256 MiB, is 4096 MiB",
        trips: "nic was 0x8086 0x2 igb, is 0x8086 0x1 ixgbe; link_mbit_s was 1000, is 10000",
    }
    for figure, said in differing.items():
        assert stale(recorded_on(other, figure), disk, 4096) == said
    assert stale(recorded_on(other, cpu, block, trips), HARDWARE, 256) == ""


def test_the_report_tells_the_span_beside_the_tier() -> None:
    words = " ".join(Page(bench_html(replace(results(found(1.0)), span_mib=4096))).words)
    assert "Tier quick Span 4096 MiB of each device" in words


def save_run(folder: Path, run: BenchResults, *lacking: str) -> None:
    said = {key: value for key, value in bench_to_json(run).items() if key not in lacking}
    folder.mkdir()
    (folder / BENCHMARK_FILE).write_text(json.dumps({BENCH_KEY: said}))


def test_the_history_is_of_runs_on_the_same_hardware_whatever_its_software(
    tmp_path: Path,
) -> None:
    moments = {"same": HARDWARE, "newer": replace(HARDWARE, kernel="6.9"), "own": HARDWARE}
    moments |= {"other": replace(HARDWARE, cpu="Another"), "noise": HARDWARE}
    for number, (name, hardware) in enumerate(moments.items()):
        run = replace(
            results(found(1.0)),
            hardware=hardware,
            started=f"2026-0{9 - number}-01",
            null=name == "noise",
        )
        save_run(tmp_path / name, run)
    (tmp_path / "hostile").mkdir()
    (tmp_path / "hostile" / BENCHMARK_FILE).write_text('{"xenvm": []}')
    runs = earlier_runs(tmp_path / "own", HARDWARE, Extent())
    assert [run.started for run in runs] == ["2026-08-01", "2026-09-01"]
    assert set(runs[0].values) == {SEQREAD.name}


def test_the_history_is_of_runs_of_the_same_tier_and_span(tmp_path: Path) -> None:
    run = results(found(1.0))
    save_run(tmp_path / "same", run)
    save_run(tmp_path / "longer", replace(run, tier=Tier.FULL, started="2026-10-02"))
    save_run(tmp_path / "wider", replace(run, span_mib=4096, started="2026-10-03"))
    save_run(tmp_path / "before-spans", replace(run, started="2026-10-04"), "span_mib")

    def starts(extent: Extent) -> list[str]:
        return [one.started for one in earlier_runs(tmp_path / "own", HARDWARE, extent)]

    assert starts(Extent()) == [run.started]
    assert starts(Extent(tier=Tier.FULL)) == ["2026-10-02"]
    assert starts(Extent(span_mib=4096)) == ["2026-10-03"]
    assert starts(Extent(tier=Tier.FULL, span_mib=4096)) == []
