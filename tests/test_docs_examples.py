"""Every example in the documentation, run or parsed; and its tables, held against the code."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import xenvm
from xenvm.cli import xenvm as command_line
from xenvm.model.verdict import RunVerdict, VerdictKind
from xenvm.qualify.journal import Event
from xenvm.spec import load_profile

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(
    [*ROOT.glob("*.md"), *(path for path in DOCS.rglob("*.md") if "_generated" not in path.parts)]
)
MODULES = [
    module.name
    for module in pkgutil.walk_packages(xenvm.__path__, "xenvm.")
    if not module.name.startswith("xenvm.suite")
]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
INSTALL = re.compile(r"apt-get install -y --no-install-recommends (tox [a-z0-9 -]+)")


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks(page: Path, language: str) -> list[str]:
    """Return the fenced blocks of one language on a page."""
    found = BLOCK.findall(page.read_text(encoding="utf-8"))
    return [text for name, text in found if name == language]


def shown_commands() -> Iterator[tuple[str, str]]:
    """Yield where a line with the xenvm command stands, and the line."""
    for page in PAGES:
        for block in blocks(page, "sh"):
            yield from ((name_of(page), line) for line in block.splitlines() if is_ours(line))
    for path, command in commands("xenvm", command_line):
        lines = map(str.strip, (command.help or "").splitlines())
        yield from ((f"{path} --help", line) for line in lines if is_ours(line))


def is_ours(line: str) -> bool:
    return line.startswith("xenvm ")


def commands(path: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    """Yield a command and all below it."""
    yield path, command
    if isinstance(command, click.Group):
        ctx = click.Context(command)
        for name in command.list_commands(ctx):
            below = command.get_command(ctx, name)
            assert below is not None, f"{path} lists {name}, and cannot load it"
            yield from commands(f"{path} {name}", below)


def without_remark(line: str) -> str:
    """Return a line of help without what stands behind two spaces, which explains it."""
    return re.split(r"\s{2,}", line, maxsplit=1)[0]


@pytest.mark.parametrize("module", MODULES)
def test_the_examples_of_a_module_are_true(module: str) -> None:
    assert doctest.testmod(importlib.import_module(module)).failed == 0


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_examples_on_a_page_are_true(page: Path) -> None:
    assert doctest.testfile(str(page), module_relative=False, encoding="utf-8").failed == 0


@pytest.mark.parametrize(("where", "line"), [*shown_commands()])
def test_a_command_that_is_shown_can_be_typed(
    where: str, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(click.Command, "invoke", lambda _command, _ctx: None)
    for part in without_remark(line).split(" && "):
        _, *words = shlex.split(part, comments=True)
        done = CliRunner().invoke(command_line, words)
        assert done.exit_code == 0, f"{where}: {part}\n{done.output}"


@pytest.mark.parametrize(("path", "command"), [*commands("xenvm", command_line)])
def test_a_command_shows_an_example_and_says_what_each_option_is(
    path: str, command: click.Command
) -> None:
    assert "Example" in (command.help or "")
    options = [param for param in command.params if isinstance(param, click.Option)]
    assert not [option.name for option in options if not option.help], path


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_profile_that_is_shown_can_be_loaded(page: Path, tmp_path: Path) -> None:
    for number, block in enumerate(blocks(page, "toml")):
        file = tmp_path / f"{number}.toml"
        file.write_text(block, encoding="utf-8")
        assert load_profile(str(file)).requirement_ids


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_link_on_a_page_leads_somewhere(page: Path) -> None:
    links = LINK.findall(page.read_text(encoding="utf-8"))
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert not missing


def test_the_packages_to_install_are_the_same_everywhere() -> None:
    pages = (ROOT / "README.md", DOCS / "how-to/install.md")
    readme, install = (INSTALL.findall(page.read_text(encoding="utf-8")) for page in pages)
    assert [names.strip() for names in readme] == [names.strip() for names in install]
    assert len(readme) == 1


def test_every_verdict_is_explained() -> None:
    page = (DOCS / "explanation/verdicts.md").read_text(encoding="utf-8")
    assert not [kind for kind in (*VerdictKind, *RunVerdict) if f"`{kind}`" not in page]


def test_every_journal_event_is_described() -> None:
    page = (DOCS / "reference/results.md").read_text(encoding="utf-8")
    assert not [event for event in Event if f"`{event}`" not in page]


def test_every_verb_of_the_probe_is_described() -> None:
    page = (DOCS / "reference/probe-protocol.md").read_text(encoding="utf-8")
    agent = (Path(xenvm.__file__).parent / "host/probe/agent.sh").read_text(encoding="utf-8")
    verbs = re.findall(r"^(?:do|then)_(\w+)\(\)", agent, re.MULTILINE)
    assert verbs
    assert not [verb for verb in verbs if f"| `{verb}` |" not in page]
