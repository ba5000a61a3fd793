"""xenvm explain: why a requirement came to its verdict."""

from __future__ import annotations

from pathlib import Path

import click

from xenvm.qualify.explain import explain, read_results, row_of

from .live_host import AS_JSON, print_json


@click.command("explain")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.argument("requirement_id", metavar="ID")
@AS_JSON
def command(folder: Path, requirement_id: str, as_json: bool) -> None:
    """Explain the verdict on one requirement of a run.

    From the requirement to its limit and where that is written, to what was observed, to the
    evidence, and to how to see it again by hand.

    \b
    Example:
      xenvm explain xenvm-report/2026-11-23-lab-ab12 WP-3.4-12
    """
    results = read_results(folder)
    if as_json:
        print_json(row_of(results, requirement_id))
    else:
        click.echo(explain(results, requirement_id))
