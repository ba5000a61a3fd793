"""Consoles, on a real libvirt stream: the test driver's screenshot, the one it has."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol, cast

import pytest

from xenvm.errors import HostConnectionError, LibvirtError, OutputError, WaitTimeoutError
from xenvm.host import _libvirt
from xenvm.host.connection import Connection
from xenvm.host.console import Console
from xenvm.waiting import wait_until


class Screen(Protocol):
    def screenshot(self, stream: _libvirt.RawStream, screen: int, flags: int) -> str: ...


@pytest.fixture
def connection() -> Iterator[Connection]:
    connection = Connection("test:///default", deadline_s=10)
    yield connection
    connection.close()


def console(connection: Connection) -> Console:
    stream = connection.raw.newStream(_libvirt.STREAM_NONBLOCK)
    domain = connection.raw.lookupByName("test")
    cast("Screen", domain).screenshot(stream, 0, 0)
    return Console(connection, stream, "test")


def test_a_console_is_filled_in_the_background_until_it_ends(connection: Connection) -> None:
    with console(connection) as screen:
        wait_until("the picture", lambda: screen.has_ended, deadline_s=10)
        lines = screen.read_lines()
    assert lines[0].endswith("PNG")
    assert "IEND" in lines[-1]
    assert "IEND" in screen.transcript
    assert screen.read_lines(deadline_s=10) == []


def test_several_consoles_are_read_at_once(connection: Connection) -> None:
    screens = [console(connection) for _ in range(5)]
    first = [screen.read_lines(deadline_s=10)[0] for screen in screens]
    assert len(set(first)) == 1
    for screen in screens:
        screen.close()


def test_lines_are_given_out_whole_and_once(connection: Connection) -> None:
    screen = console(connection)
    wait_until("the picture", lambda: screen.has_ended, deadline_s=10)
    screen.read_lines()
    screen._ended = False
    screen._take(b"one\r\ntw")
    assert screen.read_lines() == ["one"]
    assert screen.read_lines(deadline_s=0.05) == []
    screen._take(b"o\n\xff\nrest")
    assert screen.read_lines(deadline_s=5) == ["two", "�"]
    screen._end()
    assert screen.read_lines() == ["rest"]
    screen.close()


def test_a_prompt_is_given_out_before_its_line_ends(connection: Connection) -> None:
    screen = console(connection)
    wait_until("the picture", lambda: screen.has_ended, deadline_s=10)
    screen.read_bytes()
    screen._take(b"one\nlogin: ")
    assert screen.read_bytes(deadline_s=5) == b"one\nlogin: "
    assert screen.read_bytes(deadline_s=5) == b""
    screen.close()


def test_a_guest_that_shouts_loses_its_oldest_words(connection: Connection) -> None:
    screen = console(connection)
    wait_until("the picture", lambda: screen.has_ended, deadline_s=10)
    screen._take(b"x" * (8 * 1024 * 1024) + b"end")
    assert len(screen._unread) == 8 * 1024 * 1024
    assert screen.transcript.endswith("end")
    assert len(screen.transcript) == 65536
    screen.close()


def listening(connection: Connection) -> Console:
    """Return a console on which nothing comes but what the test lets come."""
    screen = console(connection)
    wait_until("the picture", lambda: screen.has_ended, deadline_s=10)
    screen.read_lines()
    screen._ended = False
    return screen


def test_what_is_expected_is_read_and_the_rest_is_not(connection: Connection) -> None:
    screen = listening(connection)
    screen._take(b"boot\r\nlab login: root\n")
    assert screen.expect(r"log[a-z]+: ", deadline_s=1) == "boot\r\nlab login: "
    assert screen.read_lines() == ["root"]
    screen.close()


def test_what_does_not_come_is_told_with_what_came(connection: Connection) -> None:
    screen = listening(connection)
    screen._take(b"panic")
    with pytest.raises(WaitTimeoutError, match="last seen: panic"):
        screen.expect("login: ", deadline_s=0.05)
    screen._end()
    with pytest.raises(HostConnectionError, match="it said: panic"):
        screen.expect("login: ", deadline_s=5)
    screen.close()


def test_all_that_comes_is_logged_read_or_not(connection: Connection, tmp_path: Path) -> None:
    screen = listening(connection)
    screen._take(b"before\n")
    with screen.logged_to(tmp_path / "log"):
        screen._take(b"one\n")
        screen.read_lines()
        screen._take(b"\xfftwo")
    screen._take(b"after")
    assert (tmp_path / "log").read_bytes() == b"one\n\xfftwo"
    screen.close()


def test_a_log_on_a_full_disk_does_not_end_the_console(connection: Connection) -> None:
    screen = listening(connection)
    log = screen.logged_to(Path("/dev/full"))
    log.__enter__()
    screen._take(b"one\n")
    screen._take(b"two\n")
    with pytest.raises(OutputError, match="No space"):
        log.__exit__(None, None, None)
    assert screen.read_lines() == ["one", "two"]
    screen.close()


def test_writing_to_a_closed_console_is_refused(connection: Connection) -> None:
    screen = console(connection)
    screen.close()
    screen.close()
    with pytest.raises(HostConnectionError, match="has ended"):
        screen.send(b"hello\n")


def test_a_console_that_cannot_listen_does_not_hear_of_losses(connection: Connection) -> None:
    blocking = connection.raw.newStream(0)
    with pytest.raises(LibvirtError):
        Console(connection, blocking, "test")
    assert connection._losses == []
