"""Memory bandwidth and CPU of a guest beside Dom0's, one short kernel each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from xenvm.bench.compute import ComputeDriver
from xenvm.bench.measuring import Setting
from xenvm.bench.replay import CLOCK
from xenvm.pytest_plugin import OpenWorkshop
from xenvm.qualify.gauge import Gauging, provided
from xenvm.qualify.rigs import compute_rig

pytestmark = [
    pytest.mark.benchmark(group="compute", timer=CLOCK.now),
    pytest.mark.metrics("compute"),
]


@pytest.fixture(scope="module")
def driver(open_workshop: OpenWorkshop, setting: Setting) -> Iterator[ComputeDriver]:
    """Drives one guest."""
    with open_workshop() as workshop, provided():
        yield compute_rig(workshop, setting)


def test_compute(driver: ComputeDriver, name: str, gauge: Gauging) -> None:
    """A guest's CPU and memory beside Dom0's."""
    gauge(driver, name)
