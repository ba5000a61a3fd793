"""xenvm host: info."""

from __future__ import annotations

import click
from rich.console import Console
from rich.table import Table

from .live_host import AS_JSON, HOST, live_host, print_json

INFO_SCHEMA = "xenvm-host-info/1"


@click.group()
def command() -> None:
    """A host, as its libvirt tells of it.

    \b
    Example:
      xenvm host info lab
    """


@command.command("info", short_help="Say what HOST is, and what is free on it.")
@HOST
@AS_JSON
def info_command(host: str, as_json: bool) -> None:
    """Say what HOST is, what runs on it, what is free, and what its driver lacks.

    \b
    Examples:
      xenvm host info lab
      xenvm host info xen+ssh://root@host/system --json
    """
    with live_host(host, f"asking {host}") as live:
        overview = live.watch.overview()
        facts: dict[str, object] = {
            "uri": str(live.uri.text),
            "hostname": live.hostname,
            "simulated": live.is_simulated,
            "hypervisor_version": live.hypervisor_version,
            "libvirt_version": live.libvirt_version,
            "free_memory_kib": live.free_memory_kib,
            "domains": len(overview),
            "running": sum(domain.domid is not None for domain in overview),
            "driver": live.driver.name,
            "driver_lacks": sorted(live.driver.lacks),
        }
    if as_json:
        print_json({"schema": INFO_SCHEMA, **facts})
        return
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts.items():
        said = "; ".join(value) if isinstance(value, list) else str(value)
        table.add_row(name.replace("_", " "), said)
    Console(highlight=False, markup=False).print(table)
