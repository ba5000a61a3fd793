"""What a machine does without Xen: a stored leg, never part of a pair, for the report only."""

from __future__ import annotations

from pathlib import Path

from xenvm.bench.block import Span, fill, require_fio, settle
from xenvm.bench.fingerprint import gather_fingerprint
from xenvm.bench.measuring import Extent, settles, timing_for
from xenvm.bench.native import Say, block_figures, compute_figures, peer_figures
from xenvm.bench.network import Peer, require_peer
from xenvm.errors import (
    BlockedError,
    NotAllowedError,
    OutOfSpaceError,
    ParseError,
    UsageError,
)
from xenvm.formats.baseline_json import baseline_from_json
from xenvm.host import HostShell
from xenvm.model.baseline import Baseline, Fingerprint

from .disks import BY_ID, unused
from .journal import now
from .limits import nic_towards

_SAME = ("machine", "firmware", "cpu", "kernel")
"""What must be the same on a boot without Xen, which does not tell the rest as Xen does."""
_SAME_DEVICES = {"block": ("disk",), "network": ("nic", "link_mbit_s")}
"""And what of a device, where one was recorded and one is measured now, by its figures."""
_SIZE_BYTES = "PATH=$PATH:/usr/sbin:/sbin blockdev --getsize64 %s"


def record_native(
    shell: HostShell, extent: Extent, say: Say, *, device: str = "", peer: Peer | None = None
) -> Baseline:
    """Return what the machine that ``shell`` is of does, which runs no Xen.

    Its memory and CPU are always measured.

    Args:
        shell: The machine's.
        extent: How long each load is, and how much of the disk it drives.
        say: Told what is measured.
        device: A disk, by its identity; the span at its start is overwritten. Empty for none.
        peer: Who answers outside; None for nobody.

    Raises:
        UsageError: There is no such disk.
        NotAllowedError: The disk is not named by its identity.
        BlockedError: The machine runs Xen or lacks a measuring program, the peer does not answer,
            or the disk is in use.
        OutOfSpaceError: The disk is smaller than the span.
    """
    _require(shell, device, peer)
    nic = nic_towards(shell, peer.address) if peer else ""
    fingerprint = gather_fingerprint(shell, device=device, nic=nic)
    timing = timing_for(extent.tier, fingerprint.disk_class)
    span = _span(shell, unused(shell, device), extent.span_mib) if device else None
    figures = [*compute_figures(shell, say)]
    if peer:
        figures += peer_figures(shell, peer, timing, say)
    if span:
        say(f"filling {extent.span_mib} MiB of {device}")
        fill(shell, span)
        if settles(extent.tier, fingerprint.disk_class):
            say(f"writing to {device} until it is steady")
            span = settle(shell, span, timing)
        figures += block_figures(shell, span, timing, say)
    return Baseline(
        fingerprint=fingerprint,
        recorded_at=now(),
        tier=extent.tier,
        span_mib=extent.span_mib,
        figures=tuple(figures),
    )


def load_native(path: Path) -> Baseline:
    """Return what the machine does without Xen, as ``xenvm native`` recorded it.

    Raises:
        UsageError: There is no such recording.
    """
    try:
        return baseline_from_json(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise UsageError(f"{path} cannot be read: {exc.strerror}") from exc
    except (ParseError, UnicodeDecodeError) as exc:
        raise UsageError(f"{path} is no native leg: {exc}; record one with «xenvm native»") from exc


def stale(native: Baseline, hardware: Fingerprint, span_mib: int) -> str:
    """Return what of a native leg is not as it is on Xen; empty for nothing.

    Of devices only those count that it was recorded on, and that are measured now.

    Args:
        native: The leg.
        hardware: The hardware, firmware and kernel now.
        span_mib: How much of a device is driven now.
    """
    recorded = {figure.metric.partition(".")[0] for figure in native.figures}
    devices = {name for kind in recorded for name in _SAME_DEVICES.get(kind, ())}
    differing = [
        f"{name} was {theirs or 'unknown'}, is {mine or 'unknown'}"
        for name, mine, theirs in hardware.differences(native.fingerprint)
        if name in _SAME or (name in devices and mine)
    ]
    if "block" in recorded and native.span_mib != span_mib:
        differing.append(f"span was {native.span_mib} MiB, is {span_mib} MiB")
    return "; ".join(differing)


def _require(shell: HostShell, device: str, peer: Peer | None) -> None:
    """Refuse what could not be measured to its end.

    Raises:
        UsageError: There is no such disk.
        NotAllowedError: The disk is not named by its identity.
        BlockedError: The machine runs Xen or lacks a program, or the peer does not answer.
    """
    if device and not device.startswith(BY_ID):
        raise NotAllowedError(f"{device} may be another disk after the next boot: name it {BY_ID}…")
    if shell.run("cat /sys/hypervisor/type", check=False).stdout.strip() == "xen":
        raise BlockedError("this machine runs Xen: boot its kernel without, and record then")
    if device and shell.run("test -b %s", device, check=False).returncode != 0:
        raise UsageError(f"{device} is no disk of this machine: ls {BY_ID} shows them")
    require_fio(shell, machine="this machine")
    for name in ("iperf3", "sockperf") if peer else ():
        if shell.run("command -v %s", name, check=False).returncode != 0:
            raise BlockedError(f"this machine has no {name}: apt-get install {name}")
    if peer:
        require_peer(shell, peer)


def _span(shell: HostShell, disk: str, span_mib: int) -> Span:
    size_mib = int(shell.run(_SIZE_BYTES, disk).stdout) >> 20
    if size_mib < span_mib:
        raise OutOfSpaceError(f"{disk} has {size_mib} MiB, and {span_mib} are needed: lower --span")
    return Span(path=disk, target="", size_bytes=span_mib << 20)
