"""xenvm domain console and top: a domain's console, and what all domains use."""

from __future__ import annotations

import contextlib
import json
import os
import select
import sys
import termios
import threading
import tty
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click
from rich.console import Console as Screen
from rich.live import Live
from rich.table import Table

from xenvm.errors import XenvmError
from xenvm.model.statistics import DomainRates, rates
from xenvm.waiting import pause

from .live_host import AS_JSON, HOST, NAME

if TYPE_CHECKING:
    from xenvm.host import Console, Host

TOP_SCHEMA = "xenvm-domain-top/1"
LEAVE = b"\x1d"
"""Ctrl-]."""
TICK_S = 0.1
_KIB_BYTES = 1024
_READ_BYTES = 4096


@click.command("console")
@NAME
@HOST
@click.option("--force", is_flag=True, help="Take it from whoever has it open.")
def console_command(name: str, host: str, force: bool) -> None:
    """Open a domain's console; Ctrl-] leaves it.

    Where standard input is no terminal, it is typed into the console up to its end.

    \b
    Example:
      xenvm domain console web lab
    """
    from xenvm.target import open_host  # noqa: PLC0415 - --help needs no libvirt

    with open_host(host) as live, live.domain(name).open_console(force=force) as console:
        click.echo(f"connected to {name}; Ctrl-] leaves", err=True)
        with _raw_terminal():
            _talk(console)
    click.echo(console.end_cause, err=True, nl=bool(console.end_cause))


@click.command("top", short_help="Show what running domains use; Ctrl-C ends it.")
@HOST
@click.option(
    "--every-s",
    type=click.FloatRange(min=0.2),
    default=2.0,
    show_default=True,
    help="Seconds from look to look.",
)
@click.option("--count", type=click.IntRange(min=1), help="End after that many looks.")
@AS_JSON
def top_command(host: str, every_s: float, count: int | None, as_json: bool) -> None:
    """Show what the running domains of HOST use, again and again; Ctrl-C ends it.

    With --json a document per look, one a line.

    \b
    Examples:
      xenvm domain top lab
      xenvm domain top lab --every-s 5 --count 1 --json
    """
    from xenvm.target import open_host  # noqa: PLC0415 - --help needs no libvirt

    with contextlib.suppress(KeyboardInterrupt), open_host(host) as live:
        looks = _looks(live, every_s, count)
        if as_json:
            for look in looks:
                domains = [_to_json(rate) for rate in look]
                click.echo(json.dumps({"schema": TOP_SCHEMA, "domains": domains}))
        else:
            _show(looks)


def _looks(live: Host, every_s: float, count: int | None) -> Iterator[Sequence[DomainRates]]:
    """Yield the rates of each interval."""
    before, looks = live.watch.sample(), 0
    while count is None or looks < count:
        pause(every_s)
        after = live.watch.sample()
        yield rates(before, after)
        before, looks = after, looks + 1


def _show(looks: Iterator[Sequence[DomainRates]]) -> None:
    screen = Screen(highlight=False, markup=False)
    if not screen.is_terminal:
        for look in looks:
            screen.print(_table(look))
        return
    with Live(console=screen, auto_refresh=False) as shown:
        for look in looks:
            shown.update(_table(look), refresh=True)


def _table(look: Sequence[DomainRates]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("domid", justify="right")
    table.add_column("name")
    for head in ("CPU", "memory", "reads", "writes", "receives", "sends"):
        table.add_column(head, justify="right", no_wrap=True)
    for rate in sorted(look, key=lambda rate: -rate.cpu_percent):
        flows = (
            rate.read_bytes_per_s,
            rate.write_bytes_per_s,
            rate.received_bytes_per_s,
            rate.sent_bytes_per_s,
        )
        table.add_row(
            str(rate.domid),
            rate.name,
            f"{rate.cpu_percent:.1f} %",
            f"{rate.memory_kib // 1024} MiB",
            *(f"{flow / _KIB_BYTES:.1f} KiB/s" for flow in flows),
        )
    return table


def _to_json(rate: DomainRates) -> dict[str, object]:
    return {
        key: round(value, 1) if isinstance(value, float) else str(value) if key == "uuid" else value
        for key, value in asdict(rate).items()
    }


def _talk(console: Console) -> None:
    """Pass what is typed to the console and what it says to the screen, until either ends.

    Raises:
        WaitTimeoutError: The guest's side did not take what was typed.
    """
    left = threading.Event()
    failed: list[XenvmError] = []
    typist = threading.Thread(target=_type, args=(console, left, failed), daemon=True)
    typist.start()
    while not (left.is_set() or console.has_ended):
        _write(console.read_bytes(deadline_s=TICK_S))
    left.set()
    _write(console.read_bytes())
    if failed and not console.has_ended:
        raise failed[0]


def _type(console: Console, left: threading.Event, failed: list[XenvmError]) -> None:
    """Pass what is typed to the console; on a thread of its own, so its error goes to a list."""
    stdin = sys.stdin.fileno()
    try:
        while not left.is_set():
            if not select.select([stdin], [], [], TICK_S)[0]:
                continue
            typed, leaves, _ = os.read(stdin, _READ_BYTES).partition(LEAVE)
            if typed:
                console.send(typed)
            if leaves or not typed:
                return
    except XenvmError as exc:
        failed.append(exc)
    finally:
        left.set()


def _write(said: bytes) -> None:
    sys.stdout.buffer.write(said)
    sys.stdout.buffer.flush()


@contextlib.contextmanager
def _raw_terminal() -> Iterator[None]:
    """Let every key reach the guest, Ctrl-C too; a terminal is put back as it was.

    Yields:
        Nothing.
    """
    if not sys.stdin.isatty():
        yield
        return
    stdin = sys.stdin.fileno()
    before = termios.tcgetattr(stdin)
    tty.setraw(stdin)
    try:
        yield
    finally:
        termios.tcsetattr(stdin, termios.TCSADRAIN, before)
