"""Calls have deadlines, and a connection that missed one is not used again."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import libvirt
import pytest

from xenvm.errors import HostConnectionError, OperationTimeoutError, WaitTimeoutError
from xenvm.host._workers import call_within
from xenvm.host.connection import Connection


def test_a_call_in_time_returns_its_result() -> None:
    assert call_within("adding", lambda: 1 + 1, deadline_s=5) == 2


def test_a_call_in_time_raises_its_own_error_even_a_timeout() -> None:
    def fail() -> None:
        raise TimeoutError("mine")

    with pytest.raises(TimeoutError, match="mine"):
        call_within("failing", fail, deadline_s=5)


def test_a_call_past_its_deadline_is_left() -> None:
    gate = threading.Event()
    with pytest.raises(WaitTimeoutError, match="for hanging"):
        call_within("hanging", gate.wait, deadline_s=0.05)
    gate.set()


def test_one_call_after_the_other_uses_one_thread() -> None:
    before = threading.active_count()
    for _ in range(100):
        call_within("nothing", lambda: None, deadline_s=5)
    assert threading.active_count() <= before + 1


def test_a_call_costs_little_over_the_work_itself() -> None:
    call_within("warming up", lambda: None, deadline_s=5)
    started_s = time.perf_counter()
    for _ in range(200):
        call_within("nothing", lambda: None, deadline_s=5)
    assert (time.perf_counter() - started_s) / 200 < 0.005


def test_a_hanging_call_does_not_keep_the_interpreter() -> None:
    program = (
        "import threading\n"
        "from xenvm.errors import WaitTimeoutError\n"
        "from xenvm.host import connect\n"
        "from xenvm.host._workers import call_within\n"
        "host = connect('test:///default')\n"
        "try: call_within('hanging', threading.Event().wait, deadline_s=0.1)\n"
        "except WaitTimeoutError: print('left')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=20, check=True
    )
    assert (done.stdout, done.stderr) == ("left\n", "")


def test_a_connection_that_missed_a_deadline_says_so_and_is_not_used_again() -> None:
    connection = Connection("test:///default", deadline_s=10)
    gate = threading.Event()
    with pytest.raises(OperationTimeoutError, match="starting web did not end within 0 s"):
        connection.call("starting web", gate.wait, deadline_s=0.05)
    gate.set()
    assert not connection.is_usable
    with pytest.raises(HostConnectionError, match="given up, because starting web"):
        connection.call("listing", connection.raw.listAllDomains)
    connection.close()


def test_a_connection_that_broke_says_so_and_is_not_used_again() -> None:
    connection = Connection("test:///default", deadline_s=10)

    def lose() -> None:
        failure = libvirt.libvirtError("virConnectNumOfDomains() failed")
        failure.err = (38, 7, "Cannot recv data: Connection reset by peer", 2)
        raise failure

    with pytest.raises(HostConnectionError, match=r"while listing.*\(Cannot recv data") as caught:
        connection.call("listing", lose)
    assert (caught.value.code, caught.value.domain) == (38, 7)
    with pytest.raises(HostConnectionError, match="broken, since listing: connect again"):
        connection.call("listing", connection.raw.listAllDomains)


def test_a_closed_connection_refuses_calls_and_may_be_closed_again() -> None:
    connection = Connection("test:///default", deadline_s=10)
    assert connection.is_usable
    connection.close()
    connection.close()
    with pytest.raises(HostConnectionError, match="closed"):
        connection.call("listing", connection.raw.listAllDomains)
