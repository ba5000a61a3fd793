"""What takes long says what it does; what is quick says nothing."""

from __future__ import annotations

import pytest

from xenvm.cli import patience
from xenvm.waiting import pause


def test_what_is_quick_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with patience.patience("starting web"):
        pass
    assert capsys.readouterr().err == ""


def test_what_takes_long_says_what_it_does_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "PATIENCE_S", 0.02)
    with patience.patience("starting web"):
        pause(0.3)
    assert capsys.readouterr().err == "starting web …\n"
