"""xenvm restore: clean up after a run that crashed."""

from __future__ import annotations

import json

import click

from xenvm.qualify.dom0 import Dom0
from xenvm.qualify.names import PROBE_FOLDER
from xenvm.qualify.restore import Restored, restore
from xenvm.qualify.snapshot import Thing
from xenvm.target import open_host

INCOMPLETE_STATUS = 3


@click.command("restore")
@click.argument("host")
@click.option("--force", is_flag=True, help="Even while the run that holds the host may be alive.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(host: str, force: bool, as_json: bool) -> None:
    """Remove whatever crashed runs left on HOST, and give it back.

    Touches nothing but what is named xenvm-????-… or lies in a run's folder: domains, disks,
    volumes, bridges, links and files. The probe guest's cache stays for the next run.

    \b
    Example:
      xenvm restore xen+ssh://root@host/system
    """
    with open_host(host) as live:
        done = restore(Dom0(live, host), force=force, say=_quiet if as_json else _say)
    if as_json:
        click.echo(json.dumps(_document(done)))
    else:
        _sum_up(done)
    if done.failed:
        raise SystemExit(INCOMPLETE_STATUS)


def _quiet(thing: Thing, why: str) -> None:
    del thing, why


def _say(thing: Thing, why: str) -> None:
    kind, name = thing
    click.echo(f"could not remove {kind} {name}: {why}" if why else f"removed {kind} {name}")


def _sum_up(done: Restored) -> None:
    if done.failed:
        click.echo(f"{len(done.failed)} could not be removed; cure that and restore again")
        return
    if done.lease:
        click.echo(f"gave the host back: it was held by {done.lease.text}")
    elif not done.removed:
        click.echo("nothing was left on the host")
    click.echo(f"the probe guest's cache in {PROBE_FOLDER} stays for the next run")


def _document(done: Restored) -> dict[str, object]:
    return {
        "removed": [{"kind": kind, "name": name} for kind, name in done.removed],
        "failed": [{"kind": kind, "name": name, "why": why} for (kind, name), why in done.failed],
        "lease": done.lease.text if done.lease else None,
    }
