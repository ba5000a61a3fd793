"""How the documentation is built: Sphinx, MyST, furo; no network."""

from __future__ import annotations

import tomllib
from pathlib import Path

from xenvm.spec import load_profile, requirements

HERE = Path(__file__).parent

project = "xenvm"
author = "The xenvm developers"
copyright = "The xenvm developers, Apache-2.0"
with (HERE.parent / "pyproject.toml").open("rb") as pyproject:
    release = version = tomllib.load(pyproject)["project"]["version"]

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_click",
]
exclude_patterns = ["_build", "_generated"]

html_theme = "furo"
html_title = f"xenvm {release}"
html_show_sourcelink = False

myst_heading_anchors = 3
napoleon_custom_sections = ["Source"]
napoleon_use_rtype = False
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
add_module_names = False


def requirement_table(profile_name: str) -> str:
    """Return a profile's requirements as a Markdown table."""
    profile = load_profile(profile_name)
    rows = ["| id | requirement | checked by | shown by |", "|---|---|---|---|"]
    for id_ in profile.requirement_ids:
        asked = requirements()[id_]
        classes = ", ".join(sorted(asked.observable_on))
        rows.append(f"| {id_} | **{asked.title}.** {asked.statement} | {asked.check} | {classes} |")
    return "\n".join(rows) + "\n"


def limit_table(profile_name: str) -> str:
    """Return a profile's limits as a Markdown table."""
    rows = ["| limit | value | unit | kind | source |", "|---|---|---|---|---|"]
    for name, limit in load_profile(profile_name).limits.items():
        value = ", ".join(limit.value) if isinstance(limit.value, tuple) else limit.value
        rows.append(f"| `{name}` | {value} | {limit.unit} | {limit.kind} | {limit.source} |")
    return "\n".join(rows) + "\n"


generated = HERE / "_generated"
generated.mkdir(exist_ok=True)
(generated / "requirements.md").write_text(requirement_table("fujitsu-2008"), encoding="utf-8")
(generated / "limits.md").write_text(limit_table("fujitsu-2008"), encoding="utf-8")
