"""xenvm lab: up, down, status, shell, list."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence

import click
from click.shell_completion import CompletionItem

from xenvm.lab import Lab, LabState, Release, Shape, down, find_lab, list_labs, state_of, up
from xenvm.lab.machine import DEFAULT_NAME

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


@command.command("up")
@NAME
@click.option(
    "--release",
    type=click.Choice([str(r) for r in Release]),
    default="bookworm",
    show_default=True,
    help="bookworm is Xen 4.17, trixie is Xen 4.20.",
)
@click.option("--sockets", type=int, default=DEFAULTS.sockets, show_default=True)
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
@click.option("--memory-mib", type=int, default=DEFAULTS.memory_mib, show_default=True)
@click.option("--dom0-memory-mib", type=int, default=DEFAULTS.dom0_memory_mib, show_default=True)
@click.option("--nics", type=int, default=DEFAULTS.nics, show_default=True)
@click.option(
    "--disk-gib",
    type=int,
    default=DEFAULTS.disk_gib,
    show_default=True,
    help="Size of the volume group's disk; sparse.",
)
@click.option("--xen-args", default="", help="More for Xen's command line.")
@AS_JSON
def up_command(name: str, release: str, as_json: bool, **shape: int | str) -> None:
    """Bring a lab up and print how to reach it; the first time builds and boots it once.

    \b
    Examples:
      xenvm lab up
      xenvm lab up smt --threads 2
      xenvm lab up xen420 --release trixie --json
    """
    was_up = find_lab(name) is not None
    crashed = state_of(name) is LabState.CRASHED
    began_s = time.monotonic()
    wanted = Shape(**shape)  # type: ignore[arg-type]
    with lab_progress() as report:
        lab = up(name, release=Release(release), shape=wanted, report=report)
    if as_json:
        click.echo(json.dumps(lab.facts()))
        return
    if crashed:
        click.echo(f"lab {name} had crashed; it was cleared away", err=True)
    took = "was up already" if was_up else f"is up after {time.monotonic() - began_s:.1f} s"
    _show(lab, f"lab {name} {took}")


def _show(lab: Lab, headline: str) -> None:
    facts = lab.facts()
    click.echo(headline)
    click.echo(f"  HOST   lab{'' if lab.name == DEFAULT_NAME else ':' + lab.name}")
    click.echo(f"  uri    {facts['uri']}")
    click.echo(f"  ssh    {facts['ssh']}")


@command.command("down")
@NAME
@AS_JSON
def down_command(name: str, as_json: bool) -> None:
    """Take a lab down; nothing of it stays."""
    was_there = down(name)
    if as_json:
        click.echo(json.dumps({"name": name, "state": str(LabState.DOWN), "was_there": was_there}))
    else:
        click.echo(f"lab {name} is down" if was_there else f"lab {name} was not up")


@command.command("status")
@NAME
@AS_JSON
def status_command(name: str, as_json: bool) -> None:
    """Say what a lab is doing; exit status 0 when it is running, else 3."""
    state = state_of(name)
    lab = find_lab(name)
    if as_json:
        click.echo(json.dumps(lab.facts() if lab else {"name": name, "state": str(state)}))
    elif lab:
        _show(lab, f"lab {name} is running")
    else:
        cure = "; xenvm lab up starts it anew" if state is LabState.CRASHED else ""
        click.echo(f"lab {name} is {state}{cure}")
    if state is not LabState.RUNNING:
        raise SystemExit(NOT_RUNNING_STATUS)


@command.command("list")
@AS_JSON
def list_command(as_json: bool) -> None:
    """List the labs on this machine."""
    labs = list_labs()
    if as_json:
        click.echo(json.dumps([{"name": name, "state": str(state)} for name, state in labs]))
        return
    for name, state in labs:
        click.echo(f"{name:<31}  {state}")
    if not labs:
        click.echo("no labs; xenvm lab up starts one", err=True)


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
