"""Gathering the inventory of a live host: one command in Dom0, one look at libvirt's domains."""

from __future__ import annotations

import contextlib
import secrets
from dataclasses import replace
from datetime import UTC, datetime
from importlib import resources

from xenvm.errors import NotFoundError
from xenvm.formats.dom0_inventory import read_inventory, read_simulated_inventory
from xenvm.formats.dom0_sections import split_sections
from xenvm.model.inventory import Inventory

from .host import Host
from .shell import HostShell

GATHER_DEADLINE_S = 300.0
"""Two seconds on hardware, 7 s on an emulated host, a minute on one whose machine is overloaded."""


def gather(host: Host, *, deadline_s: float = GATHER_DEADLINE_S) -> Inventory:
    """Return everything that a rule reads about ``host``, with the raw evidence.

    Reads only. What Dom0 lacks or refuses becomes None in the inventory, never an error.

    Args:
        host: The live host.
        deadline_s: Seconds for the one command in Dom0.

    Raises:
        CommandTimeoutError: Dom0 did not answer within ``deadline_s``.
        HostConnectionError: The host cannot be reached, or the connection broke.
        ParseError: What came back is not what was asked for.
    """
    collected_at = datetime.now(UTC).isoformat(timespec="seconds")
    xmls = domain_xmls(host)
    uri = str(host.uri).partition("?")[0]  # keys are how we get in, not which host it is
    if host.is_simulated:
        inventory = read_simulated_inventory(xmls, uri=uri, collected_at=collected_at)
    else:
        # Random, so that nothing on the host can print it by accident or on purpose.
        mark = secrets.token_hex(16)
        sections = split_sections(run_script(host.shell, mark, deadline_s=deadline_s), mark)
        inventory = read_inventory(sections, xmls, uri=uri, collected_at=collected_at)
    identity = replace(inventory.host, libvirt_version=host.libvirt_version)
    return replace(inventory, host=identity)


def run_script(shell: HostShell, mark: str, *, deadline_s: float = GATHER_DEADLINE_S) -> str:
    """Return everything that the gathering script prints in Dom0.

    Args:
        shell: The shell of Dom0.
        mark: The word that marks the edges of sections.
        deadline_s: Seconds for all of it.

    Raises:
        CommandTimeoutError: Dom0 did not answer within ``deadline_s``.
        HostConnectionError: The host cannot be reached, or the connection broke.
    """
    script = resources.files("xenvm.host").joinpath("gather.sh").read_text(encoding="utf-8")
    return shell.run("sh -s %s", mark, deadline_s=deadline_s, check=False, stdin=script).stdout


def domain_xmls(host: Host) -> list[str]:
    """Return the XML of each domain that libvirt knows."""
    xmls = []
    for domain in host.list_domains():
        # One that went away since it was listed is none any more.
        with contextlib.suppress(NotFoundError):
            xmls.append(domain.xml())
    return xmls
