"""HOST, as users write it → a live host: a lab by its name, or a libvirt URI."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from xenvm.host import Host, connect
from xenvm.lab import Lab
from xenvm.lab import machine as lab_machine
from xenvm.lab.progress import Report, silent

LAB = "lab"


def lab_name(host: str) -> str | None:
    """Return the lab that HOST means (``lab``, ``lab:NAME``), or None when it is a URI."""
    kind, _, name = host.partition(":")
    if kind != LAB or name.startswith("//"):
        return None
    return name or lab_machine.DEFAULT_NAME


def spare_devices(host: str) -> tuple[str, ...]:
    """Return what tests may write to on the lab that HOST means; nothing where it is a URI."""
    name = lab_name(host)
    lab = lab_machine.find_lab(name) if name else None
    return lab.spare_devices if lab else ()


@contextlib.contextmanager
def open_lab(host: str, *, report: Report = silent) -> Iterator[Lab | None]:
    """Bring up the lab that HOST means, for as long as it is used; a running one stays up.

    Yields:
        The lab, or None when HOST is a URI.
    """
    name = lab_name(host)
    if name is None:
        yield None
        return
    with lab_machine.running(name, report=report) as lab:
        yield lab


@contextlib.contextmanager
def open_host(host: str, *, report: Report = silent) -> Iterator[Host]:
    """Connect to the host that HOST means.

    Yields:
        The live host; closed, and its lab taken down if this brought it up, afterwards.

    Raises:
        HostUriError: HOST is none of the documented forms.
        HostConnectionError: The host cannot be reached.
    """
    with open_lab(host, report=report) as lab, connect(lab.uri if lab else host) as live:
        yield live
