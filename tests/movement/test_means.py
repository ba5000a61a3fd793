"""What Dom0 prints of itself for a move is told apart from what ``xl info`` prints."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import pytest

from xenvm.formats.dom0_movement import marked_lines
from xenvm.formats.dom0_sections import Sections, output_of


@pytest.mark.parametrize("host", ["bookworm-default", "trixie-default"])
def test_the_marks_are_no_words_of_xl_info(
    tmp_path: Path, sections_of: Callable[[str], Sections], host: str
) -> None:
    info = output_of(sections_of(host), "xl info -n") or ""
    script = resources.files("xenvm.movement").joinpath("means.sh").read_text(encoding="utf-8")
    (tmp_path / "info").write_text(info)
    xl = tmp_path / "xl"
    xl.write_text(f"#!/bin/sh\ncat {tmp_path}/info\n")
    xl.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    said = subprocess.run(
        ["sh", "-s", "--", f"file:{xl}"], input=script, capture_output=True, text=True,
        check=True, timeout=20, env={**os.environ, "PATH": path},
    ).stdout  # fmt: skip
    marked, of_xl = marked_lines(said), marked_lines(info)
    assert marked["file"] == (str(xl),)
    assert {"named", "machine-id"} <= marked.keys() - of_xl.keys()
