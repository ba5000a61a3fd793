"""xenvm qualify: is this machine a good Xen host?"""

from __future__ import annotations

from pathlib import Path

import click

from xenvm.model.verdict import RunVerdict, Tier
from xenvm.qualify.report import (
    EVIDENCE_TEXT,
    REPORT_FILE,
    duration_text,
    hindrances,
    lead,
    shown,
)
from xenvm.qualify.results import Conclusion, Results, results_to_json
from xenvm.qualify.run import Wish, qualify

from .extras import SUITE, require_extras
from .live_host import AS_JSON, HOST, print_json
from .run_progress import run_progress

STATUSES = {RunVerdict.QUALIFIED: 0, RunVerdict.NOT_QUALIFIED: 1, RunVerdict.UNDECIDED: 3}


@click.command("qualify")
@HOST
@click.option("--profile", default="fujitsu-2008", show_default=True, help="A name or a path.")
@click.option(
    "--tier",
    type=click.Choice([t.value for t in Tier]),
    default="quick",
    show_default=True,
    help="quick does the same deeds with small numbers; full goes up to the profile's limits.",
)
@click.option(
    "--allow",
    multiple=True,
    metavar="DEVICE",
    help="A NIC (eth1), a disk (/dev/disk/by-id/…) or a PCI function (0000:03:00.0) that may be"
    " used; repeatable.",
)
@click.option(
    "--to", "peer", default="", metavar="HOST", help="A second host, to which guests may move."
)
@click.option("--only", multiple=True, metavar="ID", help="Ask this requirement only; repeatable.")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="A new or empty folder to write to; without it, one below xenvm-report.",
)
@click.option(
    "--resume",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Go on with the run in this folder.",
)
@AS_JSON
def command(
    host: str,
    profile: str,
    tier: str,
    allow: tuple[str, ...],
    peer: str,
    only: tuple[str, ...],
    output: Path | None,
    resume: Path | None,
    as_json: bool,
) -> None:
    """Qualify HOST under a profile, and write a report with all the evidence.

    Everything made on the host is journaled before it is made, and is gone afterwards. Exit
    status: 0 qualified, 1 not qualified, 2 wrong usage or bad input, 3 undecided.

    \b
    Examples:
      xenvm qualify
      xenvm qualify xen+ssh://root@host/system --tier full
      xenvm qualify lab --only WP-3.4-12 --output bridges
      xenvm qualify lab:pair --to lab:pair-2 --tier full
    """
    if output and resume:
        raise click.UsageError("--resume goes on in its own folder: leave --output out")
    require_extras(SUITE)
    wish = Wish(
        target=host,
        profile=profile,
        tier=Tier(tier),
        allowed=allow,
        peer=peer,
        only=only,
        output=output,
        resume=resume,
    )
    with run_progress() as watcher:
        results, folder = qualify(wish, watcher)
    if as_json:
        print_json(results_to_json(results))
    else:
        click.echo(summary(results, folder))
    raise SystemExit(STATUSES[results.verdict])


def summary(results: Results, folder: Path) -> str:
    """Return the run on one screen, evidence class and verdict first."""
    counts = ", ".join(f"{n} {kind}" for kind, n in results.counts.items() if n)
    lines = [
        f"{results.evidence} evidence: {EVIDENCE_TEXT[results.evidence]}",
        f"{results.label.upper()}: {results.target} under {results.profile.name}, "
        f"after {duration_text(results.duration_s)}",
        f"  {lead(results)}",
        f"  {counts}",
        *(_line(conclusion, folder) for conclusion in hindrances(results)),
    ]
    if results.not_shown:
        lines.append(f"  needs another kind of host: {', '.join(results.not_shown)}")
    if results.not_asked:
        lines.append(f"  not asked: {len(results.not_asked)} more; the report lists them, and why")
    lines.append(f"  report: {folder / REPORT_FILE}")
    return "\n".join(lines)


def _line(conclusion: Conclusion, folder: Path) -> str:
    requirement, verdict = conclusion.requirement, conclusion.verdict
    said = verdict.detail or (
        f"observed {shown(verdict.observed, verdict.unit)}, "
        f"asked {shown(verdict.expected, verdict.unit)}"
    )
    return (
        f"  {verdict.kind}: {requirement.id} {requirement.title}: {said}\n"
        f"    xenvm explain {folder} {requirement.id}"
    )
