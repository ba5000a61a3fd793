"""Baselines: what hardware gave before, one JSON file for each fingerprint in a folder."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from xenvm.errors import BaselineError, ParseError
from xenvm.formats.baseline_json import baseline_from_json, baseline_to_json
from xenvm.model.baseline import Baseline, Fingerprint

_DIGEST_CHARACTERS = 16
_MAX_BYTES = 16 * 1024 * 1024


def load_baseline(folder: Path, fingerprint: Fingerprint) -> Baseline | None:
    """Return what this hardware gave before; None when the folder has no baseline at all.

    Args:
        folder: Where baselines are; need not exist.
        fingerprint: Which hardware.

    Raises:
        BaselineError: All that are there are of other hardware, or one of them is none; names
            the file, and the fields that differ.
    """
    try:
        files = sorted(file for file in folder.iterdir() if file.match("baseline-*.json"))
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise BaselineError(f"{folder}: no baselines can be read there: {exc.strerror}") from exc
    found = [(file, _read(file)) for file in files]
    if not found:
        return None
    differing = [
        (file, baseline, [*fingerprint.differences(baseline.fingerprint)])
        for file, baseline in found
    ]
    file, nearest, differences = min(differing, key=lambda each: len(each[2]))
    if not differences:
        return nearest
    said = "; ".join(
        f"{name} is {_shown(mine)}, and was {_shown(was)}" for name, mine, was in differences
    )
    raise BaselineError(
        f"{file} is of other hardware: {said}; record this host's in a folder of its own"
    )


def save_baseline(folder: Path, baseline: Baseline) -> Path:
    """Return the file in which ``baseline`` now is; one of the same hardware is replaced.

    Raises:
        BaselineError: The folder cannot be written to.
    """
    text = baseline_to_json(baseline)
    digest = hashlib.sha256(repr(baseline.fingerprint).encode()).hexdigest()[:_DIGEST_CHARACTERS]
    file = folder / f"baseline-{digest}.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        new = file.with_suffix(f".{os.getpid()}.new")
        new.write_text(text, encoding="utf-8")
        new.replace(file)
    except OSError as exc:
        raise BaselineError(f"{file}: the baseline cannot be written: {exc.strerror}") from exc
    return file


def _shown(fact: object) -> str:
    return "unknown" if fact in {None, ""} else str(fact)


def _read(file: Path) -> Baseline:
    try:
        with file.open("rb") as stream:
            data = stream.read(_MAX_BYTES + 1)
        if len(data) > _MAX_BYTES:
            raise BaselineError(f"{file}: a baseline has at most {_MAX_BYTES} bytes")
        return baseline_from_json(data.decode())
    except OSError as exc:
        raise BaselineError(f"{file}: the baseline cannot be read: {exc.strerror}") from exc
    except (UnicodeDecodeError, ParseError) as exc:
        raise BaselineError(f"{file}: {exc}") from exc
