"""xenvm bench: how fast PV I/O is beside Dom0, and whether that is enough."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from xenvm.bench.measuring import Extent
from xenvm.model.verdict import Tier

from .extras import BENCHMARKS, require_extras
from .live_host import AS_JSON, HOST, print_json
from .peer import PEER
from .span import SPAN

if TYPE_CHECKING:  # --help needs no libvirt
    from xenvm.qualify.bench_results import BenchResults


def complete_metric(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the metrics that begin so."""
    from xenvm.bench.catalogue import METRICS  # noqa: PLC0415 - --help needs no libvirt

    del ctx, param
    return [CompletionItem(m.name, help=m.title) for m in METRICS if m.name.startswith(incomplete)]


@click.command("bench")
@HOST
@click.option(
    "--thresholds",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="What metrics must reach (TOML); xenvm's own without it.",
)
@click.option(
    "--baseline",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="The folder of what this hardware gave before.",
)
@click.option("--record", is_flag=True, help="Make this run the baseline in --baseline DIR.")
@click.option(
    "--tier",
    type=click.Choice([t.value for t in Tier]),
    default="quick",
    show_default=True,
    help="quick measures for seconds, full as storage people do.",
)
@SPAN
@click.option(
    "--only",
    multiple=True,
    metavar="METRIC",
    shell_complete=complete_metric,
    help="A metric, or the beginning of its name (block.lvm); repeatable.",
)
@click.option(
    "--allow",
    multiple=True,
    metavar="DEVICE",
    help="A disk (/dev/disk/by-id/…) or a NIC (eth1) that may be used; repeatable.",
)
@PEER
@click.option(
    "--guest-address",
    default="",
    metavar="ADDRESS/PREFIX",
    help="The guest's in the peer's network, where no DHCP answers.",
)
@click.option(
    "--native",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="What the machine does without Xen, for the report.",
)
@click.option("--noise", is_flag=True, help="Measure each leg against itself: an A/A run.")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="A new or empty folder to write to; without it, one below xenvm-report.",
)
@AS_JSON
def command(
    host: str,
    thresholds: Path | None,
    baseline: Path | None,
    record: bool,
    tier: str,
    span: int,
    only: tuple[str, ...],
    allow: tuple[str, ...],
    peer: str,
    guest_address: str,
    native: Path | None,
    noise: bool,
    output: Path | None,
    as_json: bool,
) -> None:
    """Measure PV disks and networks of HOST beside Dom0 on the same device, and decide.

    Pairs of legs in random order, held against floors and a baseline by exact statistics. What
    is made on the host is gone afterwards; no disk is written to that is not allowed by name.
    Exit status: 0 the gate is open, 1 it closed, 2 wrong usage or bad input, 3 undecided.

    \b
    Examples:
      xenvm bench lab --only compute
      xenvm bench xen+ssh://root@host/system --baseline baselines --record
      xenvm bench xen+ssh://root@host/system --thresholds gate.toml --tier full
    """
    require_extras(BENCHMARKS)
    from xenvm.qualify.bench_run import BenchWish, bench  # noqa: PLC0415 - an extra
    from xenvm.qualify.limits import LimitFiles  # noqa: PLC0415 - an extra

    from .run_progress import run_progress  # noqa: PLC0415 - --help needs no libvirt

    wish = BenchWish(
        target=host,
        files=LimitFiles(thresholds=thresholds, baseline=baseline),
        extent=Extent(tier=Tier(tier), span_mib=span),
        only=only,
        allowed=allow,
        peer=peer,
        guest_address=guest_address,
        native=native,
        output=output,
        record=record,
        null=noise,
    )
    with run_progress() as watcher:
        results, folder = bench(wish, watcher)
    _tell(results, folder, as_json=as_json)


def _tell(results: BenchResults, folder: Path, *, as_json: bool) -> None:
    """Print the run, and end with its exit status."""
    from xenvm.qualify.bench_results import Gate, bench_to_json  # noqa: PLC0415 - an extra

    from .bench_summary import summary  # noqa: PLC0415 - an extra

    if as_json:
        print_json(bench_to_json(results))
    else:
        click.echo(summary(results, folder))
    raise SystemExit({Gate.OPEN: 0, Gate.CLOSED: 1, Gate.UNDECIDED: 3}[results.gate])
