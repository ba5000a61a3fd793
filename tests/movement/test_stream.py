"""The processes that send and receive a guest's memory, found by their domain alone."""

from __future__ import annotations

from xenvm.host.shell import CommandResult
from xenvm.movement.stream import end_stream, helpers

SAID = (
    "812 /usr/lib/xen-4.17/bin/libxl-save-helper --save-domain 38 -1 12 1 0 \n"
    "813 /usr/lib/xen-4.17/bin/libxl-save-helper --save-domain 12 -1 120 1 0 \n"
    "901 /usr/lib/xen-4.17/bin/libxl-save-helper --restore-domain 12 13 7 1 0 0 \n"
)


class Dom0:
    """A shell in which those processes run."""

    def __init__(self) -> None:
        self.ran: list[str] = []

    def run(self, command: str, *args: str, **_: object) -> CommandResult:
        self.ran.append(" ".join([command, *args]))
        return CommandResult(command=command, returncode=0, stdout=SAID, stderr="")


def test_a_helper_is_its_domains_and_no_others() -> None:
    shell = Dom0()
    assert helpers(shell, 12) == [812]  # type: ignore[arg-type]
    assert helpers(shell, 7) == [901]  # type: ignore[arg-type]
    assert helpers(shell, 1) == []  # type: ignore[arg-type]


def test_only_the_domains_own_stream_is_ended() -> None:
    shell = Dom0()
    assert end_stream(shell, 12)  # type: ignore[arg-type]
    assert [line for line in shell.ran if line.startswith("kill")] == [
        "kill -TERM %s 2>/dev/null || : 812"
    ]
    assert not end_stream(shell, None)  # type: ignore[arg-type]
