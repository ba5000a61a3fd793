"""What joins a bridge to the outside, step by step; the links themselves are for the lab."""

from __future__ import annotations

from pathlib import Path

import pytest

from xenvm.errors import CommandError, SpecError
from xenvm.host.shell import LocalShell
from xenvm.host.uplinks import transaction
from xenvm.model.uplink import Uplink


def test_a_failing_step_undoes_those_before_it_in_reverse(tmp_path: Path) -> None:
    log = tmp_path / "log"
    steps = [(f"echo do{n} >>{log}", f"echo undo{n} >>{log}") for n in (1, 2)]
    with pytest.raises(CommandError):
        LocalShell().run(transaction([*steps, ("false", f"echo undo3 >>{log}")]))
    assert log.read_text().split() == ["do1", "do2", "undo2", "undo1"]


def test_when_all_steps_are_done_nothing_is_undone(tmp_path: Path) -> None:
    log = tmp_path / "log"
    LocalShell().run(transaction([(f"echo do >>{log}", f"echo undo >>{log}")]))
    assert log.read_text().split() == ["do"]


def test_the_link_that_joins_the_bridge_is_the_topmost() -> None:
    assert Uplink(nics=("eth1",)).link == "eth1"
    assert Uplink(nics=("eth1",), vlan=7).link == "eth1.7"
    assert Uplink(nics=("eth1", "eth2"), bond="bond0", vlan=7).link == "bond0.7"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"nics": ()}, "one NIC"),
        ({"nics": ("a", "b")}, "name"),
        ({"nics": ("a", "a"), "bond": "b"}, "twice"),
        ({"nics": ("a",), "vlan": 4095}, "VLAN"),
        ({"nics": ("a;reboot",)}, "letters"),
        ({"nics": ("abcdefghijk",), "vlan": 4094}, "too long"),
    ],
)
def test_what_is_no_uplink_is_refused(words: dict[str, object], said: str) -> None:
    with pytest.raises(SpecError, match=said):
        Uplink(**words)  # type: ignore[arg-type]
