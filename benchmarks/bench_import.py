"""What ``import xenvm`` costs, against ``import libvirt`` in the same run."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

ROUNDS = 15
DEADLINE_S = 60


def import_s(statement: str) -> float:
    began_s = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True, timeout=DEADLINE_S)
    return time.perf_counter() - began_s


@pytest.mark.benchmark(group="import")
@pytest.mark.parametrize("statement", ["import xenvm", "import xenvm; xenvm.connect"])
def test_importing_xenvm_against_importing_libvirt(
    benchmark: BenchmarkFixture, statement: str
) -> None:
    """Whole processes in pairs, one after the other; the ratio of medians is in extra_info."""
    ours, peers = [], []

    def a_pair() -> None:
        peers.append(import_s("import libvirt"))
        ours.append(import_s(statement))

    benchmark.pedantic(a_pair, rounds=ROUNDS, warmup_rounds=2)
    ours_s, peer_s = statistics.median(ours), statistics.median(peers)
    benchmark.extra_info |= {
        "statement": statement,
        "median_s": ours_s,
        "import_libvirt_median_s": peer_s,
        "ratio": ours_s / peer_s,
    }
