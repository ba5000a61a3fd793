"""What the library costs over libvirt's binding, on a link with a delay; both in the same run.

The link is a binding whose every round trip takes 20 ms longer, before libvirt's test driver. Calls
that are under way at the same time overlap on it, as they do on libvirt's own protocol.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import libvirt
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from xenvm.formats.domain_xml import parse_domain_xml
from xenvm.host import Host, _libvirt, connect
from xenvm.waiting import pause

DELAY_S = 0.020
DOMAINS = 100
LISTINGS = 3
CALLS = 30
FASTER_AT_LEAST = 5.0
COSTS_AT_MOST = 1.05

LOCAL = frozenset({"name", "UUIDString", "ID", "registerCloseCallback", "unregisterCloseCallback"})
"""What libvirt answers without asking the host."""


class Far:
    """A connection of libvirt's or a domain of it, behind a link with a delay."""

    def __init__(self, near: object):
        self._near = near

    def __getattr__(self, name: str) -> Callable[..., object]:
        method = getattr(self._near, name)

        def call(*args: object) -> object:
            if name not in LOCAL:
                pause(DELAY_S)
            return far(method(*args))

        return call


def far(answer: object) -> object:
    """Return an answer whose own methods are as far away."""
    if isinstance(answer, list):
        return [far(one) for one in answer]
    return Far(answer) if isinstance(answer, libvirt.virDomain) else answer


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    """A host with many domains, all of them running, at the end of the link."""
    body = "<memory>65536</memory><os><type>hvm</type></os>"
    domains = (
        f"<domain type='test'><name>guest{number:03}</name>{body}</domain>"
        for number in range(DOMAINS)
    )
    node = tmp_path / "node.xml"
    node.write_text(f"<node><memory>67108864</memory>{''.join(domains)}</node>")
    opened = _libvirt.open_connection
    monkeypatch.setattr(_libvirt, "open_connection", lambda uri: Far(opened(uri)))
    with connect(f"test://{node}") as host:
        yield host


def took_s(function: Callable[[], object]) -> float:
    began_s = time.perf_counter()
    function()
    return time.perf_counter() - began_s


def one_after_another(host: Host) -> list[object]:
    """List the domains with state and config as the binding alone does."""
    return [
        (raw.name(), raw.info(), parse_domain_xml(raw.XMLDesc()))
        for raw in host._connection.raw.listAllDomains()
    ]


@pytest.mark.benchmark(group="host calls")
@pytest.mark.timeout(300)
def test_listing_a_hundred_domains(benchmark: BenchmarkFixture, host: Host) -> None:
    """Overlapping calls against one after another; the ratio is in extra_info."""
    assert len(one_after_another(host)) == len(host.watch.overview()) == DOMAINS
    slow_s = statistics.median(took_s(lambda: one_after_another(host)) for _ in range(LISTINGS))
    fast: list[float] = []
    benchmark.pedantic(lambda: fast.append(took_s(host.watch.overview)), rounds=LISTINGS)
    faster = slow_s / statistics.median(fast)
    benchmark.extra_info |= {"one_after_another_s": slow_s, "faster": faster}
    assert faster >= FASTER_AT_LEAST


@pytest.mark.benchmark(group="host calls")
@pytest.mark.timeout(300)
def test_a_single_call(benchmark: BenchmarkFixture, host: Host) -> None:
    """A read and a change against the binding's own, by turns; the ratios are in extra_info."""
    domain = host.domain("guest000")
    raw = host._connection.raw.lookupByName("guest000")

    def raw_change() -> None:
        raw.suspend()
        raw.resume()

    def our_change() -> None:
        domain.pause()
        domain.unpause()

    pairs: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
        "state": (raw.state, lambda: domain.state),
        "pause and unpause": (raw_change, our_change),
    }
    for name, (bare, ours) in pairs.items():
        timed = [(took_s(bare), took_s(ours)) for _ in range(CALLS)]
        bare_s, ours_s = (statistics.median(times) for times in zip(*timed, strict=True))
        benchmark.extra_info[name] = ours_s / bare_s
    benchmark.pedantic(lambda: domain.state, rounds=CALLS)
    assert all(ratio <= COSTS_AT_MOST for ratio in benchmark.extra_info.values())
