from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from xenvm.cli import xenvm
from xenvm.cli.run_progress import Pace
from xenvm.qualify.dom0 import Dom0
from xenvm.qualify.journal import Event
from xenvm.qualify.lease import own_lease

SIMULATED = "test:///default"


def call(*arguments: str) -> Result:
    return CliRunner().invoke(xenvm, arguments)


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_simulated_host_is_undecided_and_says_so_first() -> None:
    done = call("qualify", SIMULATED)
    assert done.exit_code == 3
    assert done.stdout.startswith("simulated evidence: ")
    [folder] = Path("xenvm-report").iterdir()
    document = json.loads((folder / "results.json").read_text())
    assert document["evidence"] == "simulated"
    assert str(folder / "report.html") in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nonsense://host"], "HOST"),
        ([SIMULATED, "--profile", "fujitsu-2009"], "fujitsu-2008"),
        ([SIMULATED, "--only", "WP-9"], "no requirement"),
        ([SIMULATED, "--tier", "huge"], "huge"),
        ([SIMULATED, "--output", "a", "--resume", "b"], "--resume"),
        ([SIMULATED, "--resume", "nowhere"], "no run to resume"),
    ],
)
def test_bad_input_is_one_clear_line_and_status_2(arguments: list[str], said: str) -> None:
    done = call("qualify", *arguments)
    assert done.exit_code == 2, done.output
    assert said in done.stderr
    assert not Path("xenvm-report").exists()


def test_a_host_that_cannot_be_reached_is_status_3_and_leaves_no_folder() -> None:
    done = call("qualify", "xen+ssh://root@127.0.0.1:1/system")
    assert done.exit_code == 3
    assert done.stderr.splitlines()[-1].startswith("xenvm: cannot reach")
    assert not Path("xenvm-report").exists()


def test_ctrl_c_before_anything_was_changed_is_status_3(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_self: Dom0) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Dom0, "look", interrupt)
    done = call("qualify", SIMULATED)
    assert done.exit_code == 3
    assert "xenvm: interrupted; nothing was left on the host" in done.stderr


def test_a_plan_says_what_would_run_and_touches_nothing() -> None:
    done = call("plan", SIMULATED)
    assert done.exit_code == 0
    assert done.stdout.startswith("simulated evidence")
    assert [*Path().iterdir()] == []
    document = json.loads(call("plan", SIMULATED, "--json").stdout)
    assert document["schema"] == "xenvm-plan/1"
    assert {step["will"] for step in document["steps"]} == {"not-observable", "not-applicable"}


def test_a_run_is_told_to_programs_as_its_results_say() -> None:
    done = call("qualify", SIMULATED, "--output", "out", "--json")
    assert json.loads(done.stdout) == json.loads(Path("out/results.json").read_text())


@pytest.mark.parametrize("command", ["plan", "audit", "inventory"])
def test_a_host_that_is_not_typed_is_the_environments(
    command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XENVM_HOST", SIMULATED)
    assert call(command).exit_code in {0, 3}


def test_a_run_can_be_explained() -> None:
    call("qualify", SIMULATED, "--output", "out")
    done = call("explain", "out", "WP-3.4-12")
    assert done.exit_code == 0
    assert done.stdout.startswith("simulated evidence")
    row = json.loads(call("explain", "out", "WP-3.4-12", "--json").stdout)
    assert (row["id"], row["verdict"]) == ("WP-3.4-12", "not-observable")
    assert call("explain", "out", "WP-3.4-99").exit_code == 2
    assert call("explain", "nowhere", "WP-3.4-12").exit_code == 2


def test_a_host_with_nothing_left_on_it_is_restored() -> None:
    done = call("restore", SIMULATED)
    assert done.exit_code == 0
    assert "nothing was left" in done.stdout
    document = json.loads(call("restore", SIMULATED, "--json").stdout)
    assert document == {"removed": [], "failed": [], "lease": None}


def test_a_living_runs_host_is_not_restored_unless_forced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Dom0, "lease", lambda _self: own_lease("ab12"))
    done = call("restore", SIMULATED)
    assert done.exit_code == 3
    assert "run ab12" in done.stderr
    assert call("restore", "--force", SIMULATED).exit_code == 0


def test_the_time_left_follows_the_plan() -> None:
    ids, first_s, second_s = ("WP-3.4-04", "WP-3.4-12"), 40.0, 10.0
    pace = Pace()
    pace.plan({ids[0]: first_s, ids[1]: second_s})
    assert pace.left_s == pytest.approx(first_s + second_s)
    pace.attempt({"event": Event.ATTEMPT_STARTED, "requirements": [ids[0]]})
    pace.progress({"event": Event.PROGRESS, "fraction": 0.5})
    assert pace.fraction == pytest.approx(first_s / 2 / (first_s + second_s))
    pace.attempt_ended()
    assert pace.fraction == pytest.approx(first_s / (first_s + second_s))
    assert pace.left_s == pytest.approx(second_s)
