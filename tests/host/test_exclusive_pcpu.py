"""A pCPU is one vCPU's alone, or everybody runs where they could before."""

from __future__ import annotations

import pytest

from xenvm.errors import CommandTimeoutError
from xenvm.host.exclusive_pcpu import claim, places
from xenvm.host.shell import CommandResult, LocalShell

HEAD = "Name                                ID  VCPU   CPU State   Time(s) Affinity (Hard / Soft)\n"


class Xl(LocalShell):
    """A Dom0 with three vCPUs of which each may run on both pCPUs; xl hangs at a certain pin."""

    def __init__(self, hangs_at: int = 0):
        super().__init__()
        self.pins = {(0, 0): "0-1", (3, 0): "1", (4, 0): "0-1"}
        self._left = hangs_at

    def run(self, command: str, *words: str, **_: object) -> CommandResult:
        text = ""
        if command == "xl vcpu-list":
            rows = (f"d{d} {d} {v} 0 -b- 1.0 {cpus} / all\n" for (d, v), cpus in self.pins.items())
            text = HEAD + "".join(rows)
        else:
            self._left -= 1
            if self._left == 0:
                raise CommandTimeoutError((command,), 30)
            self.pins[int(words[0]), int(words[1])] = words[2].replace("0-1,^1", "0")
        return CommandResult(command=command, returncode=0, stdout=text, stderr="")


def test_everybody_else_is_kept_off_it() -> None:
    shell = Xl()
    owner = next(row for row in places(shell, 2) if row.domid == 3)
    claimed = claim(shell, 2, owner, 1)
    assert claimed.holds
    assert [row.domid for row in claimed.excluded] == [0, 4]
    assert {*shell.pins.values()} == {"0", "1"}


@pytest.mark.parametrize("hangs_at", [1, 2])
def test_a_claim_that_is_cut_short_is_undone(hangs_at: int) -> None:
    shell = Xl(hangs_at)
    before = dict(shell.pins)
    owner = next(row for row in places(shell, 2) if row.domid == 3)
    with pytest.raises(CommandTimeoutError):
        claim(shell, 2, owner, 1)
    assert shell.pins == before
