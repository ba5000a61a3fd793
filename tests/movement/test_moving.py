"""What a move refuses before it begins, and how it is told that it failed."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from xenvm.errors import InvalidStateError, MoveError, ToolstackError, WaitTimeoutError, XenvmError
from xenvm.model.kinds import DomainState
from xenvm.model.movement import Activity, Manner, Means, MoveOptions, MoveProgress, Standing
from xenvm.movement import moving
from xenvm.movement.course import Course

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


def test_a_domain_that_is_left_asleep_is_told_with_what_wakes_it() -> None:
    stood = Standing(host="a", activity=Activity.SUSPENDED, domid=7), Standing(host="b")
    way: Any = SimpleNamespace(options=MoveOptions(), domain=SimpleNamespace(name="guest"))
    failure = str(moving._failure(way, stood, ToolstackError("it could not")))
    assert failure.startswith("guest did not move to b: it could not; it sleeps on a: ")
    assert "systemctl restart libvirtd and virsh dompmwakeup guest wake it" in failure


def test_what_cannot_be_settled_is_told_with_what_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    def restless(*_: object, **__: object) -> None:
        raise WaitTimeoutError("the memory to come to rest", waited_s=90)

    def unreachable() -> Standing:
        raise XenvmError

    monkeypatch.setattr(moving, "settle", restless)
    stood = Standing(host="a", activity=Activity.RUNNING, domid=7, is_defined=True)
    way: Any = SimpleNamespace(
        options=MoveOptions(),
        domain=SimpleNamespace(name="guest"),
        source=SimpleNamespace(name="a", standing=lambda: stood),
        destination=SimpleNamespace(name="b", standing=unreachable),
    )
    with pytest.raises(MoveError, match="come to rest; before that: it broke") as caught:
        moving._settled(way, ToolstackError("it broke"))
    assert caught.value.standing == (str(stood), "b: unknown")


def saying(course: Course) -> None:
    course.say("moving")


def silently(_: Course) -> None:
    pass


def failing(course: Course) -> None:
    try:
        course.say("moving")
    except BrokenPipeError as exc:
        raise ToolstackError("saved it nowhere") from exc


@pytest.mark.parametrize(
    ("mover", "moved", "raised"),
    [
        (saying, False, BrokenPipeError),
        (silently, True, BrokenPipeError),
        (failing, False, MoveError),
    ],
)
def test_a_report_that_breaks_is_raised_once_all_is_settled(
    monkeypatch: pytest.MonkeyPatch,
    mover: Callable[[Course], None],
    *,
    moved: bool,
    raised: type[Exception],
) -> None:
    stood = [Standing(host=host, activity=Activity.ABSENT) for host in "ab"]
    settled: list[bool] = []

    def settle(*_: object, **words: bool) -> list[Standing]:
        settled.append(words["moved"])
        return stood

    def report(_: MoveProgress) -> None:
        raise BrokenPipeError

    domain: Any = SimpleNamespace(name="guest", uuid=UUID_, state=DomainState.RUNNING, config=dict)
    host: Any = SimpleNamespace(
        domain=lambda _: domain, driver=SimpleNamespace(require=lambda _: None)
    )
    monkeypatch.setattr(moving, "means_of", lambda *_: Means(host="a", disks={}))
    monkeypatch.setattr(moving, "lacks", lambda *_: [])
    monkeypatch.setattr(moving, "settle", settle)
    monkeypatch.setattr(moving, "_MOVERS", {Manner.LIVE: mover})
    with pytest.raises(raised) as caught:
        moving.migrate("guest", source=host, destination=host, report=report)
    assert settled == [moved]
    told = caught.value.__notes__ if raised is BrokenPipeError else [str(caught.value)]
    assert "what stands: a: no copy, not defined; b: no copy" in told[0]
