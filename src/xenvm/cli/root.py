"""The root command: its nouns, loaded when they are used, and what errors become."""

from __future__ import annotations

import errno
import importlib
import signal
import sys
import threading
import traceback
from importlib import metadata
from types import FrameType
from typing import NoReturn

import click

from xenvm.errors import OutputError, ParseError, UsageError, XenvmError

USAGE_STATUS = 2
UNDECIDED_STATUS = 3
NO_ROOM = (errno.ENOSPC, errno.EDQUOT)

NOUNS = {
    "audit": "Judge a stored inventory, or a host's, by the static rules.",
    "bench": "Measure PV I/O beside Dom0, and decide whether it is enough.",
    "bridge": "Bridges of a host: list, draw, create, delete.",
    "domain": "Domains: list, show, start, stop; as files: check, diff, convert.",
    "explain": "Explain the verdict on one requirement.",
    "host": "What a host is, and what is free on it.",
    "inventory": "Gather every fact that a rule reads, with the raw evidence.",
    "lab": "A disposable real Xen host in QEMU.",
    "migrate": "Move a domain to another host.",
    "native": "Record what this machine does without Xen.",
    "plan": "Show what a qualification would run; touch nothing.",
    "profile": "What is asked of a host, and what one guest may have.",
    "qualify": "Qualify a host under a profile.",
    "schedule": "Who has how much of a host at which time of day: check, apply, run.",
    "restore": "Clean up after a run that crashed.",
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are used, so that --help is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the nouns in order."""
        del ctx
        return sorted(NOUNS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of a noun, or None."""
        del ctx
        if cmd_name not in NOUNS:
            return None
        command = importlib.import_module(f"xenvm.cli.{cmd_name}").command
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the nouns without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(sorted(NOUNS.items()))

    def invoke(self, ctx: click.Context) -> object:
        """Return what the command returned; turn our errors into one line and an exit status."""
        try:
            return super().invoke(ctx)
        except XenvmError as exc:
            return self._fail(ctx, exc)
        except KeyboardInterrupt as exc:
            click.echo(f"xenvm: interrupted{f'; {exc}' if str(exc) else ''}", err=True)
            ctx.exit(UNDECIDED_STATUS)
        except OSError as exc:
            what = f"{exc.filename}: " if exc.filename else ""
            error = OutputError if exc.errno in NO_ROOM else UsageError
            return self._fail(ctx, error(f"{what}{exc.strerror or exc}"))

    @staticmethod
    def _fail(ctx: click.Context, error: XenvmError) -> NoReturn:
        if ctx.params.get("verbose"):
            click.echo("".join(traceback.format_exception(error)), err=True, nl=False)
        click.echo(f"xenvm: {error}", err=True)
        ctx.exit(USAGE_STATUS if isinstance(error, UsageError | ParseError) else UNDECIDED_STATUS)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Make SIGTERM end a command as Ctrl-C does: by cleaning up."""
    del number, frame
    raise KeyboardInterrupt


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(metadata.version("xenvm"), prog_name="xenvm")
@click.option("--verbose", is_flag=True, help="Show the traceback of an error.")
def xenvm(verbose: bool) -> None:
    """Qualify Xen hosts: limits, conformance, paravirtual I/O.

    HOST is lab, lab:NAME, xen:///system, xen+ssh://USER@NAME[:PORT]/system[?keyfile=…] or
    test:///default; it defaults to lab, a real Xen that xenvm boots in QEMU.

    \b
    Examples:
      xenvm qualify                        qualify the lab
      xenvm qualify xen+ssh://root@host/system --tier full
      xenvm explain xenvm-report/… WP-3.4-12

    Exit status: 0 qualified or done, 1 not qualified, 2 wrong usage or bad input, 3 undecided.
    Completion: eval "$(_XENVM_COMPLETE=bash_source xenvm)" (or zsh_source, fish_source).
    """
    del verbose
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _interrupt)
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
