"""xenvm profile: list, show."""

from __future__ import annotations

import json
from dataclasses import asdict

import click
from rich.console import Console
from rich.table import Table

from xenvm.model.profile import Limit, Profile
from xenvm.spec import list_profiles, load_profile, requirement


@click.group()
def command() -> None:
    """The profiles: what is asked of a host, and what one guest may have.

    \b
    Example:
      xenvm profile show fujitsu-2008
    """


@command.command("list", short_help="List the profiles that xenvm ships.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_command(as_json: bool) -> None:
    """List the profiles that xenvm ships; a file of your own works by its path.

    \b
    Example:
      xenvm profile list --json
    """
    profiles = [load_profile(name) for name in list_profiles()]
    if as_json:
        click.echo(json.dumps([{"name": p.name, "title": p.title} for p in profiles]))
        return
    for profile in profiles:
        click.echo(f"{profile.name:<20}  {profile.title}")


@command.command("show", short_help="Show a profile's limits and requirements.")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show_command(name: str, as_json: bool) -> None:
    """Show what a profile asks: its limits with their sources, and its requirements.

    \b
    Examples:
      xenvm profile show fujitsu-2008
      xenvm profile show ./ours.toml --json
    """
    profile = load_profile(name)
    if as_json:
        click.echo(json.dumps(asdict(profile), indent=1, ensure_ascii=False))
    else:
        _show(profile)


def _show(profile: Profile) -> None:
    console = Console(highlight=False, markup=False)
    console.print(f"{profile.name}: {profile.title}")
    console.print(f"source: {profile.source}\n")
    limits = Table("limit", "value", "kind, source", box=None, pad_edge=False, header_style="bold")
    for key, limit in profile.limits.items():
        limits.add_row(key, _value(limit), f"{limit.kind}; {limit.source}")
    console.print(limits)
    console.print()
    if not profile.requirement_ids:
        console.print("It asks nothing of a host; it is for xenvm domain check.")
        return
    asked = Table("id", "check", "requirement", box=None, pad_edge=False, header_style="bold")
    for id_ in profile.requirement_ids:
        one = requirement(id_)
        check = one.check if one.is_assessed((one.assessed_with,)) else "not assessed"
        asked.add_row(id_, check, one.title)
    console.print(asked)


def _value(limit: Limit) -> str:
    value = limit.value
    return ", ".join(value) if isinstance(value, tuple) else f"{value} {limit.unit}"
