"""By what a host's hardware is known again, as its Dom0 tells."""

from __future__ import annotations

from xenvm.host.shell import HostShell
from xenvm.model.baseline import Fingerprint


def gather_fingerprint(shell: HostShell, *, device: str = "", nic: str = "") -> Fingerprint:
    """Return the fingerprint of a host; reads only.

    Args:
        shell: The shell of Dom0.
        device: The path of the block device that is measured; its disk counts. Empty for none.
        nic: The NIC that is measured. Empty for none.

    Raises:
        CommandTimeoutError: Dom0 did not answer in time.
        HostConnectionError: The host cannot be reached, or the connection broke.
    """
    raise NotImplementedError
