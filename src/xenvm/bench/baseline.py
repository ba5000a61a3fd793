"""Baselines: what hardware gave before, one JSON file for each fingerprint in a folder."""

from __future__ import annotations

from pathlib import Path

from xenvm.model.baseline import Baseline, Fingerprint


def load_baseline(folder: Path, fingerprint: Fingerprint) -> Baseline | None:
    """Return what this hardware gave before; None when the folder has no baseline at all.

    Args:
        folder: Where baselines are; need not exist.
        fingerprint: Which hardware.

    Raises:
        BaselineError: All that are there are of other hardware, or one of them is none; names
            the file, and the fields that differ.
    """
    raise NotImplementedError


def save_baseline(folder: Path, baseline: Baseline) -> Path:
    """Return the file in which ``baseline`` now is; one of the same hardware is replaced.

    Raises:
        BaselineError: The folder cannot be written to.
    """
    raise NotImplementedError
