from __future__ import annotations

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from xenvm.bench.replay import CLOCK

TIMES_S = [0.25, 1e-6, 3600.0, 2.5e-5]


@pytest.mark.benchmark(timer=CLOCK.now)
def test_pytest_benchmark_sees_the_measured_times_and_no_others(
    benchmark: BenchmarkFixture,
) -> None:
    CLOCK.replay(benchmark, TIMES_S)
    if benchmark.stats is not None:
        assert benchmark.stats.stats.data == TIMES_S
