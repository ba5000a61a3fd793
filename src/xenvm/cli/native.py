"""xenvm native: what a machine does without Xen."""

from __future__ import annotations

import os
from pathlib import Path

import click

from xenvm.bench.measuring import Extent
from xenvm.errors import UsageError
from xenvm.model.verdict import Tier

from .extras import NATIVE, require_extras
from .live_host import AS_JSON
from .peer import PEER
from .span import SPAN


@click.command("native")
@click.option(
    "--allow",
    "device",
    default="",
    metavar="DEVICE",
    help="A disk (/dev/disk/by-id/…), OVERWRITTEN; without it no disk is touched.",
)
@PEER
@click.option(
    "--output",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where to write; what xenvm bench --native takes.",
)
@click.option(
    "--tier",
    type=click.Choice([t.value for t in Tier]),
    default="quick",
    show_default=True,
    help="As for xenvm bench.",
)
@SPAN
@AS_JSON
def command(device: str, peer: str, output: Path, tier: str, span: int, as_json: bool) -> None:
    """Record what this machine does without Xen, for the report of xenvm bench.

    Run it on the machine itself, booted without Xen. Memory and CPU are always measured, the
    network with --peer, a disk with --allow. The span at the start of that disk is OVERWRITTEN;
    a disk with anything on it is refused.

    \b
    Examples:
      xenvm native --output native.json
      xenvm native --allow /dev/disk/by-id/nvme-XYZ --peer 192.0.2.7 --output native.json
    """
    require_extras(NATIVE)
    from xenvm.formats.baseline_json import baseline_to_json  # noqa: PLC0415 - --help is quick
    from xenvm.host.shell import LocalShell  # noqa: PLC0415 - --help is quick
    from xenvm.qualify.limits import parse_peer  # noqa: PLC0415 - an extra
    from xenvm.qualify.native import record_native  # noqa: PLC0415 - an extra

    extent = Extent(tier=Tier(tier), span_mib=span)
    if output.exists():
        raise UsageError(f"{output} is there already: name another with --output")
    if not os.access(output.absolute().parent, os.W_OK | os.X_OK):
        raise UsageError(f"{output} cannot be written: name another with --output")

    def say(text: str) -> None:
        click.echo(text, err=True)

    recorded = record_native(LocalShell(), extent, say, device=device, peer=parse_peer(peer))
    text = baseline_to_json(recorded)
    output.write_text(text, encoding="utf-8")
    click.echo(text if as_json else f"recorded in {output}")
