"""What was written of a guest whose saving failed goes only while the guest is there."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from xenvm.errors import ToolstackError
from xenvm.host.saving import Saving
from xenvm.host.shell import CommandResult, LocalShell

UUID_ = UUID(int=5)


class Listing(LocalShell):
    """A shell in whose Dom0 the guest has these flags, or is not; it notes all other commands."""

    def __init__(self, flags: str, reason: str = "-"):
        super().__init__()
        self._row = f"guest 7 96 1 {flags} 1.0 {UUID_} {reason} -\n" if flags else ""
        self.done: list[str] = []

    def run(self, command: str, *_: str, **__: object) -> CommandResult:
        if command != "xl list -v":
            self.done.append(command.split()[1])
        return CommandResult(command=command, returncode=0, stdout=self._row, stderr="")


@pytest.mark.parametrize(
    ("flags", "reason", "done"),
    [
        ("-b----", "-", ["forgotten"]),
        ("---s--", "2", ["save", "forgotten"]),
        ("---s--", "0", []),
        ("", "-", []),
    ],
)
def test_the_only_copy_of_a_guest_is_kept(flags: str, reason: str, done: list[str]) -> None:
    shell = Listing(flags, reason)
    connection: Any = None
    handle: Any = SimpleNamespace(UUIDString=lambda: str(UUID_))
    saving = Saving(connection, shell, "guest", lambda: handle)
    with (
        pytest.raises(ToolstackError, match="libxl could not"),
        saving._guest_kept(lambda: shell.done.append("forgotten")),
    ):
        raise ToolstackError("libxl could not")
    assert shell.done == done
