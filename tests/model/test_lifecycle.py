"""The state machine of a domain: its laws."""

from __future__ import annotations

from collections import deque

import pytest

from xenvm.model.lifecycle import (
    ABSENT,
    ACTIVE,
    LIVES,
    SHUT_OFF,
    Life,
    Operation,
    Phase,
    Refusal,
)

MATRIX = [(life, operation) for life in LIVES for operation in Operation]


@pytest.mark.parametrize(("life", "operation"), MATRIX)
def test_an_operation_leads_to_a_state_that_there_is_or_is_refused_for_a_reason(
    life: Life, operation: Operation
) -> None:
    after, refusal = life.after(operation), life.refusal(operation)
    assert (after is None) == (refusal is not None)
    assert after is None or after in LIVES


def test_every_state_can_be_reached_from_nothing() -> None:
    reached, ahead = {ABSENT}, deque([ABSENT])
    while ahead:
        life = ahead.popleft()
        for operation in Operation:
            after = life.after(operation)
            if after is not None and after not in reached:
                reached.add(after)
                ahead.append(after)
    assert reached == set(LIVES)


def test_what_is_not_active_and_not_defined_is_not_there() -> None:
    for life in LIVES:
        assert (life.is_persistent or life.phase in ACTIVE) == (life != ABSENT)


def test_a_domain_that_is_not_there_is_not_found_but_can_be_made() -> None:
    legal = {operation for operation in Operation if ABSENT.after(operation)}
    assert legal == {Operation.DEFINE, Operation.RESTORE}
    assert ABSENT.refusal(Operation.START) is Refusal.NOT_FOUND


@pytest.mark.parametrize(
    ("life", "operation", "after"),
    [
        (SHUT_OFF, Operation.START, Life(phase=Phase.RUNNING)),
        (SHUT_OFF, Operation.UNDEFINE, ABSENT),
        (Life(phase=Phase.SAVED), Operation.UNDEFINE, None),
        (Life(phase=Phase.SAVED), Operation.START_PAUSED, Life(phase=Phase.PAUSED)),
        (Life(phase=Phase.PAUSED), Operation.SAVE, None),
        (
            Life(phase=Phase.RUNNING),
            Operation.UNDEFINE,
            Life(phase=Phase.RUNNING, is_persistent=False),
        ),
        (Life(phase=Phase.RUNNING, is_persistent=False), Operation.DESTROY, ABSENT),
        (Life(phase=Phase.RUNNING, is_persistent=False), Operation.SAVE_MANAGED, None),
    ],
)
def test_what_comes_of_an_operation(life: Life, operation: Operation, after: Life | None) -> None:
    assert life.after(operation) == after
