"""Calls have deadlines, and a connection that missed one is not used again."""

from __future__ import annotations

import subprocess
import sys
import threading

import libvirt
import pytest

from xenvm.errors import HostConnectionError, OperationTimeoutError, WaitTimeoutError
from xenvm.host import _libvirt
from xenvm.host._libvirt import RawConnection
from xenvm.host._workers import call_side_by_side, call_within
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
        raise broken()

    with pytest.raises(HostConnectionError, match=r"while listing.*\(Cannot recv data") as caught:
        connection.call("listing", lose)
    assert (caught.value.code, caught.value.domain) == (38, 7)
    with pytest.raises(HostConnectionError, match="broken, since listing: connect again"):
        connection.call("listing", connection.raw.listAllDomains)


def broken() -> libvirt.libvirtError:
    failure = libvirt.libvirtError("virConnectNumOfDomains() failed")
    failure.err = (38, 7, "Cannot recv data: Connection reset by peer", 2)
    return failure


def test_a_read_that_meets_a_broken_connection_is_asked_again_on_a_new_one() -> None:
    connection = Connection("test:///default", deadline_s=10)
    first = connection.raw
    heard: list[str] = []
    connection.tell_losses(heard.append)

    def ask(raw: RawConnection) -> int:
        if raw is first:
            raise broken()
        return len(raw.listAllDomains())

    assert connection.read("listing", ask) == 1
    assert (connection.generation, connection.is_usable) == (1, True)
    assert heard == ["broken, since listing"]
    connection.close()


def test_a_read_is_asked_again_only_once() -> None:
    connection = Connection("test:///default", deadline_s=10)
    asked = []

    def ask(raw: RawConnection) -> int:
        asked.append(raw)
        raise broken()

    with pytest.raises(HostConnectionError, match="while listing"):
        connection.read("listing", ask)
    assert len(asked) == 2
    connection.close()


def test_a_read_past_its_deadline_is_not_asked_again() -> None:
    connection = Connection("test:///default", deadline_s=10)
    gate, asked = threading.Event(), []

    def ask(raw: RawConnection) -> bool:
        asked.append(raw)
        return gate.wait(10)

    with pytest.raises(OperationTimeoutError, match="listing did not end within 0 s"):
        connection.read("listing", ask, deadline_s=0.05)
    gate.set()
    assert len(asked) == 1
    connection.close()


def test_a_read_whose_error_was_lost_is_asked_again() -> None:
    connection = Connection("test:///default", deadline_s=10)
    asked = []

    def ask(raw: RawConnection) -> int:
        asked.append(raw)
        if len(asked) == 1:
            failure = libvirt.libvirtError("virConnectNumOfDomains() failed")
            failure.err = None
            raise failure
        return len(raw.listAllDomains())

    assert connection.read("listing", ask) == 1
    assert connection.generation == 0
    connection.close()


def test_a_change_is_never_repeated_but_possible_again_after_a_read() -> None:
    connection = Connection("test:///default", deadline_s=10)
    done = []

    def change() -> None:
        done.append(1)
        raise broken()

    with pytest.raises(HostConnectionError, match="any read connects again"):
        connection.call("starting web", change)
    with pytest.raises(HostConnectionError, match="broken, since starting web: connect again"):
        connection.call("starting web", change)
    assert len(done) == 1
    assert connection.read("listing", lambda raw: len(raw.listAllDomains())) == 1
    assert connection.call("starting web", lambda: "done") == "done"
    connection.close()


def test_many_threads_that_meet_a_broken_connection_open_one_new_one() -> None:
    connection = Connection("test:///default", deadline_s=10)
    first, meet = connection.raw, threading.Barrier(4)

    def ask(raw: RawConnection) -> int:
        if raw is first:
            meet.wait(5)
            raise broken()
        return len(raw.listAllDomains())

    counted: list[int] = []
    threads = [
        threading.Thread(target=lambda: counted.append(connection.read("listing", ask)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert (counted, connection.generation) == ([1, 1, 1, 1], 1)
    connection.close()


def test_a_read_after_a_call_was_given_up_connects_again() -> None:
    connection = Connection("test:///default", deadline_s=10)
    gate = threading.Event()
    with pytest.raises(OperationTimeoutError):
        connection.call("hanging", gate.wait, deadline_s=0.05)
    assert connection.read("listing", lambda raw: len(raw.listAllDomains())) == 1
    gate.set()
    connection.close()
    with pytest.raises(HostConnectionError, match="closed"):
        connection.read("listing", lambda raw: len(raw.listAllDomains()))


def test_what_runs_side_by_side_keeps_its_order_and_its_errors() -> None:
    def fail() -> int:
        raise HostConnectionError("mine")

    first, second, third = call_side_by_side(
        "counting", [lambda: 1, fail, lambda: 3], at_once=2, deadline_s=5
    )
    assert (first, str(second), third) == (1, "mine", 3)


def test_what_runs_side_by_side_has_one_deadline() -> None:
    gate = threading.Event()
    with pytest.raises(WaitTimeoutError, match="for hanging"):
        call_side_by_side("hanging", [gate.wait] * 3, at_once=2, deadline_s=0.05)
    gate.set()


def test_a_closed_connection_refuses_calls_and_may_be_closed_again() -> None:
    connection = Connection("test:///default", deadline_s=10)
    assert connection.is_usable
    connection.close()
    connection.close()
    with pytest.raises(HostConnectionError, match="closed"):
        connection.call("listing", connection.raw.listAllDomains)


def test_a_connection_that_is_closed_while_it_is_opened_again_stays_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connection = Connection("test:///default", deadline_s=10)
    opened: list[RawConnection] = []
    open_connection = _libvirt.open_connection

    def open_late(uri: str) -> RawConnection:
        opened.append(open_connection(uri))
        closing = threading.Thread(target=connection.close)
        closing.start()
        closing.join(10)
        return opened[0]

    def lose() -> None:
        raise broken()

    monkeypatch.setattr(_libvirt, "open_connection", open_late)
    with pytest.raises(HostConnectionError):
        connection.call("listing", lose)
    with pytest.raises(HostConnectionError, match="closed"):
        connection.read("listing", lambda raw: len(raw.listAllDomains()))
    assert not connection.is_usable
    with pytest.raises(libvirt.libvirtError, match="invalid connection"):
        opened[0].isAlive()
