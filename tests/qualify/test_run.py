"""Whole runs on libvirt's test driver, which here passes for a nested host of two sockets."""

from __future__ import annotations

import json
import os
import shutil
import signal
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from xenvm import spec
from xenvm.errors import HostConnectionError, OutputError, UsageError
from xenvm.host import Host
from xenvm.host.inventory import gather
from xenvm.lab.progress import Step as LabStep
from xenvm.model.inventory import CpuPlace, HypervisorFacts, Inventory, NetworkFacts
from xenvm.model.verdict import EvidenceClass, RunVerdict, Tier, VerdictKind
from xenvm.qualify import run as run_module
from xenvm.qualify import visit as visit_module
from xenvm.qualify.dom0 import Dom0
from xenvm.qualify.journal import JOURNAL_FILE, Event, Record, parse_records
from xenvm.qualify.results import Results
from xenvm.qualify.run import Wish, qualify

PROFILE = """
inherit = "fujitsu-2008"
requirements = ["WP-3.4-01", "WP-3.4-02", "WP-3.4-12", "WP-3.4-14"]
"""

STATIC = ("WP-3.4-02",)
"""What takes no suite."""

SUITE = """
import os, signal, time
import pytest

@pytest.mark.requirement("WP-3.4-12")
def test_bridges(check):
    check(observed=128, expected=128, unit="bridges")

@pytest.mark.requirement("WP-3.4-14")
def test_vnifs(check, journal, run_id, host):
    {body}
"""
GOOD = 'check(observed=64, expected=64, unit="VNIFs")'
BAD = 'check(observed=63, expected=64, unit="VNIFs")'
HANGING = "journal.progress(0.1, 'hanging'); time.sleep(60)"
KILLED = "os.kill(os.getpid(), signal.SIGKILL)"


class Watch:
    def __init__(self) -> None:
        self.phases: list[str] = []
        self.on_progress = False

    def lab(self, step: LabStep) -> None:
        raise AssertionError(step)

    def phase(self, text: str) -> None:
        self.phases.append(text)

    def seen(self, evidence: EvidenceClass, estimates_s: Mapping[str, float]) -> None:
        assert evidence is EvidenceClass.NESTED
        self.estimates_s = estimates_s

    def record(self, record: Record) -> None:
        if record["event"] == Event.PROGRESS and self.on_progress:
            threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()


def nested(host: Host) -> Inventory:
    return replace(
        gather(host),
        evidence=EvidenceClass.NESTED,
        hypervisor=HypervisorFacts(
            nr_cpus=2,
            cores_per_socket=1,
            threads_per_core=1,
            cpus=tuple(CpuPlace(cpu=n, core=0, socket=n, node=0) for n in range(2)),
        ),
        network=NetworkFacts(interfaces=(), bonds=(), vifs=()),
    )


@pytest.fixture(autouse=True)
def nested_host(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(visit_module, "gather", nested)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.toml").write_text(PROFILE)


def make_wish(body: str, **fields: object) -> Wish:
    suite = Path("suite")
    suite.mkdir(exist_ok=True)
    (suite / "test_small.py").write_text(SUITE.format(body=body))
    wish = Wish(target="test:///default", profile="small.toml", suite=suite, output=Path("out"))
    return replace(wish, **fields)  # type: ignore[arg-type]


Finished = tuple[Results, Path, Watch]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """Return a run on a good host, and its folder, which is not to be written to."""
    place = tmp_path_factory.mktemp("finished")
    (place / "small.toml").write_text(PROFILE)
    watch = Watch()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(visit_module, "gather", nested)
        patch.chdir(place)
        results, folder = qualify(make_wish(GOOD), watch)
    return results, place / folder, watch


@pytest.fixture
def folder(finished: Finished, tmp_path: Path) -> Path:
    """Return the folder of a run on a good host."""
    return shutil.copytree(finished[1], tmp_path / "before")


def kinds(results: Results) -> dict[str, VerdictKind]:
    return {c.requirement.id: c.verdict.kind for c in results.all_conclusions}


def events(folder: Path) -> list[str]:
    return [str(r["event"]) for r in parse_records((folder / JOURNAL_FILE).read_text())]


def test_a_good_host_qualifies_and_its_folder_is_whole(finished: Finished) -> None:
    results, folder, watch = finished
    assert results.verdict is RunVerdict.QUALIFIED
    assert results.label == "qualified (quick)"
    assert results.not_shown == ("WP-3.4-01",)
    assert {f.name for f in folder.iterdir()} == {
        "inventory.json", "journal.jsonl", "junit.xml", "report.html", "results.json", "suite.log",
    }  # fmt: skip
    found = events(folder)
    assert (found[0], found[-1]) == ("run-started", "run-ended")
    document = json.loads((folder / "results.json").read_text())
    assert (document["verdict"], document["tier"]) == ("qualified", "quick")
    assert "running the live tests" in watch.phases


def test_one_failure_disqualifies_by_exactly_that_requirement() -> None:
    results, _ = qualify(make_wish(BAD), Watch())
    assert results.verdict is RunVerdict.NOT_QUALIFIED
    failed = [id_ for id_, kind in kinds(results).items() if kind is VerdictKind.FAIL]
    assert failed == ["WP-3.4-14"]


def test_a_run_of_some_requirements_is_partial() -> None:
    results, _ = qualify(make_wish(BAD, only=("WP-3.4-12",)), Watch())
    assert results.verdict is RunVerdict.QUALIFIED
    assert results.label == "qualified (quick, partial)"
    assert {*kinds(results)} == {"WP-3.4-12", "XENVM-RESTORED"}


def test_what_takes_the_full_tier_is_not_asked_by_the_quick_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = spec.requirement
    full_only = replace(known("WP-3.4-12"), tier=Tier.FULL)
    monkeypatch.setattr(
        spec, "requirement", lambda id_: full_only if id_ == full_only.id else known(id_)
    )
    profile = spec.load_profile("fujitsu-2008")
    quick = run_module.asked_requirements(profile, Tier.QUICK, ())
    left_out = {*profile.requirement_ids} - {r.id for r in quick}
    assert left_out == {
        id_ for id_ in profile.requirement_ids if spec.requirement(id_).tier is Tier.FULL
    }
    assert full_only.id in left_out
    assert run_module.asked_requirements(profile, Tier.FULL, [full_only.id]) == (full_only,)
    with pytest.raises(UsageError, match="takes more than tier quick: add --tier full"):
        run_module.asked_requirements(profile, Tier.QUICK, [full_only.id])


def test_a_killed_suite_leaves_what_it_did_not_test_broken() -> None:
    results, _ = qualify(make_wish(KILLED), Watch())
    assert results.verdict is RunVerdict.UNDECIDED
    assert kinds(results)["WP-3.4-12"] is VerdictKind.PASS
    broken = results.conclusions[-1].verdict
    assert broken.kind is VerdictKind.BROKEN
    assert "killed by signal 9" in broken.detail


def test_an_interrupted_run_is_undecided_and_can_be_resumed() -> None:
    watch = Watch()
    watch.on_progress = True
    results, folder = qualify(make_wish(HANGING), watch)
    assert results.interrupted
    assert results.verdict is RunVerdict.UNDECIDED
    assert kinds(results)["WP-3.4-14"] is VerdictKind.BROKEN

    resumed, again = qualify(make_wish(GOOD, output=None, resume=folder), Watch())
    assert again == folder
    assert resumed.run_id == results.run_id
    assert resumed.verdict is RunVerdict.QUALIFIED
    last = events(folder)[events(folder).index("run-ended") :]
    assert last.count("attempt-started") == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"profile": "fujitsu-2008"}, "another profile"),
        ({"tier": Tier.FULL}, "--tier quick"),
        ({"resume": Path("suite")}, "no run to resume"),
    ],
)
def test_another_run_than_the_one_asked_for_is_not_resumed(
    folder: Path, change: dict[str, object], said: str
) -> None:
    wish = replace(make_wish(GOOD, output=None, resume=folder), **change)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=said):
        qualify(wish, Watch())


def test_a_run_is_not_resumed_on_another_host(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def other(host: Host) -> Inventory:
        inventory = nested(host)
        return replace(inventory, host=replace(inventory.host, hostname="another"))

    monkeypatch.setattr(visit_module, "gather", other)
    with pytest.raises(UsageError, match="this is another"):
        qualify(make_wish(GOOD, output=None, resume=folder), Watch())


def test_a_leak_that_cannot_be_removed_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = iter(range(100))
    look = Dom0.look

    def leaking(self: Dom0) -> object:
        seen = look(self)
        left = {("vif", "vif1.0")} if next(looks) else set()
        return replace(seen, things=seen.things | left)

    monkeypatch.setattr(Dom0, "look", leaking)
    monkeypatch.setattr("xenvm.qualify.restoration.SETTLE_S", 0.1)
    results, _ = qualify(make_wish(GOOD, only=STATIC), Watch())
    assert results.verdict is RunVerdict.NOT_QUALIFIED
    assert results.restoration.left == (("vif", "vif1.0"),)


def test_a_host_that_is_lost_makes_a_run_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = iter(range(100))
    look = Dom0.look

    def lost(self: Dom0) -> object:
        if next(looks):
            raise HostConnectionError("the ssh connection broke")
        return look(self)

    monkeypatch.setattr(Dom0, "look", lost)
    results, _ = qualify(make_wish(GOOD, only=STATIC), Watch())
    assert results.verdict is RunVerdict.UNDECIDED
    assert "xenvm restore test:///default" in results.restoration.verdict.detail


def test_a_disk_that_fills_up_is_one_error_and_the_host_comes_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks = []
    look = Dom0.look

    def counted(self: Dom0) -> object:
        looks.append(self)
        return look(self)

    monkeypatch.setattr(Dom0, "look", counted)
    monkeypatch.setattr(
        run_module, "run_suite", lambda *_a, **_k: (_ for _ in ()).throw(OutputError("full"))
    )
    with pytest.raises(OutputError):
        qualify(make_wish(GOOD), Watch())
    assert len(looks) > 1


@pytest.mark.parametrize("what", ["file", "full", "readonly"])
def test_a_folder_that_cannot_take_a_run_is_refused_before_anything(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cure = "--output$"
    if what == "file":
        Path("out").touch()
    elif what == "full":
        Path("out").mkdir()
        Path("out/results.json").touch()
        cure = "--output, or go on with --resume$"
    else:
        monkeypatch.setattr(os, "access", lambda *_a: False)
    watch = Watch()
    with pytest.raises(UsageError, match=cure):
        qualify(make_wish(GOOD), watch)
    assert watch.phases == []


@pytest.mark.parametrize(
    ("only", "said"),
    [("WP-3.4-1", "did you mean"), ("WP-5.3-06", "does not ask")],
)
def test_an_unknown_requirement_is_refused(only: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        qualify(make_wish(GOOD, only=(only,)), Watch())
