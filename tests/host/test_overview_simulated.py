"""All domains at once, on libvirt's test driver."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from xenvm.host import Host, connect
from xenvm.model.domain import DomainConfig
from xenvm.model.kinds import DomainState
from xenvm.model.statistics import Source, rates

NODE = "<node><memory>1048576</memory></node>"
COUNT = 40


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    node = tmp_path / "node.xml"
    node.write_text(NODE)
    with connect(f"test://{node}") as host:
        yield host


@pytest.fixture
def names(host: Host) -> list[str]:
    names = [f"guest{number:02}" for number in range(COUNT)]
    for name in names:
        host.define(DomainConfig(name=name, memory_kib=1024, kernel="/boot/vmlinuz"))
    host.domain(names[0]).start()
    return names


def test_an_overview_says_of_each_domain_what_asking_it_says(host: Host, names: list[str]) -> None:
    overview = host.watch.overview()
    assert [domain.name for domain in overview] == names
    assert [domain.state for domain in overview][:2] == [DomainState.RUNNING, DomainState.SHUT_OFF]
    for told in overview[:3]:
        domain = host.domain(told.name)
        assert (told.uuid, told.domid, told.state) == (domain.uuid, domain.domid, domain.state)
        assert told.config == domain.config()
        assert told.memory_kib == told.max_memory_kib == 1024


def test_a_sample_has_the_running_domains_and_names_its_source(
    host: Host, names: list[str]
) -> None:
    first, second = host.watch.sample(), host.watch.sample()
    (counted,) = first.domains
    assert (counted.name, counted.memory.now_kib) == (names[0], 1024)
    assert {counted.cpu.source, counted.memory.source} == {Source.LIBVIRT}
    assert (counted.vbds, counted.vnifs) == ((), ())
    assert first.of(host.domain(names[1]).uuid) is None
    (rate,) = rates(first, second)
    assert rate.cpu_percent >= 0


def test_an_empty_host_has_an_empty_overview(host: Host) -> None:
    assert host.watch.overview() == []
    assert host.watch.sample().domains == ()
