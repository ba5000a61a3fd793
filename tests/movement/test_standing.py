"""A host that does not answer yet is asked again, however it says so."""

from __future__ import annotations

import contextlib
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from xenvm.errors import (
    AuthenticationError,
    CommandTimeoutError,
    HostConnectionError,
    OperationTimeoutError,
    XenvmError,
)
from xenvm.movement import standing
from xenvm.movement.standing import Place, reached


def away(monkeypatch: pytest.MonkeyPatch, *answers: XenvmError) -> Place:
    """Return a place whose host gives these answers before it lets anybody in."""
    left = list(answers)
    back = contextlib.nullcontext(SimpleNamespace(uri="xen:///system"))

    def connect(_uri: str) -> object:
        if left:
            raise left.pop(0)
        return back

    monkeypatch.setattr(standing, "connect", connect)
    host: Any = SimpleNamespace(is_usable=False, uri="xen:///system")
    return Place(host=host, name="a", uuid=UUID(int=1))


@pytest.mark.parametrize(
    "answer",
    [
        HostConnectionError("refused"),
        OperationTimeoutError("no answer"),
        CommandTimeoutError(("ssh",), 30),
    ],
)
def test_a_host_that_comes_back_is_reached(
    monkeypatch: pytest.MonkeyPatch, answer: XenvmError
) -> None:
    with reached(away(monkeypatch, answer)) as place:
        assert str(place.host.uri) == "xen:///system"


def test_a_host_that_lets_nobody_in_is_not_asked_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    place = away(monkeypatch, AuthenticationError("no"))
    with pytest.raises(AuthenticationError), reached(place):
        pass
