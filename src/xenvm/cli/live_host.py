"""The words HOST and NAME on the command line: what they default to, and how they complete."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from xenvm.errors import XenvmError
from xenvm.lab import find_lab, list_labs

from .patience import patience
from .progress import lab_progress

if TYPE_CHECKING:  # --help and completion need no libvirt
    from xenvm.host import Host

LAB = "lab"
HOST_VARIABLE = "XENVM_HOST"
COMPLETION_DEADLINE_S = 5.0
FORMS = ("xen:///system", "xen+ssh://", "test:///default")


def complete_host(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the labs that are there, and how other hosts begin."""
    del ctx, param
    known = [LAB, *(f"{LAB}:{name}" for name, _ in list_labs()), *FORMS]
    return [CompletionItem(host) for host in known if host.startswith(incomplete)]


def complete_domain(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the names of the domains on the host of $XENVM_HOST, else on the lab if it is up."""
    del ctx, param
    with contextlib.suppress(XenvmError):
        names = _domain_names(os.environ.get(HOST_VARIABLE, LAB))
        return [CompletionItem(name) for name in names if name.startswith(incomplete)]
    return []


HOST = click.argument("host", default=LAB, envvar=HOST_VARIABLE, shell_complete=complete_host)
NAME = click.argument("name", shell_complete=complete_domain)
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@contextlib.contextmanager
def live_host(host: str, doing: str) -> Iterator[Host]:
    """Connect to HOST, and say what is done once that takes its time.

    Args:
        host: HOST as it was typed.
        doing: What is done there, such as ``starting web``.

    Yields:
        The live host.
    """
    from xenvm.target import open_host  # noqa: PLC0415 - --help needs no libvirt

    with lab_progress() as report, open_host(host, report=report) as live, patience(doing):
        yield live


def print_json(document: object) -> None:
    """Print a document as JSON."""
    click.echo(json.dumps(document, indent=1, ensure_ascii=False))


def _domain_names(host: str) -> list[str]:
    """Return the domains' names; no lab is brought up for that."""
    from xenvm.host import connect  # noqa: PLC0415 - --help needs no libvirt
    from xenvm.target import lab_name  # noqa: PLC0415 - --help needs no libvirt

    name = lab_name(host)
    lab = find_lab(name) if name else None
    if name and lab is None:
        return []
    with connect(lab.uri if lab else host, deadline_s=COMPLETION_DEADLINE_S) as live:
        return [domain.name for domain in live.list_domains()]
