"""Block: fio on a PV VBD against fio in Dom0, on the same volume and span."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from xenvm.bench.block import BlockDriver
from xenvm.bench.catalogue import BACKINGS
from xenvm.bench.measuring import Extent, Setting
from xenvm.bench.replay import CLOCK
from xenvm.pytest_plugin import OpenWorkshop
from xenvm.qualify.gauge import Gauging, provided
from xenvm.qualify.rigs import block_rig

pytestmark = [
    pytest.mark.benchmark(group="block", timer=CLOCK.now),
    pytest.mark.metrics(*(f"block.{backing}" for backing in BACKINGS)),
]


@pytest.fixture(scope="module")
def driver(
    request: pytest.FixtureRequest,
    open_workshop: OpenWorkshop,
    setting: Setting,
    extent: Extent,
    allow_list: frozenset[str],
) -> Iterator[BlockDriver]:
    """Drives one backing: a volume, and a guest on it."""
    with open_workshop() as workshop, provided():
        yield block_rig(
            workshop,
            request.param.partition(".")[2],
            setting,
            allowed=sorted(allow_list),
            span_mib=extent.span_mib,
        )


def test_block(driver: BlockDriver, name: str, gauge: Gauging) -> None:
    """A PV block device beside the same one in Dom0."""
    gauge(driver, name)
