"""What a machine does without Xen: a stored leg, never part of a pair, for the report only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from xenvm.bench.block import Span, fill, require_fio
from xenvm.bench.decision import figure
from xenvm.bench.fingerprint import gather_fingerprint
from xenvm.bench.measuring import Extent, timing_for
from xenvm.bench.native import native_pairs
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

_SAME = ("machine", "firmware", "cpu", "disk", "kernel")
"""What must be the same on a boot without Xen, which does not tell the rest as Xen does."""
_SIZE_BYTES = "PATH=$PATH:/usr/sbin:/sbin blockdev --getsize64 %s"

Say = Callable[[str], None]


def record_native(shell: HostShell, device: str, extent: Extent, say: Say) -> Baseline:
    """Return what a disk does on the machine that ``shell`` is of, which runs no Xen.

    The span at its start is overwritten.

    Args:
        shell: The machine's.
        device: The disk, by its identity.
        extent: How long each load is, and how much of the disk it drives.
        say: Told what is measured.

    Raises:
        UsageError: There is no such disk.
        NotAllowedError: The disk is not named by its identity.
        BlockedError: The machine runs Xen, lacks fio, or the disk is in use.
        OutOfSpaceError: The disk is smaller than the span.
    """
    if not device.startswith(BY_ID):
        raise NotAllowedError(f"{device} may be another disk after the next boot: name it {BY_ID}…")
    if shell.run("cat /sys/hypervisor/type", check=False).stdout.strip() == "xen":
        raise BlockedError("this machine runs Xen: boot its kernel without, and record then")
    if shell.run("test -b %s", device, check=False).returncode != 0:
        raise UsageError(f"{device} is no disk of this machine: ls {BY_ID} shows them")
    require_fio(shell)
    fingerprint = gather_fingerprint(shell, device=device)
    timing = timing_for(extent.tier, fingerprint.disk_class)
    span = _span(shell, unused(shell, device), extent.span_mib)
    say(f"filling {extent.span_mib} MiB of {device}")
    fill(shell, span)
    figures = []
    for metrics, pairs in native_pairs(shell, span, timing, say):
        figures += [figure(metric, pairs) for metric in metrics]
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

    Args:
        native: The leg.
        hardware: The hardware, firmware and kernel now.
        span_mib: How much of a device is driven now.
    """
    differing = [
        f"{name} was {theirs or 'unknown'}, is {mine or 'unknown'}"
        for name, mine, theirs in hardware.differences(native.fingerprint)
        if name in _SAME
    ]
    if native.span_mib != span_mib:
        differing.append(f"span was {native.span_mib} MiB, is {span_mib} MiB")
    return "; ".join(differing)


def _span(shell: HostShell, disk: str, span_mib: int) -> Span:
    size_mib = int(shell.run(_SIZE_BYTES, disk).stdout) >> 20
    if size_mib < span_mib:
        raise OutOfSpaceError(f"{disk} has {size_mib} MiB, and {span_mib} are needed: lower --span")
    return Span(path=disk, target="", size_bytes=span_mib << 20)
