"""Thresholds: the shipped ones, or a user's own file."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import resources
from pathlib import Path

from xenvm.errors import ThresholdsError
from xenvm.formats.thresholds_toml import THRESHOLDS_MAX_BYTES, parse_thresholds
from xenvm.model.benchmark import Metric
from xenvm.model.thresholds import Thresholds

_SHIPPED = "thresholds.toml"


def load_thresholds(path: Path | None, metrics: Iterable[Metric]) -> Thresholds:
    """Return the thresholds of a TOML file.

    Args:
        path: The file; None for the shipped one.
        metrics: Every metric there is.

    Raises:
        ThresholdsError: It cannot be read, or something in it is unknown or wrong; names the
            file, the table and the key.
    """
    file = resources.files("xenvm.bench") / _SHIPPED if path is None else path
    name = f"xenvm's {_SHIPPED}" if path is None else str(path)
    try:
        with file.open("rb") as stream:
            text = stream.read(THRESHOLDS_MAX_BYTES + 1).decode()
    except OSError as exc:
        raise ThresholdsError(f"{name}: the thresholds cannot be read: {exc.strerror}") from exc
    except UnicodeDecodeError as exc:
        raise ThresholdsError(f"{name}: this is no TOML: {exc}") from exc
    return parse_thresholds(text, metrics=metrics, file=name)
