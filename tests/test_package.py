"""What is installed: small to import, and with everything on board."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import xenvm

ROOT = Path(__file__).parents[1]
INSTALLED = Path(xenvm.__file__).parent
FROM_TREE = INSTALLED.is_relative_to(ROOT / "src")
EXTRAS = ("click", "jinja2", "jsonschema", "pytest", "rich", "testinfra")


def files_below(folder: Path) -> set[Path]:
    """Return the files below a folder, relative to it, but for what Python compiled."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder) for path in files if "__pycache__" not in path.parts}


def test_importing_xenvm_pulls_in_no_extra() -> None:
    script = f"import sys, xenvm; xenvm.connect; print(*{{*{EXTRAS}}} & sys.modules.keys())"
    argv = [sys.executable, "-I", "-c", script]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=True)
    assert not done.stdout.strip()


@pytest.mark.skipif(FROM_TREE, reason="xenvm is not installed from its wheel here; tox does")
@pytest.mark.parametrize(
    ("source", "place"),
    [
        ("src/xenvm", "."),
        ("conformance", "suite/conformance"),
        ("benchmarks", "suite/benchmarks"),
    ],
)
def test_the_wheel_carries_every_file(source: str, place: str) -> None:
    assert files_below(ROOT / source) <= files_below(INSTALLED / place)


def test_the_package_says_that_it_is_typed() -> None:
    assert (INSTALLED / "py.typed").is_file()
