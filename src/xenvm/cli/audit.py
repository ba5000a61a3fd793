"""xenvm audit: the static rules over a stored inventory, or over a host's."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from xenvm.errors import ParseError
from xenvm.formats.inventory_json import inventory_from_json
from xenvm.model.inventory import Inventory
from xenvm.model.profile import Profile
from xenvm.model.verdict import EvidenceClass, RunVerdict, Verdict, VerdictKind
from xenvm.qualify.documents import verdict_to_json
from xenvm.qualify.results import run_verdict
from xenvm.spec import RULES, evaluate, load_host_profile, requirement

from .inventory import gather_from
from .live_host import HOST_VARIABLE, LAB

AUDIT_SCHEMA = "xenvm-audit/1"
INVENTORY_MAX_BYTES = 256 * 1024 * 1024

STATUS = {RunVerdict.QUALIFIED: 0, RunVerdict.NOT_QUALIFIED: 1, RunVerdict.UNDECIDED: 3}

COLOUR = {
    VerdictKind.PASS: "green",
    VerdictKind.FAIL: "bold red",
    VerdictKind.WARN: "yellow",
    VerdictKind.BLOCKED: "yellow",
    VerdictKind.BROKEN: "yellow",
}

CLASS_NOTE = {
    EvidenceClass.NESTED: "nested: Xen runs in an emulator or hypervisor here",
    EvidenceClass.SIMULATED: "simulated: libvirt's test driver, no Xen at all",
    EvidenceClass.HARDWARE: "hardware",
}


@click.command()
@click.argument("source", metavar="INVENTORY.json|HOST", default=LAB, envvar=HOST_VARIABLE)
@click.option(
    "--profile",
    "profile_name",
    default="fujitsu-2008",
    show_default=True,
    help="A name or a path.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the verdicts as JSON.")
def command(source: str, profile_name: str, as_json: bool) -> None:
    """Judge a stored inventory, or a host's, by the profile's static rules.

    What only a live test can show is named and left out; xenvm qualify does it.
    Exit status: 0 no rule objects, 1 a rule fails, 3 something could not be observed.

    \b
    Examples:
      xenvm audit lab
      xenvm audit inventory.json --profile fujitsu-2008 --json
    """
    profile = load_host_profile(profile_name)
    inventory = _inventory(source)
    verdicts = evaluate(inventory, profile)
    worth = _worth(verdicts, inventory.evidence)
    if as_json:
        click.echo(json.dumps(_document(inventory, profile, verdicts, worth), indent=1))
    else:
        _show(inventory, profile, verdicts, worth)
    raise SystemExit(STATUS[worth])


def live_only(profile: Profile) -> list[str]:
    """Return the profile's requirements that no static rule can judge."""
    asked = map(requirement, profile.requirement_ids)
    return [r.id for r in asked if r.id not in RULES and not r.not_assessed]


def _inventory(source: str) -> Inventory:
    path = Path(source)
    if path.suffix != ".json" and not path.is_file():
        return gather_from(source)
    with path.open("rb") as stream:
        data = stream.read(INVENTORY_MAX_BYTES + 1)
    if len(data) > INVENTORY_MAX_BYTES:
        raise ParseError(f"{source}: an inventory has at most {INVENTORY_MAX_BYTES} bytes")
    try:
        return inventory_from_json(data.decode())
    except (UnicodeDecodeError, ParseError) as exc:
        raise ParseError(f"{source}: {exc}") from exc


def _worth(verdicts: Sequence[Verdict], evidence: EvidenceClass) -> RunVerdict:
    kinds = {verdict.requirement_id: verdict.kind for verdict in verdicts}
    return run_verdict(kinds, map(requirement, kinds), evidence)


def _document(
    inventory: Inventory, profile: Profile, verdicts: Sequence[Verdict], worth: RunVerdict
) -> dict[str, object]:
    return {
        "schema": AUDIT_SCHEMA,
        "evidence": inventory.evidence,
        "verdict": worth,
        "host": inventory.host.hostname or inventory.host.uri,
        "profile": profile.name,
        "requirements": [verdict_to_json(verdict) for verdict in verdicts],
        "live_only": live_only(profile),
    }


def _show(
    inventory: Inventory, profile: Profile, verdicts: Sequence[Verdict], worth: RunVerdict
) -> None:
    console = Console(highlight=False, markup=False)
    console.print(f"evidence: {CLASS_NOTE[inventory.evidence]}")
    console.print(f"{inventory.host.hostname or inventory.host.uri} under profile {profile.name}\n")
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("id", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    table.add_column("what", overflow="fold")
    for verdict in verdicts:
        kind = Text(verdict.kind, style=COLOUR.get(verdict.kind, "dim"))
        table.add_row(verdict.requirement_id, kind, _said(verdict))
    console.print(table)
    console.print(f"\nstatic rules: {_words(worth)}")
    if left := live_only(profile):
        console.print(f"{len(left)} more take live tests: xenvm qualify; --json lists them")


def _said(verdict: Verdict) -> Text:
    said = Text(requirement(verdict.requirement_id).title)
    if verdict.observed is not None:
        unit = f" {verdict.unit}" if verdict.unit else ""
        asked = "" if verdict.expected is None else f" (asked: {verdict.expected})"
        said.append(f"\n{verdict.observed}{unit}{asked}", style="dim")
    if verdict.detail and verdict.kind is not VerdictKind.PASS:
        said.append(f"\n{verdict.detail}", style="dim")
    return said


def _words(worth: RunVerdict) -> str:
    return {
        RunVerdict.QUALIFIED: "none objects",
        RunVerdict.NOT_QUALIFIED: "not qualified",
        RunVerdict.UNDECIDED: "undecided, as something could not be observed",
    }[worth]
