"""xenvm lab: up, down, status, shell, list."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence

import click
from click.shell_completion import CompletionItem

from xenvm.lab import (
    Lab,
    LabState,
    Release,
    Shape,
    down,
    find_lab,
    list_labs,
    pair_of,
    state_of,
    up,
    up_pair,
)
from xenvm.lab.link import BRIDGE
from xenvm.lab.named import DEFAULT_NAME
from xenvm.lab.progress import Report

from .progress import lab_progress

NOT_RUNNING_STATUS = 3
DEFAULTS = Shape()


def _complete_name(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    del ctx, param
    return [CompletionItem(name) for name, _ in list_labs() if name.startswith(incomplete)]


NAME = click.argument("name", default=DEFAULT_NAME, shell_complete=_complete_name)
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def command() -> None:
    """A disposable real Xen host in QEMU, on any Linux machine, without KVM.

    \b
    Example:
      xenvm lab up && xenvm qualify lab && xenvm lab down
    """


@command.command("up", short_help="Bring a lab up, and say how to reach it.")
@NAME
@click.option(
    "--release",
    type=click.Choice([str(r) for r in Release]),
    default="bookworm",
    show_default=True,
    help="bookworm is Xen 4.17, trixie is Xen 4.20.",
)
@click.option(
    "--sockets",
    type=int,
    default=DEFAULTS.sockets,
    show_default=True,
    help="Sockets of the machine.",
)
@click.option(
    "--cores", type=int, default=DEFAULTS.cores, show_default=True, help="Cores a socket."
)
@click.option(
    "--threads",
    type=int,
    default=DEFAULTS.threads,
    show_default=True,
    help="Threads a core; 2 is SMT.",
)
@click.option(
    "--memory-mib",
    type=int,
    default=DEFAULTS.memory_mib,
    show_default=True,
    help="Memory of the machine.",
)
@click.option(
    "--dom0-memory-mib",
    type=int,
    default=DEFAULTS.dom0_memory_mib,
    show_default=True,
    help="What of it Dom0 has.",
)
@click.option("--nics", type=int, default=DEFAULTS.nics, show_default=True, help="NICs of Dom0.")
@click.option(
    "--disk-gib",
    type=int,
    default=DEFAULTS.disk_gib,
    show_default=True,
    help="Size of the volume group's disk; sparse.",
)
@click.option("--iommu", is_flag=True, help="An IOMMU, and behind it a NIC for guests to drive.")
@click.option("--xen-args", default="", help="More for Xen's command line.")
@click.option(
    "--hosts",
    type=click.IntRange(1, 2),
    default=1,
    show_default=True,
    help="2 brings up NAME and NAME-2, joined by a private link and a shared disk.",
)
@AS_JSON
def up_command(name: str, release: str, hosts: int, as_json: bool, **shape: int | str) -> None:
    """Bring a lab up and print how to reach it; the first time builds and boots it once.

    \b
    Examples:
      xenvm lab up
      xenvm lab up smt --threads 2
      xenvm lab up xen420 --release trixie --json
      xenvm lab up move --hosts 2
    """
    were_up = {one for one, state in list_labs() if state is LabState.RUNNING}
    crashed = [one for one in pair_of(name) if state_of(one) is LabState.CRASHED]
    began_s = time.monotonic()
    wanted = Shape(**shape)  # type: ignore[arg-type]
    bring_up = up_pair if hosts > 1 else _up_alone
    with lab_progress() as report:
        labs = bring_up(name, release=Release(release), shape=wanted, report=report)
    if as_json:
        click.echo(json.dumps(_with_peer([lab.facts() for lab in labs])))
        return
    for one in crashed:
        click.echo(f"lab {one} had crashed; it was cleared away", err=True)
    took = f"is up after {time.monotonic() - began_s:.1f} s"
    for lab in labs:
        _show(lab, f"lab {lab.name} {'was up already' if lab.name in were_up else took}")


def _up_alone(name: str, *, release: Release, shape: Shape, report: Report) -> tuple[Lab, ...]:
    return (up(name, release=release, shape=shape, report=report),)


def _with_peer(facts: Sequence[dict[str, object]]) -> dict[str, object]:
    """Return a lab's facts, and under ``peer`` those of the other of its pair."""
    first, *others = facts
    return {**first, **({"peer": others[0]} if others else {})}


def _show(lab: Lab, headline: str) -> None:
    facts = lab.facts()
    click.echo(headline)
    click.echo(f"  HOST   lab{'' if lab.name == DEFAULT_NAME else ':' + lab.name}")
    click.echo(f"  uri    {facts['uri']}")
    click.echo(f"  ssh    {facts['ssh']}")
    if lab.link:
        click.echo(f"  link   {lab.link.address} to lab:{lab.link.peer}, bridge {BRIDGE}")


@command.command("down", short_help="Take a lab down; nothing of it stays.")
@NAME
@AS_JSON
def down_command(name: str, as_json: bool) -> None:
    """Take a lab down, and the other of its pair with it; nothing of them stays.

    \b
    Example:
      xenvm lab down smt
    """
    names = pair_of(name)
    was_there = down(name)
    if as_json:
        facts = {"name": name, "state": str(LabState.DOWN), "was_there": was_there}
        click.echo(json.dumps({**facts, "names": names}))
        return
    for one in names:
        click.echo(f"lab {one} is down" if was_there else f"lab {one} was not up")


@command.command("status", short_help="Say what a lab is doing.")
@NAME
@AS_JSON
def status_command(name: str, as_json: bool) -> None:
    """Say what a lab, and the other of its pair, are doing; exit status 0 when running, else 3.

    \b
    Example:
      xenvm lab status smt --json
    """
    names = (name, *(one for one in pair_of(name) if one != name))
    states = [state_of(one) for one in names]
    if as_json:
        click.echo(json.dumps(_with_peer([_status(one) for one in names])))
    else:
        for one, state in zip(names, states, strict=True):
            _say_status(one, state)
    if any(state is not LabState.RUNNING for state in states):
        raise SystemExit(NOT_RUNNING_STATUS)


def _status(name: str) -> dict[str, object]:
    lab = find_lab(name)
    return lab.facts() if lab else {"name": name, "state": str(state_of(name))}


def _say_status(name: str, state: LabState) -> None:
    if lab := find_lab(name):
        _show(lab, f"lab {name} is running")
        return
    cure = "; xenvm lab up starts it anew" if state is LabState.CRASHED else ""
    click.echo(f"lab {name} is {state}{cure}")


@command.command("list")
@AS_JSON
def list_command(as_json: bool) -> None:
    """List the labs on this machine.

    \b
    Example:
      xenvm lab list --json
    """
    labs = list_labs()
    if as_json:
        click.echo(json.dumps([_listed(name, state) for name, state in labs]))
        return
    for name, state in labs:
        pair = pair_of(name)
        joined = f"  pair {' + '.join(pair)}" if len(pair) > 1 else ""
        click.echo(f"{name:<31}  {state}{joined}")
    if not labs:
        click.echo("no labs; xenvm lab up starts one", err=True)


def _listed(name: str, state: LabState) -> dict[str, object]:
    peers = [other for other in pair_of(name) if other != name]
    return {"name": name, "state": str(state), **({"peer": peers[0]} if peers else {})}


@command.command("shell", context_settings={"ignore_unknown_options": True})
@NAME
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def shell_command(name: str, words: Sequence[str]) -> None:
    """Open a root shell in a lab's Dom0, or run WORDS there.

    \b
    Example:
      xenvm lab shell default xl list
    """
    lab = find_lab(name)
    if lab is None:
        click.echo(f"xenvm: lab {name} is {state_of(name)}; xenvm lab up {name} first", err=True)
        raise SystemExit(NOT_RUNNING_STATUS)
    argv = lab.ssh.argv(*words)
    os.execvp(argv[0], argv)  # noqa: S606 - the shell takes this process's place
