"""A change is settled when libvirtd ended in its middle, and by libvirtd itself otherwise."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from xenvm.errors import HostConnectionError, ToolstackError, XenvmError
from xenvm.host.connection import Connection
from xenvm.host.interrupted import settled
from xenvm.host.shell import CommandResult, LocalShell


class Aged(LocalShell):
    """A shell in whose Dom0 libvirtd is so many seconds old."""

    def __init__(self, age_s: int):
        super().__init__()
        self._age_s = age_s

    def run(self, command: str, *_: str, **__: object) -> CommandResult:
        return CommandResult(command=command, returncode=0, stdout=f" {self._age_s}\n", stderr="")


@pytest.fixture
def connection() -> Iterator[Connection]:
    opened = Connection("test:///default", deadline_s=10)
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("age_s", "error", "settles"),
    [
        (0, HostConnectionError("broke"), True),
        (1000, HostConnectionError("broke, and libvirtd lived on"), False),
        (0, ToolstackError("libxl could not"), False),
    ],
)
def test_who_settles_it(
    connection: Connection, *, age_s: int, error: XenvmError, settles: bool
) -> None:
    done: list[str] = []
    with (
        pytest.raises(type(error), match=str(error)),
        settled(connection, Aged(age_s), lambda: done.append("settled")),
    ):
        raise error
    assert bool(done) is settles


def test_what_cannot_be_settled_is_told_as_the_first_error(connection: Connection) -> None:
    def fail() -> None:
        raise ToolstackError("and this")

    with pytest.raises(HostConnectionError), settled(connection, Aged(0), fail):
        raise HostConnectionError("broke")
