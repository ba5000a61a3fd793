"""The lease's scripts in a real shell, on this machine instead of in a Dom0."""

from __future__ import annotations

import os
import platform
from dataclasses import replace
from pathlib import Path

import pytest

from xenvm import processes
from xenvm.errors import HostBusyError
from xenvm.qualify import lease


def script(text: str) -> str:
    return processes.run(["sh", "-c", text], deadline_s=10).stdout


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "run" / "lease.json")


def test_a_lease_is_taken_found_and_given_back(path: str) -> None:
    mine = lease.own_lease("ab12")
    lease.acquire(script, mine, host="lab", path=path)
    assert lease.find(script, path=path) == mine
    lease.release(script, run_id="ab12", path=path)
    assert lease.find(script, path=path) is None
    assert not [*Path(path).parent.iterdir()]


def test_a_held_host_is_refused_and_stays_held(path: str) -> None:
    lease.acquire(script, lease.own_lease("ab12"), host="lab", path=path)
    with pytest.raises(HostBusyError, match=r"run ab12 .* wait until it ends"):
        lease.acquire(script, lease.own_lease("cd34"), host="lab", path=path)
    held = lease.find(script, path=path)
    assert held is not None
    assert held.run_id == "ab12"


def test_another_runs_lease_is_not_given_back(path: str) -> None:
    lease.acquire(script, lease.own_lease("ab12"), host="lab", path=path)
    lease.release(script, run_id="cd34", path=path)
    assert lease.find(script, path=path) is not None


def test_a_crashed_runs_lease_names_the_cure(path: str) -> None:
    gone = processes.start(["true"])
    gone.wait(timeout=5)
    dead = replace(lease.own_lease("ab12"), pid=gone.pid, pid_started="1")
    processes.end(gone)
    lease.acquire(script, dead, host="lab", path=path)
    with pytest.raises(HostBusyError, match=r"crashed run ab12 .*«xenvm restore lab»"):
        lease.acquire(script, lease.own_lease("cd34"), host="lab", path=path)


def test_this_process_is_alive_and_a_reused_pid_is_not() -> None:
    mine = lease.own_lease("ab12")
    assert mine.alive
    assert not replace(mine, pid_started="1").alive
    assert not replace(mine, boot_id="another").alive


def test_another_controllers_run_counts_as_alive() -> None:
    other = replace(lease.own_lease("ab12"), controller=platform.node() + "-other", pid=1)
    assert other.alive


def test_a_process_that_ended_has_no_start() -> None:
    assert lease.process_started(os.getpid())
    child = processes.start(["true"])
    try:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert lease.process_started(child.pid) == ""
    finally:
        processes.end(child)


@pytest.mark.parametrize("text", ["", "no json", "[]", '{"run_id": 1}', '{"run_id": "../../x"}'])
def test_a_lease_that_cannot_be_read_still_holds_the_host(path: str, text: str) -> None:
    Path(path).parent.mkdir()
    Path(path).write_text(text)
    held = lease.find(script, path=path)
    assert (held is None) == (text == "")
    with pytest.raises(HostBusyError):
        lease.acquire(script, lease.own_lease("ab12"), host="lab", path=path)
