"""Thresholds: the shipped ones, or a user's own file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from xenvm.model.benchmark import Metric
from xenvm.model.thresholds import Thresholds


def load_thresholds(path: Path | None, metrics: Iterable[Metric]) -> Thresholds:
    """Return the thresholds of a TOML file.

    Args:
        path: The file; None for the shipped one.
        metrics: Every metric there is.

    Raises:
        ThresholdsError: It cannot be read, or something in it is unknown or wrong; names the
            file, the table and the key.
    """
    raise NotImplementedError
