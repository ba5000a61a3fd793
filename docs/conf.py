"""How the documentation is built: Sphinx, MyST, furo; no network."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click

from xenvm.cli import xenvm
from xenvm.spec import list_profiles, load_profile, requirements

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from model_reference import model_page, rule_page  # noqa: E402 - it lies beside this file

project = "xenvm"
author = "The xenvm developers"
copyright = "The xenvm developers, Apache-2.0"
with (HERE.parent / "pyproject.toml").open("rb") as pyproject:
    release = version = tomllib.load(pyproject)["project"]["version"]

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build", "_generated"]

html_theme = "furo"
html_title = f"xenvm {release}"
html_show_sourcelink = False

myst_heading_anchors = 3
napoleon_custom_sections = ["Source"]
napoleon_use_rtype = False
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
add_module_names = False


def help_pages(
    name: str, command: click.Command, parent: click.Context | None = None
) -> Iterator[str]:
    """Yield what ``--help`` says of a command and of all below it, as Markdown."""
    settings = {"terminal_width": 79, **command.context_settings}
    ctx = click.Context(command, parent, info_name=name, **settings)
    yield f"## {ctx.command_path}\n\n```text\n{command.get_help(ctx)}\n```\n"
    if isinstance(command, click.Group):
        for below in command.list_commands(ctx):
            if found := command.get_command(ctx, below):
                yield from help_pages(below, found, ctx)


def requirement_table(profile_name: str) -> Iterator[str]:
    """Yield a profile's requirements as a Markdown table."""
    yield "| id | requirement | checked by | shown by |\n|---|---|---|---|"
    for id_ in load_profile(profile_name).requirement_ids:
        asked = requirements()[id_]
        classes = ", ".join(sorted(asked.observable_on))
        yield f"| `{id_}` | **{asked.title}.** {asked.statement} | {asked.check} | {classes} |"


def limit_table(profile_name: str) -> Iterator[str]:
    """Yield a profile's limits as a Markdown table."""
    yield "| limit | value | unit | kind | source |\n|---|---|---|---|---|"
    for name, limit in load_profile(profile_name).limits.items():
        value = ", ".join(limit.value) if isinstance(limit.value, tuple) else limit.value
        yield f"| `{name}` | {value} | {limit.unit} | {limit.kind} | {limit.source} |"


generated = HERE / "_generated"
generated.mkdir(exist_ok=True)
for page, lines in {
    "cli": help_pages("xenvm", xenvm),
    "requirements": requirement_table("fujitsu-2008"),
    **{f"limits-{name}": limit_table(name) for name in list_profiles()},
    "model": model_page(),
    "domain-rules": rule_page(),
}.items():
    (generated / f"{page}.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
