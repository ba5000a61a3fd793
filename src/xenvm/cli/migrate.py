"""xenvm migrate: move a domain to another host."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Iterator

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from xenvm.model.movement import Manner, Move, MoveOptions, MoveProgress
from xenvm.movement import Report, migrate
from xenvm.target import migration_uri, open_host

DEFAULTS = MoveOptions()


@click.command("migrate")
@click.argument("name")
@click.option(
    "--from",
    "source",
    default="lab",
    show_default=True,
    metavar="HOST",
    help="Where it is.",
)
@click.option("--to", "destination", required=True, metavar="HOST", help="Where it goes.")
@click.option(
    "--manner",
    type=click.Choice([manner.value for manner in Manner]),
    default=DEFAULTS.manner.value,
    show_default=True,
    help="live runs on meanwhile; still stands still; saved goes as a file, through here; shut-off"
    " moves the definition of a domain that is off.",
)
@click.option("--paused", is_flag=True, help="Leave it paused at the destination.")
@click.option("--keep-source", is_flag=True, help="Keep its definition at the source.")
@click.option("--transient", is_flag=True, help="Keep no definition at the destination.")
@click.option("--name", "new_name", metavar="NAME", help="Its name at the destination.")
@click.option(
    "--uri",
    metavar="tcp://ADDRESS",
    help="Where its memory goes; by default a lab pair's private link, or the name in --to.",
)
@click.option(
    "--deadline-s",
    type=click.FloatRange(min=1),
    default=DEFAULTS.deadline_s,
    show_default=True,
    help="Abort after this many seconds.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    name: str,
    source: str,
    destination: str,
    manner: str,
    paused: bool,
    keep_source: bool,
    transient: bool,
    new_name: str | None,
    uri: str | None,
    deadline_s: float,
    as_json: bool,
) -> None:
    """Move the domain NAME from one host to another; exactly one copy runs afterwards.

    All that is missing is told at once, before anything changes. Ctrl-C and the deadline abort
    the move: the guest runs on where it was.

    \b
    Examples:
      xenvm lab up pair --hosts 2
      xenvm migrate web --from lab:pair --to lab:pair-2
      xenvm migrate web --from xen+ssh://root@a/system --to xen+ssh://root@b/system --manner saved
    """
    options = MoveOptions(
        manner=Manner(manner),
        paused=paused,
        keep_source=keep_source,
        persist=not transient,
        name=new_name,
        uri=uri or migration_uri(source, destination),
        deadline_s=deadline_s,
    )
    with open_host(source) as here, open_host(destination) as there, _progress() as report:
        move = migrate(name, source=here, destination=there, options=options, report=report)
    if as_json:
        click.echo(json.dumps(dataclasses.asdict(move)))
        return
    _show(move)


def _show(move: Move) -> None:
    click.echo(f"{move.domain} moved after {move.elapsed_s:.1f} s")
    for line in (move.destination, move.source, *move.notes):
        click.echo(f"  {line}")


@contextlib.contextmanager
def _progress() -> Iterator[Report]:
    """Show how a move goes: a bar on a terminal, else a line for each thing that is done.

    Yields:
        What the move reports to.
    """
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(20), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("looking at both hosts", total=None)
        told = ""

        def report(now: MoveProgress) -> None:
            nonlocal told
            progress.update(task, description=now.doing)
            if not console.is_terminal and now.doing != told:
                console.print(f"{now.doing} (aborted after {now.deadline_s:.0f} s)")
            told = now.doing

        yield report
