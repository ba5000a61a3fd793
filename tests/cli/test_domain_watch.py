"""What is typed into a console reaches the guest, or an error says that it does not."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from xenvm.cli.domain_watch import LEAVE, _talk
from xenvm.errors import HostConnectionError, WaitTimeoutError, XenvmError


class Echo:
    """A console that says what is typed, or takes nothing."""

    def __init__(self, error: XenvmError | None = None) -> None:
        self.has_ended = False
        self._error = error
        self._said = b""

    def send(self, data: bytes) -> None:
        if self._error:
            self.has_ended = isinstance(self._error, HostConnectionError)
            raise self._error
        self._said += data

    def read_bytes(self, *, deadline_s: float = 0.0) -> bytes:
        del deadline_s
        said, self._said = self._said, b""
        return said


@pytest.fixture
def _keys(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Somebody types a word and leaves."""
    reading, writing = os.pipe()
    os.write(writing, b"word" + LEAVE + b"lost")
    os.close(writing)
    with os.fdopen(reading) as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        yield


@pytest.mark.usefixtures("_keys")
def test_what_is_typed_is_passed_on_until_the_key_that_leaves(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    console: Any = Echo()
    _talk(console)
    assert capfdbinary.readouterr().out == b"word"


@pytest.mark.usefixtures("_keys")
def test_a_guest_that_takes_nothing_is_an_error() -> None:
    console: Any = Echo(WaitTimeoutError("the console to take 4 bytes", waited_s=10))
    with pytest.raises(WaitTimeoutError, match="to take 4 bytes"):
        _talk(console)


@pytest.mark.usefixtures("_keys")
def test_a_console_that_ends_while_somebody_types_has_ended() -> None:
    console: Any = Echo(HostConnectionError("the console has ended"))
    _talk(console)
