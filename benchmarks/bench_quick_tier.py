"""How long the quick tier takes on a warm lab, against the same deeds done by hand in its Dom0."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from xenvm import lab
from xenvm.host import connect
from xenvm.host.probe import deploy

NAME = "bench-quick"
DEADLINE_S = 900
BY_HAND = Path(__file__).with_name("quick_by_hand.sh")


@pytest.mark.benchmark(group="quick tier")
@pytest.mark.timeout(3600)
def test_the_quick_tier_against_the_same_deeds_by_hand(
    benchmark: BenchmarkFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """One of each, one after the other, on one lab; the ratio is in extra_info."""
    monkeypatch.setenv("XENVM_STATE_DIR", str(tmp_path / "state"))
    command = str(Path(sys.executable).with_name("xenvm"))
    up = lab.up(NAME)
    try:
        with connect(up.uri) as host:
            folder = deploy(host.shell).kernel.rpartition("/")[0]
        began_s = time.perf_counter()
        subprocess.run(
            up.ssh.argv(f"sh -s {folder}"),
            input=BY_HAND.read_bytes(), check=True, timeout=DEADLINE_S, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        by_hand_s = time.perf_counter() - began_s
        words = [command, "qualify", f"lab:{NAME}", "--output", str(tmp_path / "out")]
        began_s = time.perf_counter()
        benchmark.pedantic(
            lambda: subprocess.run(words, check=True, timeout=DEADLINE_S, capture_output=True),
            rounds=1,
        )
        quick_s = time.perf_counter() - began_s
    finally:
        lab.down(NAME)
    benchmark.extra_info |= {
        "quick_s": quick_s, "by_hand_s": by_hand_s, "ratio": quick_s / by_hand_s,
    }  # fmt: skip
