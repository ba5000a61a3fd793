"""xenvm inventory: every fact that a rule reads."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from xenvm.formats.inventory_json import inventory_to_json
from xenvm.model.inventory import InterfaceKind, Inventory

from .live_host import HOST
from .progress import lab_progress

UNKNOWN = "not observable"


@click.command()
@HOST
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the inventory, raw evidence and all, to this file.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the inventory as JSON.")
def command(host: str, output: Path | None, as_json: bool) -> None:
    """Gather every fact that a rule reads, with the raw evidence; change nothing.

    \b
    Examples:
      xenvm inventory lab
      xenvm inventory xen+ssh://root@host/system --output inventory.json
    """
    inventory = gather_from(host)
    document = inventory_to_json(inventory)
    if output is not None:
        output.write_text(document, encoding="utf-8")
    if as_json:
        click.echo(document, nl=False)
    else:
        show(inventory)
        if output is not None:
            click.echo(f"written to {output}; judge it with: xenvm audit {output}")


def gather_from(host: str) -> Inventory:
    """Return the inventory of HOST; a lab that was not up is taken down again afterwards."""
    from xenvm.host.inventory import gather  # noqa: PLC0415 - --help needs no libvirt
    from xenvm.target import open_host  # noqa: PLC0415 - --help needs no libvirt

    with lab_progress() as report, open_host(host, report=report) as live:
        return gather(live)


def show(inventory: Inventory) -> None:
    """Print what a person asks first: which host, what kind, how big, what is on it."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in _rows(inventory):
        table.add_row(name, UNKNOWN if value is None else str(value))
    Console(highlight=False, markup=False).print(table)


def _rows(inventory: Inventory) -> list[tuple[str, str | int | None]]:
    host, xen, firmware = inventory.host, inventory.hypervisor, inventory.firmware
    memory_kib = inventory.dom0.memory_kib
    network = inventory.network
    seen = network.interfaces is not None
    return [
        ("evidence", inventory.evidence),
        ("because", "; ".join(firmware.signs or ()) or "no sign of anything underneath Xen"),
        ("host", host.hostname or host.uri),
        ("machine", _joined(host.manufacturer, host.product_name)),
        ("Xen", host.xen_version),
        ("Dom0's kernel", host.kernel_release),
        ("libvirt", host.libvirt_version),
        ("sockets", xen.sockets),
        ("cores", xen.cores),
        ("threads per core", xen.threads_per_core),
        ("memory", _mib(xen.total_memory_mib)),
        ("free memory", _mib(xen.free_memory_mib)),
        ("Dom0's memory", _mib(None if memory_kib is None else memory_kib // 1024)),
        ("guests", _count(inventory.domains)),
        ("running guests", _count(inventory.running)),
        ("physical NICs", len(network.of_kind(InterfaceKind.NIC)) if seen else None),
        ("bridges", len(network.of_kind(InterfaceKind.BRIDGE)) if seen else None),
    ]


def _joined(*words: str | None) -> str | None:
    return " ".join(word for word in words if word) or None


def _mib(number_mib: int | None) -> str | None:
    return None if number_mib is None else f"{number_mib} MiB"


def _count(things: tuple[object, ...] | None) -> int | None:
    return None if things is None else len(things)
