"""What a move refuses before it begins, and how it is told that it failed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from xenvm.errors import InvalidStateError, ToolstackError
from xenvm.model.kinds import DomainState
from xenvm.model.movement import Activity, Manner, Means, MoveOptions, Standing
from xenvm.movement import moving

UUID_ = UUID("a2a1b0ee-0d6f-4b0e-9d0d-3c2f0c1f4a11")


def test_a_managed_save_does_not_stay_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moving, "means_of", lambda *_: Means(host="a", disks={}))
    monkeypatch.setattr(moving, "lacks", lambda *_: [])
    saving = SimpleNamespace(has_managed=True)
    domain: Any = SimpleNamespace(
        name="guest", uuid=UUID_, state=DomainState.SHUT_OFF, saving=saving, config=dict
    )
    host: Any = SimpleNamespace(
        domain=lambda _: domain, driver=SimpleNamespace(require=lambda _: None)
    )
    with pytest.raises(InvalidStateError, match="guest has a managed save, which would stay"):
        moving.migrate(
            "guest", source=host, destination=host, options=MoveOptions(manner=Manner.SHUT_OFF)
        )


@pytest.mark.parametrize(("defined", "said"), [(False, "did not move to b"), (True, "moved to b")])
def test_a_domain_that_is_off_is_not_told_to_run_nowhere(*, defined: bool, said: str) -> None:
    stood = (
        Standing(host="a", activity=Activity.ABSENT, is_defined=True),
        Standing(host="b", activity=Activity.ABSENT, is_defined=defined),
    )
    way: Any = SimpleNamespace(
        options=MoveOptions(manner=Manner.SHUT_OFF), domain=SimpleNamespace(name="guest")
    )
    failure = moving._failure(way, stood, ToolstackError("it could not"))
    assert str(failure).startswith(f"guest {said}: it could not; what stands: a: ")
