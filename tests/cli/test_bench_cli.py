from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.qualify.test_bench_report import broken, found, results
from xenvm.bench.measuring import Extent
from xenvm.cli import extras, xenvm
from xenvm.cli.bench import complete_metric
from xenvm.model.verdict import EvidenceClass, Tier, VerdictKind
from xenvm.qualify import bench_run
from xenvm.qualify.bench_results import BenchResults
from xenvm.qualify.bench_run import BenchWish
from xenvm.qualify.limits import LimitFiles


@pytest.fixture
def wishes(monkeypatch: pytest.MonkeyPatch) -> list[BenchWish]:
    """Return what the command asked for; it gets the results that ``came_to`` set."""
    heard: list[BenchWish] = []

    def bench(wish: BenchWish, _watcher: object) -> tuple[BenchResults, Path]:
        heard.append(wish)
        return results(found(1.0)), Path("out")

    monkeypatch.setattr(bench_run, "bench", bench)
    return heard


def came_to(monkeypatch: pytest.MonkeyPatch, run: BenchResults) -> None:
    monkeypatch.setattr(bench_run, "bench", lambda *_args: (run, Path("out")))


def test_every_option_reaches_the_run(wishes: list[BenchWish]) -> None:
    words = "bench lab:x --thresholds t.toml --baseline b --tier full --only compute.cpu --noise"
    words += " --only block.lvm --allow eth1 --peer 192.0.2.7 --native n.json --record --output o"
    words += " --span 4096 --guest-address 192.0.2.9/24"
    done = CliRunner().invoke(xenvm, words.split())
    assert done.exit_code == 0, done.output
    assert wishes == [
        BenchWish(
            target="lab:x",
            files=LimitFiles(thresholds=Path("t.toml"), baseline=Path("b")),
            extent=Extent(tier=Tier.FULL, span_mib=4096),
            only=("compute.cpu", "block.lvm"),
            allowed=("eth1",),
            peer="192.0.2.7",
            guest_address="192.0.2.9/24",
            native=Path("n.json"),
            output=Path("o"),
            record=True,
            null=True,
        )
    ]


@pytest.mark.parametrize(
    ("run", "status", "said"),
    [
        (results(found(1.0)), 0, "GATE OPEN"),
        (results(found(0.5)), 1, "GATE CLOSED"),
        (results(broken(VerdictKind.BLOCKED)), 3, "no fio: install it"),
        (
            results(found(0.1, gates=False), evidence=EvidenceClass.NESTED),
            0,
            "Mechanism only: nested evidence",
        ),
    ],
)
def test_the_exit_status_says_how_it_went(
    monkeypatch: pytest.MonkeyPatch, run: BenchResults, status: int, said: str
) -> None:
    came_to(monkeypatch, run)
    done = CliRunner().invoke(xenvm, ["bench", "lab"])
    assert done.exit_code == status
    assert said in done.output
    assert "report: out/report.html" in done.output


def test_the_table_fits_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    longest = found(0.1, gates=False, name="block.partition.randwrite-qd32")
    came_to(monkeypatch, results(longest))
    lines = CliRunner().invoke(xenvm, ["bench", "lab"]).output.splitlines()
    table = [line for line in lines if "randwrite" in line]
    assert table
    assert max(map(len, table)) <= 80


def test_json_is_the_run_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    came_to(monkeypatch, results(found(0.5)))
    done = CliRunner().invoke(xenvm, ["bench", "lab", "--json"])
    document = json.loads(done.stdout)
    assert (document["schema"], document["gate"]) == ("xenvm-bench/1", "closed")
    assert document["metrics"][0]["name"] == "block.lvm.seqread"


def test_bad_input_is_one_line_and_status_2(tmp_path: Path) -> None:
    wrong = tmp_path / "gate.toml"
    wrong.write_text('title = ""\n[[thresholds]]\nmetrics = ["block.raid.x"]\nfloor_ratio = 1\n')
    for words in (
        ["--only", "block.lvm.seqred"],
        ["--peer", "a b"],
        ["--guest-address", "192.0.2.9/24"],
        ["--peer", "192.0.2.7", "--guest-address", "192.0.2.9"],
        ["--thresholds", str(wrong)],
        ["--span", "63"],
        ["--span", "-1"],
    ):
        done = CliRunner().invoke(xenvm, ["bench", "test:///default", *words])
        assert done.exit_code == 2
        assert len(done.output.strip().splitlines()) == 1, done.output


def test_an_interrupted_run_says_that_nothing_was_left(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(bench_run, "bench", interrupted)
    done = CliRunner().invoke(xenvm, ["bench", "lab"])
    assert done.exit_code == 3
    assert "nothing was left on the host" in done.output


@pytest.mark.parametrize(
    ("words", "module", "extra"),
    [
        (["bench", "lab"], "scipy", "bench"),
        (["native", "--allow", "x", "--output", "x"], "numpy", "bench"),
        (["qualify", "lab"], "jinja2", "suite"),
    ],
)
def test_what_is_not_installed_is_named_before_anything_is_done(
    words: list[str], module: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda name: name != module or None)
    done = CliRunner().invoke(xenvm, words)
    assert done.exit_code == 3
    assert done.output == f"xenvm: {module} is not installed: pip install 'xenvm[{extra}]'\n"


def test_metrics_complete() -> None:
    items = complete_metric(None, None, "compute.")  # type: ignore[arg-type]
    assert [item.value for item in items] == ["compute.memory-bandwidth", "compute.cpu"]
