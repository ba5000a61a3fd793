"""Two samples of counters give rates, and only where they mean something."""

from __future__ import annotations

from uuid import UUID

import pytest

from xenvm.model.statistics import (
    CpuCounters,
    DomainCounters,
    HostSample,
    MemoryCounters,
    Source,
    VbdCounters,
    VnifCounters,
    rates,
)

A, B = UUID(int=1), UUID(int=2)


def counters(
    uuid: UUID = A, domid: int = 3, time_s: float = 0.0, moved: int = 0, target: str = "xvda"
) -> DomainCounters:
    source = Source.SYSFS
    return DomainCounters(
        name="guest",
        uuid=uuid,
        domid=domid,
        cpu=CpuCounters(vcpus=1, time_s=time_s, source=Source.LIBVIRT),
        memory=MemoryCounters(now_kib=98304, most_kib=98304, source=Source.LIBVIRT),
        vbds=(
            VbdCounters(
                target=target,
                read_requests=1,
                read_bytes=moved,
                write_requests=1,
                write_bytes=2 * moved,
                source=source,
            ),
        ),
        vnifs=(
            VnifCounters(
                number=0,
                received_packets=1,
                received_bytes=3 * moved,
                sent_packets=1,
                sent_bytes=4 * moved,
                source=source,
            ),
        ),
    )


def sample(at_s: float, *domains: DomainCounters) -> HostSample:
    return HostSample(at_s=at_s, domains=domains)


def test_rates_are_what_moved_by_the_time_between() -> None:
    (rate,) = rates(sample(10, counters()), sample(12, counters(time_s=1.0, moved=100)))
    assert rate.cpu_percent == 50
    assert (rate.read_bytes_per_s, rate.write_bytes_per_s) == (50, 100)
    assert (rate.received_bytes_per_s, rate.sent_bytes_per_s) == (150, 200)
    assert rate.memory_kib == 98304


def test_a_domain_that_was_not_there_before_or_was_started_anew_has_no_rate() -> None:
    before = sample(10, counters(domid=3))
    assert rates(before, sample(12, counters(domid=4), counters(uuid=B))) == ()


def test_a_device_that_came_in_between_does_not_count() -> None:
    after = sample(12, counters(moved=100, target="xvdb"))
    (rate,) = rates(sample(10, counters()), after)
    assert rate.read_bytes_per_s == 0


def test_time_must_have_passed() -> None:
    with pytest.raises(ValueError, match="later"):
        rates(sample(10), sample(10))
