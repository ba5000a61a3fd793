"""Subscriptions on libvirt's test driver: typed, in order, bounded, and ended with a word."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from xenvm.errors import EventsLostError, HostConnectionError, WaitTimeoutError
from xenvm.host import Domain, Host, Subscription, connect
from xenvm.model.domain import DomainConfig
from xenvm.model.events import EventKind

NODE = "<node><memory>1048576</memory></node>"


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    node = tmp_path / "node.xml"
    node.write_text(NODE)
    with connect(f"test://{node}") as host:
        yield host


@pytest.fixture
def domain(host: Host) -> Domain:
    return host.define(DomainConfig(name="guest", memory_kib=98304, kernel="/boot/vmlinuz"))


def test_a_life_is_told_event_by_event(host: Host, domain: Domain) -> None:
    with host.watch.subscribe() as events:
        domain.start()
        domain.pause()
        domain.unpause()
        domain.shutdown()
        domain.undefine()
        told = [events.next(deadline_s=5) for _ in range(5)]
    assert [(event.kind, event.cause) for event in told] == [
        (EventKind.STARTED, "booted"),
        (EventKind.PAUSED, "paused"),
        (EventKind.UNPAUSED, "unpaused"),
        (EventKind.STOPPED, "shut-down"),
        (EventKind.UNDEFINED, "removed"),
    ]
    assert {(event.name, event.uuid) for event in told} == {("guest", domain.uuid)}
    assert [event.at_s for event in told] == sorted(event.at_s for event in told)


def test_silence_is_waited_for_only_until_the_deadline(host: Host) -> None:
    with host.watch.subscribe() as events:
        with pytest.raises(WaitTimeoutError, match="an event of a domain"):
            events.next(deadline_s=0.05)
        assert [*events.until(deadline_s=0.05)] == []


def test_a_slow_consumer_is_told_how_much_is_missing_and_goes_on_behind_it(
    host: Host, domain: Domain
) -> None:
    with Subscription(host.watch._feed, unread_most=2) as events:
        domain.start()
        domain.pause()
        domain.unpause()
        domain.destroy()
        with host.watch.subscribe() as others:  # which is told everything after this one is
            domain.undefine()
            while others.next(deadline_s=5).kind is not EventKind.UNDEFINED:
                pass
        kinds = [events.next(deadline_s=5).kind for _ in range(2)]
        assert kinds == [EventKind.STARTED, EventKind.PAUSED]
        with pytest.raises(EventsLostError, match="3 events were dropped") as caught:
            events.next(deadline_s=5)
        assert caught.value.count == 3
        host.define(DomainConfig(name="other", memory_kib=98304, kernel="/boot/vmlinuz"))
        assert events.next(deadline_s=5).name == "other"


def test_a_subscription_ends_with_its_connection(host: Host, domain: Domain) -> None:
    events = host.watch.subscribe()
    domain.start()
    events.next(deadline_s=5)
    host.close()
    with pytest.raises(HostConnectionError, match="the connection is closed, and the sub"):
        events.next(deadline_s=5)
    events.close()


def test_a_closed_subscription_is_told_nothing_more(host: Host, domain: Domain) -> None:
    events = host.watch.subscribe()
    events.close()
    events.close()
    domain.start()
    with pytest.raises(HostConnectionError, match="closed"):
        events.next(deadline_s=0.2)


def test_a_subscription_hears_nothing_of_the_next_connection(host: Host) -> None:
    old = host.watch.subscribe()
    host._connection._lose("broken", host._connection.generation)
    with host.watch.subscribe() as events:
        host.define(DomainConfig(name="later", memory_kib=98304, kernel="/boot/vmlinuz"))
        assert events.next(deadline_s=5).name == "later"
        with pytest.raises(HostConnectionError, match="the connection is broken, and the sub"):
            old.next(deadline_s=5)
        old.close()
        host.domain("later").undefine()
        assert events.next(deadline_s=5).kind is EventKind.UNDEFINED
