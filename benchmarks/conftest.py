"""What the benchmarks of PV I/O share: limits, the gauge, and the host in place of this machine.

They run under ``-p xenvm.pytest_plugin`` and pytest-benchmark, as ``xenvm bench`` runs them::

    pytest -p xenvm.pytest_plugin -p no:pytest11.testinfra --xenvm-host lab \\
        -o python_files='pv_*.py' benchmarks/pv_block.py --benchmark-json=out.json
"""

from __future__ import annotations

from pathlib import Path

import pytest

from xenvm.bench.catalogue import GUESTS, metric, under
from xenvm.bench.measuring import ONCE, SPAN_MIB, Extent, Setting, setting_for
from xenvm.bench.network import Peer
from xenvm.bench.replay import Benchmark
from xenvm.host import Host
from xenvm.model.inventory import Inventory
from xenvm.model.verdict import Tier
from xenvm.qualify.checking import Attempt
from xenvm.qualify.gauge import PAIRS, Gauge, Gauging
from xenvm.qualify.journal import Ledger
from xenvm.qualify.limits import LimitFiles, Limits, find_limits, parse_peer

_LIMITS = pytest.StashKey[tuple[Inventory, Limits]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options with which ``xenvm bench`` calls the benchmarks."""
    group = parser.getgroup("xenvm")
    group.addoption("--xenvm-thresholds", type=Path, help="what metrics must reach (TOML)")
    group.addoption("--xenvm-baseline", type=Path, help="the folder of what they gave before")
    group.addoption("--xenvm-traffic-peer", default="", help="ADDRESS[:PORT] that answers iperf3")
    group.addoption("--xenvm-guest-address", default="", help="ADDRESS/PREFIX of the guest there")
    group.addoption("--xenvm-pairs", type=int, default=PAIRS, help="pairs where nothing asks more")
    group.addoption("--xenvm-span", type=int, default=SPAN_MIB, help="MiB of each disk driven")
    group.addoption("--xenvm-null", action="store_true", help="each leg against itself")


@pytest.hookimpl(optionalhook=True)
def pytest_benchmark_update_machine_info(
    config: pytest.Config, machine_info: dict[str, object]
) -> None:
    """Put the host in the place of the machine that pytest runs on, which measures nothing."""
    if _LIMITS in config.stash:
        inventory, limits = config.stash[_LIMITS]
        machine_info.clear()
        machine_info |= limits.machine_info(inventory)


def pytest_configure(config: pytest.Config) -> None:
    """Tell pytest of the marker."""
    config.addinivalue_line("markers", "metrics(*prefixes): measure every metric under them")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a benchmark of each metric; those under one prefix share a driver, one at a time."""
    for marker in metafunc.definition.iter_markers("metrics"):
        found = [
            pytest.param(prefix, one.name, id=one.name, marks=pytest.mark.metric(one.name))
            for prefix in marker.args
            for one in under(prefix)
        ]
        # Unless told, the scope would be one benchmark: a rig for each metric.
        metafunc.parametrize(("driver", "name"), found, indirect=["driver"], scope="module")


@pytest.fixture(scope="session")
def traffic_peer(request: pytest.FixtureRequest) -> Peer | None:
    """The machine outside that answers iperf3; None when the user named none."""
    options = request.config.option
    return parse_peer(options.xenvm_traffic_peer, options.xenvm_guest_address)


@pytest.fixture(scope="session")
def extent(request: pytest.FixtureRequest, tier: Tier) -> Extent:
    """How far the run goes: how long a leg is, and how much of a device it drives."""
    return Extent(tier=tier, span_mib=request.config.option.xenvm_span)


@pytest.fixture(scope="session")
def limits(
    request: pytest.FixtureRequest,
    host: Host,
    inventory: Inventory,
    allow_list: frozenset[str],
    traffic_peer: Peer | None,
    extent: Extent,
) -> Limits:
    """What the metrics are held against on this host."""
    options = request.config.option
    found = find_limits(
        host,
        inventory.evidence,
        LimitFiles(thresholds=options.xenvm_thresholds, baseline=options.xenvm_baseline),
        extent,
        allowed=sorted(allow_list),
        peer=traffic_peer.address if traffic_peer else "",
    )
    request.config.stash[_LIMITS] = inventory, found
    return found


@pytest.fixture(scope="session")
def setting(
    request: pytest.FixtureRequest, inventory: Inventory, limits: Limits, tier: Tier
) -> Setting:
    """What every leg on the host has in common."""
    if request.config.option.benchmark_disable:
        return Setting(evidence=inventory.evidence, timing=ONCE)
    return setting_for(inventory.evidence, tier, limits.fingerprint.disk_class)


@pytest.fixture(scope="session")
def guests_at_once(request: pytest.FixtureRequest) -> int:
    """How many guests are measured together: 0 for as many as the host's memory takes."""
    return GUESTS[0] if request.config.option.benchmark_disable else 0


@pytest.fixture
def gauge(
    request: pytest.FixtureRequest,
    benchmark: Benchmark,
    limits: Limits,
    tier: Tier,
    journal: Ledger,
    attempt: Attempt,
) -> Gauging:
    """Measures a metric by its name in pairs, decides, and tells of it."""
    options = request.config.option
    taken = Gauge(
        limits=limits,
        tier=tier,
        progress=journal.progress,
        pairs=options.xenvm_pairs,
        null=options.xenvm_null,
        once=benchmark.disabled,
    )
    return lambda driver, name: taken.tell(driver, metric(name), benchmark, attempt)
