"""The real subprocess, the real plugin, tiny tests, libvirt's test driver."""

from __future__ import annotations

import os
import signal
import textwrap
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import pytest

from xenvm import processes
from xenvm.model.verdict import Tier, Verdict, VerdictKind
from xenvm.qualify.documents import verdict_from_json
from xenvm.qualify.journal import JOURNAL_FILE, Event, Record, Tail
from xenvm.qualify.live import SuiteEnd, run_suite
from xenvm.qualify.suite import SUITE_ENVIRONMENT, SuiteCall, suite_argv
from xenvm.waiting import Deadline, wait_until

TESTS = '''
import time
import pytest
from xenvm.errors import BlockedError, HostConnectionError
from xenvm.model.verdict import Evidence
requirement = pytest.mark.requirement

@requirement("PASS")
def test_pass(host, profile, tier, inventory, journal, run_id, allow_list, check):
    """It passes. And more."""
    assert [d.name for d in host.list_domains()] == ["test"]
    assert profile.limits["bridges_max"].value == 128
    assert inventory.evidence == "simulated" and tier == "quick" and allow_list == frozenset()
    with journal.making("bridge", f"xenvm-{run_id}-b1"):
        journal.progress(0.5, "half")
    seen = Evidence(command="c", output="o")
    assert check(observed=2, expected=2, unit="things", evidence=[seen])

@requirement("CHECK-FAILS", "AND-GOES-ON")
def test_check_fails(check):
    assert not check("CHECK-FAILS", observed=1, expected=2)
    assert check("AND-GOES-ON", observed=3, expected=2, passed=True)

@requirement("ASSERT-FAILS", "NOT-REACHED")
def test_assert_fails():
    assert 1 == 2, "one is not two"

@requirement("BLOCKED")
def test_blocked():
    raise BlockedError("no volume group: make one")

@requirement("BROKEN")
def test_broken():
    raise HostConnectionError("the host went away")

@requirement("SILENT")
def test_silent():
    pass

@requirement("SKIPPED")
def test_skipped():
    pytest.skip("not today")

@requirement("SLOW")
def test_slow():
    time.sleep(30)

@pytest.fixture
def leaky():
    yield
    raise RuntimeError("it would not go")

@requirement("CLEAN-UP")
def test_clean_up_fails(leaky, check):
    check(observed=1, expected=1)

@requirement("SETUP")
def test_fixture_fails(nothing_like_this):
    pass

@requirement("FORGETS-WHICH", "OF-THE-TWO")
def test_forgets_which(check):
    check(observed=1, expected=1)
'''

HANGS = """
import time
import pytest

@pytest.fixture
def bridge(journal, run_id):
    with journal.making("bridge", f"xenvm-{run_id}-b1"):
        pass
    yield
    with journal.removing("bridge", f"xenvm-{run_id}-b1"):
        pass

@pytest.mark.requirement("FIRST")
def test_first(check):
    check(observed=1, expected=1)

@pytest.mark.requirement("HANGS")
def test_hangs(bridge):
    time.sleep(60)
"""


Handler = Callable[[int, FrameType | None], object] | signal.Handlers


def make_call(tmp_path: Path, tests: str, *only: str, limit_s: int = 2) -> SuiteCall:
    suite, run = tmp_path / "suite", tmp_path / "run"
    suite.mkdir()
    run.mkdir()
    (suite / "test_small.py").write_text(textwrap.dedent(tests))
    # What lies in the user's folder must not reach the suite.
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
    (run / JOURNAL_FILE).touch()
    return SuiteCall(
        suite=suite,
        host="test:///default",
        run_folder=run,
        run_id="ab12",
        tier=Tier.QUICK,
        allowed=(),
        only=only,
        test_limit_s=limit_s,
    )


def verdicts_in(call: SuiteCall) -> dict[str, Verdict]:
    records = Tail(call.run_folder / JOURNAL_FILE).read()
    found = [r["verdict"] for r in records if r["event"] == Event.VERDICT]
    verdicts = [verdict_from_json(v) for v in found if isinstance(v, dict)]
    return {v.requirement_id: v for v in verdicts}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[SuiteCall, SuiteEnd, list[Record]]:
    call = make_call(tmp_path_factory.mktemp("small"), TESTS)
    records: list[Record] = []
    end = run_suite(call, records.append, deadline_s=50)
    return call, end, records


Small = tuple[SuiteCall, SuiteEnd, list[Record]]


@pytest.mark.parametrize(
    ("requirement_id", "kind", "said"),
    [
        ("PASS", VerdictKind.PASS, ""),
        ("CHECK-FAILS", VerdictKind.FAIL, ""),
        ("AND-GOES-ON", VerdictKind.PASS, ""),
        ("ASSERT-FAILS", VerdictKind.FAIL, "one is not two"),
        ("NOT-REACHED", VerdictKind.BLOCKED, "ASSERT-FAILS failed first"),
        ("BLOCKED", VerdictKind.BLOCKED, "no volume group: make one"),
        ("BROKEN", VerdictKind.BROKEN, "HostConnectionError: the host went away"),
        ("SILENT", VerdictKind.BROKEN, "without a verdict"),
        ("SKIPPED", VerdictKind.BROKEN, "not today"),
        ("SLOW", VerdictKind.BROKEN, "time limit"),
        ("CLEAN-UP", VerdictKind.BROKEN, "the clean-up failed: RuntimeError: it would not go"),
        ("SETUP", VerdictKind.BROKEN, "nothing_like_this"),
        ("FORGETS-WHICH", VerdictKind.BROKEN, "name one in check()"),
        ("OF-THE-TWO", VerdictKind.BROKEN, "name one in check()"),
    ],
)
def test_how_a_test_ends_is_its_verdict(
    small: Small, requirement_id: str, kind: VerdictKind, said: str
) -> None:
    verdict = verdicts_in(small[0])[requirement_id]
    assert verdict.kind is kind, verdict
    assert said in verdict.detail
    assert verdict.tier is Tier.QUICK


def test_a_verdict_carries_what_the_test_found(small: Small) -> None:
    verdict = verdicts_in(small[0])["PASS"]
    assert (verdict.observed, verdict.expected, verdict.unit) == (2, 2, "things")
    assert verdict.evidence[0].output == "o"


def test_a_failure_carries_where_it_happened(small: Small) -> None:
    evidence = verdicts_in(small[0])["ASSERT-FAILS"].evidence
    assert "test_small.py" in evidence[0].command
    assert "one is not two" in evidence[0].output


def test_the_parent_hears_every_record_in_order(small: Small) -> None:
    call, end, records = small
    assert not end.interrupted
    assert not end.out_of_time
    assert records == Tail(call.run_folder / JOURNAL_FILE).read()
    assert records[0]["event"] == Event.SUITE_COLLECTED
    starts = [r for r in records if r["event"] == Event.ATTEMPT_STARTED]
    assert starts[0]["text"] == "It passes. And more"
    assert [(r["step"], r["steps"]) for r in starts] == [(n, 11) for n in range(1, 12)]
    making = next(r for r in records if r["event"] == Event.MAKING)
    assert making["name"] == "xenvm-ab12-b1"


def test_only_the_wanted_requirements_are_tested(tmp_path: Path) -> None:
    call = make_call(tmp_path, TESTS, "BLOCKED", "AND-GOES-ON")
    run_suite(call, lambda _record: None, deadline_s=30)
    assert {*verdicts_in(call)} == {"BLOCKED", "AND-GOES-ON", "CHECK-FAILS"}


def test_a_test_without_a_requirement_ends_the_suite(tmp_path: Path) -> None:
    call = make_call(tmp_path, "def test_of_nothing(): pass")
    end = run_suite(call, lambda _record: None, deadline_s=30)
    assert end.returncode == 4
    assert "without a requirement: test_small.py::test_of_nothing" in end.log_tail
    assert "see suite.log" in end.text


@pytest.mark.parametrize(
    ("number", "sigint"),
    [
        (signal.SIGINT, signal.default_int_handler),
        # As SIGINT is in everything that a script starts in the background.
        (signal.SIGTERM, signal.SIG_IGN),
    ],
    ids=["SIGINT", "SIGTERM"],
)
def test_an_interrupted_suite_removes_what_it_made(
    tmp_path: Path, number: signal.Signals, sigint: Handler, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = make_call(tmp_path, HANGS, limit_s=60)
    before = [
        signal.signal(signal.SIGTERM, signal.default_int_handler),
        signal.signal(signal.SIGINT, sigint),
    ]
    monkeypatch.setattr("xenvm.qualify.live.LOOK_EVERY_S", 0.02)

    def watch(record: Record) -> None:
        if record["event"] == Event.MADE:
            threading.Timer(0.2, os.kill, (os.getpid(), number)).start()

    try:
        end = run_suite(call, watch, deadline_s=30)
    finally:
        signal.signal(signal.SIGTERM, before[0])
        signal.signal(signal.SIGINT, before[1])
    assert end.interrupted
    events = [r["event"] for r in Tail(call.run_folder / JOURNAL_FILE).read()]
    assert events[-2:] == ["removing", "removed"]
    assert {*verdicts_in(call)} == {"FIRST"}
    assert "interrupted" in end.text


def test_a_suite_out_of_time_removes_what_it_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = make_call(tmp_path, HANGS, "HANGS", limit_s=60)
    made = threading.Event()

    class Early(Deadline):
        """The suite's passes once something is made, however slow the machine is."""

        @property
        def passed(self) -> bool:
            return super().passed or (self.length_s == 30 and made.is_set())

    monkeypatch.setattr("xenvm.qualify.live.Deadline", Early)

    def watch(record: Record) -> None:
        if record["event"] == Event.MADE:
            made.set()

    end = run_suite(call, watch, deadline_s=30)
    assert end.out_of_time
    events = [r["event"] for r in Tail(call.run_folder / JOURNAL_FILE).read()]
    assert events[-1] == "removed"
    assert "out of time" in end.text


def test_the_suite_dies_with_its_parent(tmp_path: Path) -> None:
    call = make_call(tmp_path, HANGS, "HANGS", limit_s=60)
    argv = [arg if arg != str(os.getpid()) else "$$" for arg in suite_argv(call)]
    command = " ".join(arg if arg == "$$" else f"'{arg}'" for arg in argv)
    parent = processes.start(["sh", "-c", f"{command} & wait"], env=SUITE_ENVIRONMENT)
    try:
        tail = Tail(call.run_folder / JOURNAL_FILE)
        wait_until(
            "the test to hang",
            lambda: any(r["event"] == Event.MADE for r in tail.read()),
            deadline_s=20,
        )
        children = Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text().split()
        parent.kill()
        parent.wait(timeout=5)
        wait_until(
            "the suite to die",
            lambda: not any(_runs(int(child)) for child in children),
            deadline_s=5,
        )
        assert tail.read() == []
    finally:
        processes.end(parent)


def _runs(pid: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
