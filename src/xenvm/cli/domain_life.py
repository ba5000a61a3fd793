"""xenvm domain list, show, start and stop: domains on a host."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from xenvm.errors import ToolstackError, WaitTimeoutError, XenvmError
from xenvm.model.statistics import DomainCounters, DomainOverview

from .live_host import AS_JSON, HOST, NAME, live_host, print_json
from .plain import NOTHING, plain

if TYPE_CHECKING:
    from xenvm.host import Domain

LIST_SCHEMA = "xenvm-domain-list/1"
SHOW_SCHEMA = "xenvm-domain/1"
STATE_SCHEMA = "xenvm-domain-state/1"
STOP_DEADLINE_S = 120.0
_KIB_MIB = 1024


@click.command("list")
@HOST
@AS_JSON
def list_command(host: str, as_json: bool) -> None:
    """List the domains of HOST with their state and size, running or not.

    \b
    Examples:
      xenvm domain list lab
      xenvm domain list xen+ssh://root@host/system --json
    """
    with live_host(host, "listing domains") as live:
        overview = live.watch.overview()
    if as_json:
        domains = [_overview_to_json(domain) for domain in overview]
        print_json({"schema": LIST_SCHEMA, "host": host, "domains": domains})
    else:
        _show_list(overview)


@click.command("show", short_help="Show a domain's state, parts and counters.")
@NAME
@HOST
@AS_JSON
def show_command(name: str, host: str, as_json: bool) -> None:
    """Show what a domain does, what it is made of, and what the host counts for it.

    \b
    Examples:
      xenvm domain show web lab
      xenvm domain show web xen+ssh://root@host/system --json
    """
    with live_host(host, f"looking at {name}") as live:
        domain = live.domain(name)
        counters = live.watch.sample().of(domain.uuid)
        facts: dict[str, object] = {
            "name": domain.name,
            "uuid": str(domain.uuid),
            "state": domain.state.value,
            "domid": domain.domid,
            "ending": plain(domain.ending),
            "persistent": domain.definition.exists,
            "autostart": domain.definition.autostart,
            "managed_save": domain.saving.has_managed,
            "config": plain(domain.config()),
        }
    facts["counters"] = _counters_to_json(counters) if counters else None
    if as_json:
        print_json({"schema": SHOW_SCHEMA, "host": host, "domain": facts})
    else:
        _show_facts(facts)


@click.command("start")
@NAME
@HOST
@click.option("--paused", is_flag=True, help="Do not let its vCPUs run yet.")
@AS_JSON
def start_command(name: str, host: str, paused: bool, as_json: bool) -> None:
    """Start a domain from its definition, or from its managed save.

    \b
    Examples:
      xenvm domain start web lab
      xenvm domain start web lab --paused --json
    """
    with live_host(host, f"starting {name}") as live:
        domain = live.domain(name)
        domain.start(paused=paused)
        state, domid = domain.state.value, domain.domid
    if as_json:
        print_json({"schema": STATE_SCHEMA, "name": name, "state": state, "domid": domid})
    else:
        click.echo(f"{name} is {state}, as domain {domid}")


@click.command("stop")
@NAME
@HOST
@click.option("--force", is_flag=True, help="End it at once, whatever its guest does.")
@click.option(
    "--deadline-s",
    type=click.FloatRange(min=0),
    default=STOP_DEADLINE_S,
    show_default=True,
    help="Seconds that its guest has to end.",
)
@AS_JSON
def stop_command(name: str, host: str, force: bool, deadline_s: float, as_json: bool) -> None:
    """Ask a domain's guest to end, and wait until it has.

    A guest that does not end in time goes on, and may still end: exit status 3. With --force it is
    not asked.

    \b
    Examples:
      xenvm domain stop web lab
      xenvm domain stop web lab --deadline-s 30
      xenvm domain stop web lab --force
    """
    with live_host(host, f"stopping {name}") as live:
        domain = live.domain(name)
        if force:
            domain.destroy()
        else:
            _shut_down(domain, deadline_s)
    if as_json:
        print_json({"schema": STATE_SCHEMA, "name": name, "state": "shut-off", "domid": None})
    else:
        click.echo(f"{name} is shut off")


def _shut_down(domain: Domain, deadline_s: float) -> None:
    try:
        domain.shutdown()
        domain.wait_until_off(deadline_s=deadline_s)
    except (ToolstackError, WaitTimeoutError) as exc:
        raise XenvmError(
            f"{domain.name} did not end ({exc}): wait longer with --deadline-s, or end it at once "
            "with --force"
        ) from exc


def _overview_to_json(domain: DomainOverview) -> dict[str, object]:
    return {
        "name": domain.name,
        "uuid": str(domain.uuid),
        "domid": domain.domid,
        "state": domain.state.value,
        "guest_type": plain(domain.config.guest_type),
        "vcpus": domain.vcpus,
        "memory_kib": domain.memory_kib,
        "max_memory_kib": domain.max_memory_kib,
        "cpu_time_s": round(domain.cpu_time_s, 3),
        "vbds": len(domain.config.vbds),
        "vnifs": len(domain.config.vnifs),
    }


def _counters_to_json(counters: DomainCounters) -> dict[str, object]:
    parts = asdict(counters)
    return {part: parts[part] for part in ("cpu", "memory", "vbds", "vnifs")}


def _show_list(overview: Sequence[DomainOverview]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for head in ("domid", "name", "state", "type"):
        table.add_column(head, no_wrap=True, justify="right" if head == "domid" else "left")
    for head in ("vCPUs", "memory", "CPU time", "VBDs", "VNIFs"):
        table.add_column(head, no_wrap=True, justify="right")
    for domain in overview:
        table.add_row(
            NOTHING if domain.domid is None else str(domain.domid),
            domain.name,
            domain.state,
            str(domain.config.guest_type),
            str(domain.vcpus),
            f"{domain.memory_kib // _KIB_MIB} MiB",
            f"{domain.cpu_time_s:.1f} s",
            str(len(domain.config.vbds)),
            str(len(domain.config.vnifs)),
        )
    Console(highlight=False, markup=False).print(table)


def _show_facts(facts: dict[str, object]) -> None:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts.items():
        parts = value if isinstance(value, dict) else {"": value}
        for part, said in parts.items():
            label = f"{name} {part}".strip().replace("_", " ")
            table.add_row(label, _shown(said))
    Console(highlight=False, markup=False).print(table)


def _shown(said: object) -> str:
    if isinstance(said, list | tuple | dict):
        return json.dumps(said, ensure_ascii=False)
    return NOTHING if said is None else str(said)
