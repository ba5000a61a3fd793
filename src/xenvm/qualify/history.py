"""What earlier runs of benchmarks of the same extent gave on the same hardware, for the report."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from xenvm.bench.measuring import Extent
from xenvm.errors import ParseError
from xenvm.formats.json_fields import FieldsReader
from xenvm.model.baseline import Fingerprint

from .bench_results import BENCH_KEY, BENCH_SCHEMA, BENCHMARK_FILE

RUNS_SHOWN = 20
_HARDWARE = ("machine", "cpu", "pcpus", "disk", "nic")
"""What stays when Xen, a kernel or the firmware is exchanged, which a history is to show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierRun:
    """A run before this one.

    Attributes:
        started: ISO 8601, UTC.
        values: What the guest gave, by metric, in the metric's unit.
    """

    started: str
    values: Mapping[str, float]


def earlier_runs(folder: Path, hardware: Fingerprint, extent: Extent) -> list[EarlierRun]:
    """Return the runs beside ``folder`` that went as far on the same hardware, oldest first.

    Args:
        folder: The run's own.
        hardware: Which hardware; its software may differ.
        extent: How far they went; a run that does not tell its span is left out.
    """
    place = folder.absolute()
    files = (file for file in place.parent.glob(f"*/{BENCHMARK_FILE}") if file.parent != place)
    runs = (run for file in files for run in _run(file, hardware, extent))
    return sorted(runs, key=lambda run: run.started)[-RUNS_SHOWN:]


def _run(file: Path, hardware: Fingerprint, extent: Extent) -> Iterator[EarlierRun]:
    """Yield the run in a file; nothing when it is none, on other hardware or of another extent."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))[BENCH_KEY]
        theirs = FieldsReader(what="hardware").read(Fingerprint, document["hardware"])
        values = {one["name"]: float(one["value"]) for one in document["metrics"]
                  if one["value"] is not None}  # fmt: skip
        started = str(document["started"])
        went = document["tier"], document["span_mib"]
    except (OSError, ValueError, KeyError, TypeError, ParseError):
        return
    differing = {name for name, _, _ in hardware.differences(theirs)}
    # The candidate of an A/A run is Dom0.
    is_run = document.get("schema") == BENCH_SCHEMA and not document.get("null")
    as_far = went == (extent.tier, extent.span_mib)
    if is_run and as_far and differing.isdisjoint(_HARDWARE):
        yield EarlierRun(started=started, values=values)
