"""What is held against a host, and what is not."""

from __future__ import annotations

import pytest

from xenvm.errors import (
    CommandError,
    GuestError,
    GuestFailedError,
    HostConnectionError,
    InvalidStateError,
    ToolstackError,
    WaitTimeoutError,
    XenvmError,
)
from xenvm.model.verdict import VerdictKind
from xenvm.qualify.checking import held_against_host, judged


@pytest.mark.parametrize(
    "error",
    [
        WaitTimeoutError("a guest", waited_s=1),
        ToolstackError("libxl could not"),
        InvalidStateError("it does not run any more"),
        GuestFailedError("write did not work"),
    ],
)
def test_what_the_host_or_its_guest_did_otherwise_is_its_fail(error: XenvmError) -> None:
    with pytest.raises(AssertionError) as held, held_against_host():
        raise error
    assert judged(held.value) == (VerdictKind.FAIL, str(error))


@pytest.mark.parametrize(
    "error",
    [
        GuestError("it did not answer"),
        HostConnectionError("the connection broke"),
        CommandError(["xl"], 1),
    ],
)
def test_what_may_be_our_side_is_broken(error: XenvmError) -> None:
    with pytest.raises(type(error)) as raised, held_against_host():
        raise error
    assert judged(raised.value)[0] is VerdictKind.BROKEN
