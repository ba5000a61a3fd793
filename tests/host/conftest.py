"""This machine in place of a Dom0: it has a xenstore, with nothing in it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def put_on_path(patch: pytest.MonkeyPatch, folder: Path, name: str, script: str) -> None:
    """Let a shell script be what a command's name finds."""
    folder.mkdir(exist_ok=True)
    program = folder / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    patch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture(autouse=True)
def xenstore(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    put_on_path(monkeypatch, tmp_path_factory.mktemp("bin"), "xenstore-ls", ":")
