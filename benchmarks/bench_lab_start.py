"""How long a lab takes to answer from its snapshot, against booting the same host cold."""

from __future__ import annotations

import shutil
import statistics
import time
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from xenvm import lab
from xenvm.lab.image import build_image
from xenvm.lab.progress import Step, silent
from xenvm.lab.recipe import recipe_for
from xenvm.lab.snapshot import take_snapshot

NAME = "bench-start"
ROUNDS = 5


def cold_boot_s(release: lab.Release) -> float:
    """Boot a shape that has no snapshot, for the time from QEMU's start to its being saved."""
    began: dict[str, float] = {}

    def note(step: Step) -> None:
        began[step.text] = time.perf_counter()

    # Xen ignores a word it does not know, and a shape that differs has no snapshot yet.
    shape = lab.Shape(xen_args=f"xenvm-bench={time.time_ns()}")
    snapshot = take_snapshot(build_image(recipe_for(release), silent), shape, note)
    shutil.rmtree(snapshot.directory)
    boot_s, saved_s = began.values()
    return saved_s - boot_s


@pytest.mark.benchmark(group="lab start")
@pytest.mark.timeout(1200)
def test_a_warm_start_against_a_cold_boot(
    benchmark: BenchmarkFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Both end with ssh answering; the ratio is in extra_info."""
    monkeypatch.setenv("XENVM_STATE_DIR", str(tmp_path))
    lab.up(NAME)
    lab.down(NAME)
    starts = []

    def warm() -> None:
        began_s = time.perf_counter()
        lab.up(NAME)
        starts.append(time.perf_counter() - began_s)
        lab.down(NAME)

    benchmark.pedantic(warm, rounds=ROUNDS)
    cold_s = cold_boot_s(lab.Release.BOOKWORM)
    warm_s = statistics.median(starts)
    benchmark.extra_info |= {
        "warm_median_s": warm_s,
        "cold_s": cold_s,
        "ratio": warm_s / cold_s,
    }
