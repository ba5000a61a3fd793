"""A change of a running domain and its definition: both, or neither."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from xenvm.errors import ReallocationError, ToolstackError
from xenvm.host import _libvirt
from xenvm.host._reach import change

BOTH = (_libvirt.AFFECT_LIVE, _libvirt.AFFECT_CONFIG)


class Steps:
    """Writes down what was done, and fails where it is told to."""

    def __init__(self, *failing: str):
        self.done: list[str] = []
        self._failing = failing

    def __call__(self, name: str) -> Callable[[], None]:
        def step() -> None:
            self.done.append(name)
            if name in self._failing:
                raise ToolstackError(f"no {name}")

        return step

    def change(self, places: tuple[int, ...] = BOTH) -> None:
        change("weight 512", places, live=self("live"), undo=self("undo"), define=self("define"))


@pytest.mark.parametrize(
    ("places", "done"),
    [(BOTH, ["live", "define"]), (BOTH[:1], ["live"]), (BOTH[1:], ["define"]), ((), [])],
)
def test_a_change_goes_where_the_domain_is(places: tuple[int, ...], done: list[str]) -> None:
    steps = Steps()
    steps.change(places)
    assert steps.done == done


def test_a_running_guest_that_cannot_be_changed_keeps_its_definition() -> None:
    steps = Steps("live")
    with pytest.raises(ToolstackError, match="no live"):
        steps.change()
    assert steps.done == ["live"]


def test_a_definition_that_cannot_be_changed_gives_the_guest_back_what_it_had() -> None:
    steps = Steps("define")
    with pytest.raises(ToolstackError, match="no define"):
        steps.change()
    assert steps.done == ["live", "define", "undo"]


def test_what_cannot_be_given_back_is_named() -> None:
    steps = Steps("define", "undo")
    with pytest.raises(ReallocationError, match=r"no define; these stand.*: weight 512") as caught:
        steps.change()
    assert caught.value.standing == ("weight 512 (no undo)",)


def test_a_domain_that_is_off_has_nothing_to_be_given_back() -> None:
    steps = Steps("define")
    with pytest.raises(ToolstackError):
        steps.change(BOTH[1:])
    assert steps.done == ["define"]
