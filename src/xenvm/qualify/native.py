"""What a machine does without Xen: a stored leg, never part of a pair, for the report only."""

from __future__ import annotations

from pathlib import Path

from xenvm.errors import ParseError, UsageError
from xenvm.formats.baseline_json import baseline_from_json
from xenvm.model.baseline import Baseline, Fingerprint

_SAME = ("machine", "firmware", "cpu", "disk", "nic", "link_mbit_s")
"""What must be the same on a boot without Xen; its kernel may be a newer one."""


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
    """Return what of a native leg is of other hardware or firmware; empty when nothing is."""
    differing = [
        f"{name} was {theirs or 'unknown'}, is {mine or 'unknown'}"
        for name, mine, theirs in hardware.differences(native.fingerprint)
        if name in _SAME
    ]
    return "; ".join(differing)
