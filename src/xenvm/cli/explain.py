"""xenvm explain: why a requirement came to its verdict."""

from __future__ import annotations

from pathlib import Path

import click

from xenvm.qualify.explain import explain, read_results


@click.command("explain")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.argument("requirement_id", metavar="ID")
def command(folder: Path, requirement_id: str) -> None:
    """Explain the verdict on one requirement of a run.

    From the requirement to its limit and where that is written, to what was observed, to the
    evidence, and to how to see it again by hand.

    \b
    Example:
      xenvm explain xenvm-report/2026-11-23-lab-ab12 WP-3.4-12
    """
    click.echo(explain(read_results(folder), requirement_id))
