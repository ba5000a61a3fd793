"""How much of a disk is driven: the option of bench and native."""

from __future__ import annotations

import click

from xenvm.bench.measuring import SPAN_MIB

SPAN = click.option(
    "--span",
    type=int,
    default=SPAN_MIB,
    show_default=True,
    metavar="MIB",
    help="How much of each disk is driven: twice what the array or controller caches.",
)
