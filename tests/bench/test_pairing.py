from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xenvm.bench.pairing import Pairing, beside, measure
from xenvm.model.benchmark import Better, Criterion, Leg, Metric, Outcome, Pair, Sample, Scale

RATE = Metric(name="block.lvm.seqread", title="reads", unit="bytes/s")
LATENCY = Metric(name="block.lvm.randread-qd1", title="", unit="s", better=Better.LOWER)
ALONE = Metric(name="network.dom0.udp-64b", title="", unit="1/s", reference=False)


class Driver:
    """Measures nothing, and remembers who was asked."""

    metrics = (RATE, LATENCY, ALONE)

    def __init__(self, value: Callable[[Leg, int], float] = lambda _leg, _number: 1.0):
        self.asked: list[tuple[Leg, int]] = []
        self._value = value

    def sample(self, metric: Metric, leg: Leg, *, number: int) -> Sample:
        assert metric in self.metrics
        self.asked.append((leg, number))
        return Sample(leg=leg, value=self._value(leg, number))


def pairs_of(guest: float, dom0: float, count: int, *, invalid: str = "") -> list[Pair]:
    return [
        Pair(
            number=number,
            candidate=Sample(leg=Leg.GUEST, value=guest, invalid=invalid),
            reference=Sample(leg=Leg.DOM0, value=dom0),
        )
        for number in range(1, count + 1)
    ]


def test_both_legs_of_a_pair_come_back_to_back_in_an_order_drawn_for_each() -> None:
    driver = Driver(lambda leg, number: number + (leg is Leg.GUEST) / 2)
    pairs = list(islice(Pairing(driver=driver, metric=RATE).pairs(), 40))
    for pair, first, second in zip(pairs, driver.asked[::2], driver.asked[1::2], strict=True):
        legs = [Leg.GUEST, Leg.DOM0] if pair.candidate_first else [Leg.DOM0, Leg.GUEST]
        assert [first, second] == [(leg, pair.number) for leg in legs]
        assert pair.candidate.value == pair.number + 0.5
        assert pair.reference
        assert pair.reference.value == pair.number
    # One in a million million that forty draws are all the same.
    assert {pair.candidate_first for pair in pairs} == {True, False}


def test_a_metric_without_a_reference_is_measured_alone() -> None:
    driver = Driver()
    (pair,) = islice(Pairing(driver=driver, metric=ALONE).pairs(), 1)
    assert pair.reference is None
    assert driver.asked == [(Leg.GUEST, 1)]


@pytest.mark.parametrize(("metric", "leg"), [(RATE, Leg.DOM0), (ALONE, Leg.GUEST)])
def test_an_a_a_run_measures_one_leg_twice(metric: Metric, leg: Leg) -> None:
    driver = Driver()
    (pair,) = islice(Pairing(driver=driver, metric=metric).null_pairs(), 1)
    assert pair.reference
    assert driver.asked == [(leg, 1), (leg, 1)]


def test_pairs_are_taken_until_every_limit_is_decided_on() -> None:
    def near(leg: Leg, number: int) -> float:
        # Around 0.86: too close to 0.85 for ten pairs, and for twenty.
        return 1.0 if leg is Leg.DOM0 else 0.86 + (number % 5 - 2) / 50

    def measured(*limits: float) -> tuple[int, list[Outcome]]:
        pairing = Pairing(driver=Driver(near), metric=RATE)
        criteria = [Criterion(scale=Scale.RATIO, limit=limit) for limit in limits]
        found = measure(RATE, pairing.pairs(), criteria, at_least=0)
        assert all(not decision.pairs for decision in found.decisions)
        return len(found.pairs), [decision.outcome for decision in found.decisions]

    assert measured(0.5) == (10, [Outcome.PASS])
    assert measured(0.5, 0.85) == (20, [Outcome.PASS, Outcome.WARN])


def test_without_limits_so_many_pairs_are_taken_as_asked() -> None:
    found = measure(RATE, Pairing(driver=Driver(), metric=RATE).pairs(), (), at_least=3)
    assert (len(found.pairs), found.decision) == (3, None)


def test_every_pair_is_heard_of() -> None:
    heard: list[Pair] = []
    pairs: Iterator[Pair] = Pairing(driver=Driver(), metric=RATE, hear=heard.append).pairs()
    assert [next(pairs), next(pairs)] == heard


@given(st.floats(0.01, 100), st.integers(1, 25))
def test_more_is_better_whichever_way_a_metric_goes(ratio: float, count: int) -> None:
    faster = beside(RATE, pairs_of(ratio, 1.0, count))
    later = beside(LATENCY, pairs_of(1.0, ratio, count))
    assert faster
    assert later
    assert math.isclose(faster.estimate, ratio)
    assert math.isclose(later.estimate, ratio)
    assert (faster.lower is None) == (count < 8)


def test_nothing_is_compared_where_no_pair_counts() -> None:
    assert beside(RATE, pairs_of(1.0, 1.0, 3, invalid="cached")) is None
    assert beside(ALONE, [Pair(number=1, candidate=Sample(leg=Leg.GUEST, value=1.0))]) is None
