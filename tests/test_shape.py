"""The shape of the house, where no linter has a rule for it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PLACES = ("src", "conformance", "benchmarks")

MODULE_LINES = 400
FUNCTION_LINES = 40
"""Without the docstring."""

NAMES_THAT_SAY_NOTHING = {"base", "common", "helpers", "misc", "utils"}

MODULES = sorted(path for place in PLACES for path in (ROOT / place).rglob("*.py"))

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Yield the name of each function in a module, and its lines without the docstring."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, Function):
            yield node.name, lines_of(node) - docstring_lines(node)


def lines_of(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def docstring_lines(function: Function) -> int:
    return lines_of(function.body[0]) if ast.get_docstring(function, clean=False) else 0


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_is_small_and_so_are_its_functions(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= MODULE_LINES, f"{path.name} has {lines} lines: make it a package"
    long = {name: lines for name, lines in functions(path) if lines > FUNCTION_LINES}
    assert not long, f"longer than {FUNCTION_LINES} lines: {long}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_is_named_after_what_it_holds(path: Path) -> None:
    words = {word.strip("_") for word in path.relative_to(ROOT).with_suffix("").parts}
    assert not words & NAMES_THAT_SAY_NOTHING


def test_the_house_is_where_this_test_looks() -> None:
    assert len(MODULES) > len(PLACES)


def test_every_package_has_tests_of_its_own() -> None:
    packages = {path.parent.name for path in (ROOT / "src/xenvm").glob("*/__init__.py")}
    tested = {path.parent.name for path in (ROOT / "tests").glob("*/test_*.py")}
    assert packages <= tested
