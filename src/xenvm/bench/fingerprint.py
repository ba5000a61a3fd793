"""By what a host's hardware is known again, as its Dom0 tells."""

from __future__ import annotations

import secrets
from importlib import resources

from xenvm.formats.dom0_fingerprint import read_fingerprint
from xenvm.formats.dom0_sections import split_sections
from xenvm.host.shell import HostShell
from xenvm.model.baseline import Fingerprint

_DEADLINE_S = 60.0


def gather_fingerprint(shell: HostShell, *, device: str = "", nic: str = "") -> Fingerprint:
    """Return the fingerprint of a host; reads only.

    Args:
        shell: The shell of Dom0.
        device: The path of what is measured, a block device or a file; the disks under it count.
            Empty for none.
        nic: The NIC that is measured. Empty for none.

    Raises:
        CommandTimeoutError: Dom0 did not answer in time.
        HostConnectionError: The host cannot be reached, or the connection broke.
        ParseError: What came back is not what was asked for.
    """
    script = resources.files("xenvm.bench").joinpath("fingerprint.sh").read_text(encoding="utf-8")
    mark = secrets.token_hex(16)
    done = shell.run(
        "sh -s %s %s %s", mark, device, nic, deadline_s=_DEADLINE_S, check=False, stdin=script
    )
    return read_fingerprint(split_sections(done.stdout, mark))
