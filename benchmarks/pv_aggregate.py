"""Several guests at once: what they have together, how fairly, and what Dom0 pays for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from xenvm.bench.aggregate import AggregateDriver
from xenvm.bench.measuring import Extent, Setting
from xenvm.bench.replay import CLOCK
from xenvm.pytest_plugin import OpenWorkshop
from xenvm.qualify.gauge import Gauging, provided
from xenvm.qualify.rigs import aggregate_rig

pytestmark = [
    pytest.mark.benchmark(group="aggregate", timer=CLOCK.now),
    pytest.mark.metrics("aggregate"),
    # As by one of more guests than the host has room for.
    pytest.mark.filterwarnings("ignore:Benchmark fixture was not used"),
]


@pytest.fixture(scope="module")
def driver(
    open_workshop: OpenWorkshop, setting: Setting, extent: Extent, guests_at_once: int
) -> Iterator[AggregateDriver]:
    """Drives guests, each on a volume of its own."""
    with open_workshop() as workshop, provided():
        yield aggregate_rig(workshop, setting, guests=guests_at_once, span_mib=extent.span_mib)


def test_aggregate(driver: AggregateDriver, name: str, gauge: Gauging) -> None:
    """Guests at once."""
    gauge(driver, name)
