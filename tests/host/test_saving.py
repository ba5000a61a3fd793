"""A guest whose saving failed is woken, and what was written of it goes only while it is there."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from xenvm.errors import CommandError, HostConnectionError, InvalidStateError, ToolstackError
from xenvm.host.saving import Saving
from xenvm.host.shell import CommandResult, LocalShell

UUID_ = UUID(int=5)


class Listing(LocalShell):
    """A shell in whose Dom0 the guest has these flags, or is not; it notes all other commands.

    Attributes:
        wakes: Whether a guest that sleeps wakes when xl resumes it, which fails nevertheless.
    """

    def __init__(self, flags: str, reason: str = "-", *, wakes: bool = True):
        super().__init__()
        self._row = f"guest 7 96 1 {flags} 1.0 {UUID_} {reason} -\n" if flags else ""
        self.wakes = wakes
        self.done: list[str] = []

    def run(self, command: str, *_: str, **__: object) -> CommandResult:
        if command != "xl list -v":
            self.done.append(command.split()[1])
            if self.wakes:
                self._row = self._row.replace("---s--", "-b----")
            raise CommandError((command,), 1)
        return CommandResult(command=command, returncode=0, stdout=self._row, stderr="")


def saving_by(shell: Listing) -> Saving:
    connection: Any = None
    handle: Any = SimpleNamespace(UUIDString=lambda: str(UUID_))
    return Saving(connection, shell, "guest", lambda: handle)


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
    with (
        pytest.raises(ToolstackError, match=r"^libxl could not$"),
        saving_by(shell)._guest_kept(lambda: shell.done.append("forgotten")),
    ):
        raise ToolstackError("libxl could not")
    assert shell.done == done


def test_a_guest_that_cannot_be_woken_is_told_to_sleep() -> None:
    shell = Listing("---s--", "2", wakes=False)
    said = r"libxl could not \(its log\); guest sleeps, .* run «xl save -c 7 /dev/null» in its Dom0"
    with (
        pytest.raises(ToolstackError, match=said) as caught,
        saving_by(shell)._guest_kept(lambda: shell.done.append("forgotten")),
    ):
        raise ToolstackError("libxl could not", detail="its log")
    assert shell.done == ["save"]
    assert caught.value.detail == "its log"


@pytest.mark.parametrize(
    ("wakes", "said"),
    [
        (True, "^it broke$"),
        (False, "^it broke; guest sleeps, .* run «virsh dompmwakeup guest» in its Dom0$"),
    ],
)
def test_so_is_one_whose_connection_broke(
    monkeypatch: pytest.MonkeyPatch, *, wakes: bool, said: str
) -> None:
    def wake(_: Saving) -> None:
        if not wakes:
            raise InvalidStateError("it could not")

    monkeypatch.setattr(Saving, "_fell_asleep", lambda _: True)
    monkeypatch.setattr(Saving, "wake", wake)
    forgotten: list[bool] = []
    with (
        pytest.raises(HostConnectionError, match=said),
        saving_by(Listing("---s--", "2"))._guest_kept(lambda: forgotten.append(True)),
    ):
        raise HostConnectionError("it broke")
    assert forgotten == [True] * wakes
