"""A pCPU for one vCPU alone.

By xl, which reaches offline vCPUs, and domains that libvirt does not know.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable

from xenvm.errors import ToolstackError, XenvmError
from xenvm.formats.dom0_xl import parse_vcpus
from xenvm.model.allocation import Exclusivity, VcpuPlace

from .shell import HostShell


def places(shell: HostShell, pcpus: int) -> tuple[VcpuPlace, ...]:
    """Return every vCPU of a host, and where it may run.

    Args:
        shell: Dom0's shell.
        pcpus: How many pCPUs the host has.
    """
    return parse_vcpus(shell.run("xl vcpu-list").stdout, pcpus=pcpus)


def sharers(rows: Iterable[VcpuPlace], owner: VcpuPlace, pcpu: int) -> tuple[VcpuPlace, ...]:
    """Return the vCPUs that may run on a pCPU beside its owner."""
    ours = (owner.domid, owner.number)
    return tuple(row for row in rows if pcpu in row.cpus and (row.domid, row.number) != ours)


def claim(shell: HostShell, pcpus: int, owner: VcpuPlace, pcpu: int) -> Exclusivity:
    """Keep all vCPUs but one off a pCPU; what resists is told by looking again.

    Args:
        shell: Dom0's shell.
        pcpus: How many pCPUs the host has.
        owner: The vCPU that is pinned to the pCPU, as it was before.
        pcpu: The pCPU.

    Returns:
        Who was excluded, and who was not.

    Raises:
        XenvmError: It was interrupted; whoever was excluded by then runs where it could before.
    """
    before = sharers(places(shell, pcpus), owner, pcpu)
    try:
        for row in before:
            # A vCPU that may run nowhere else is refused here, and found below.
            _pin(shell, row, f"{row.cpus},^{pcpu}")
        sharing = sharers(places(shell, pcpus), owner, pcpu)
    except BaseException:
        with contextlib.suppress(XenvmError):
            for row in before:
                _pin(shell, row, str(row.cpus))
        raise
    left = {(row.domid, row.number) for row in sharing}
    excluded = tuple(row for row in before if (row.domid, row.number) not in left)
    return Exclusivity(pcpu=pcpu, owner=owner, excluded=excluded, sharing=sharing)


def pins(rows: Iterable[VcpuPlace]) -> str:
    """Return the commands of Dom0 that pin vCPUs to where they may run now."""
    return "".join(f"xl vcpu-pin {row.domid} {row.number} {row.cpus}\n" for row in rows)


def release(shell: HostShell, exclusivity: Exclusivity) -> None:
    """Let those that were excluded run where they could before.

    Raises:
        ToolstackError: One of them runs, and could not be given back what it had.
    """
    for row in exclusivity.excluded:
        if not _pin(shell, row, str(row.cpus)) and _runs(shell, row.domid):
            raise ToolstackError(
                f"{row} could not be pinned to {row.cpus} again: in Dom0, {pins([row]).strip()}"
            )


def _pin(shell: HostShell, row: VcpuPlace, cpus: str) -> bool:
    done = shell.run("xl vcpu-pin %s %s %s", str(row.domid), str(row.number), cpus, check=False)
    return done.returncode == 0


def _runs(shell: HostShell, domid: int) -> bool:
    return shell.run("xl list %s", str(domid), check=False).returncode == 0
