"""What a machine does without Xen: a stored leg, never part of a pair, for the report only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from xenvm.bench.block import Span, fill, require_fio
from xenvm.bench.decision import figure
from xenvm.bench.fingerprint import gather_fingerprint
from xenvm.bench.measuring import timing_for
from xenvm.bench.native import native_pairs
from xenvm.errors import BlockedError, NotAllowedError, ParseError, UsageError
from xenvm.formats.baseline_json import baseline_from_json
from xenvm.host import HostShell
from xenvm.model.baseline import Baseline, Fingerprint
from xenvm.model.verdict import Tier

from .disks import BY_ID, unused
from .journal import now
from .rigs import SPAN_MIB

_SAME = ("machine", "firmware", "cpu", "disk", "kernel")
"""What must be the same on a boot without Xen, which does not tell the rest as Xen does."""

Say = Callable[[str], None]


def record_native(shell: HostShell, device: str, tier: Tier, say: Say) -> Baseline:
    """Return what a disk does on the machine that ``shell`` is of, which runs no Xen.

    Its first 256 MiB are overwritten.

    Args:
        shell: The machine's.
        device: The disk, by its identity.
        tier: How long each load is.
        say: Told what is measured.

    Raises:
        UsageError: There is no such disk.
        NotAllowedError: The disk is not named by its identity.
        BlockedError: The machine runs Xen, lacks fio, or the disk is in use.
    """
    if not device.startswith(BY_ID):
        raise NotAllowedError(f"{device} may be another disk after the next boot: name it {BY_ID}…")
    if shell.run("cat /sys/hypervisor/type", check=False).stdout.strip() == "xen":
        raise BlockedError("this machine runs Xen: boot its kernel without, and record then")
    if shell.run("test -b %s", device, check=False).returncode != 0:
        raise UsageError(f"{device} is no disk of this machine: ls {BY_ID} shows them")
    require_fio(shell)
    fingerprint = gather_fingerprint(shell, device=device)
    timing = timing_for(tier, fingerprint.disk_class)
    span = Span(path=unused(shell, device), target="", size_bytes=SPAN_MIB << 20)
    say(f"filling {SPAN_MIB} MiB of {device}")
    fill(shell, span)
    figures = []
    for metrics, pairs in native_pairs(shell, span, timing, say):
        figures += [figure(metric, pairs) for metric in metrics]
    return Baseline(fingerprint=fingerprint, recorded_at=now(), tier=tier, figures=tuple(figures))


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


def stale(native: Baseline, hardware: Fingerprint) -> str:
    """Return what of a native leg is of other hardware, firmware or kernel; empty for nothing."""
    differing = [
        f"{name} was {theirs or 'unknown'}, is {mine or 'unknown'}"
        for name, mine, theirs in hardware.differences(native.fingerprint)
        if name in _SAME
    ]
    return "; ".join(differing)
