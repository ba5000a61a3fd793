"""Who answers outside the measured machine: the option of bench and native."""

from __future__ import annotations

import click

PEER = click.option(
    "--peer", default="", metavar="ADDRESS[:PORT]", help="Who answers iperf3 and sockperf outside."
)
