"""HOST, as users write it → a live host: a lab by its name, or a libvirt URI."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from xenvm.host import Host, HostUri, connect
from xenvm.lab import Lab, find_lab
from xenvm.lab import running as running_lab
from xenvm.lab.named import DEFAULT_NAME
from xenvm.lab.progress import Report, silent

LAB = "lab"


def lab_name(host: str) -> str | None:
    """Return the lab that HOST means (``lab``, ``lab:NAME``), or None when it is a URI."""
    kind, _, name = host.partition(":")
    if kind != LAB or name.startswith("//"):
        return None
    return name or DEFAULT_NAME


def spare_devices(host: str) -> tuple[str, ...]:
    """Return what tests may write to on the lab that HOST means; nothing where it is a URI."""
    name = lab_name(host)
    lab = find_lab(name) if name else None
    return lab.spare_devices if lab else ()


def migration_uri(source: str, destination: str) -> str | None:
    """Return where a guest's memory should go on its way from one HOST to another.

    Returns:
        For the two labs of a pair their private link, for a host by ssh its name; None, which
        leaves it to the destination's libvirt, for others.
    """
    names = lab_name(source), lab_name(destination)
    lab = find_lab(names[1]) if names[1] else None
    if lab:
        return f"tcp://{lab.link.address}" if lab.link and lab.link.peer == names[0] else None
    name = HostUri.parse(destination).name if names[1] is None else ""
    address = f"[{name}]" if ":" in name else name
    return f"tcp://{address}" if address else None


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
    with running_lab(name, report=report) as lab:
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
