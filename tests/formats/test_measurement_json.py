from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xenvm.errors import ParseError
from xenvm.formats.measurement_json import extra_info, measurement_of, statistics_s
from xenvm.model.benchmark import Better, Decision, Leg, Metric, Outcome, Pair, Sample
from xenvm.model.measurement import Interval, Measurement

METRIC = Metric(name="block.lvm.seqread", title="reads", unit="bytes/s")
LATENCY = Metric(name="network.peer.tcp-rr", title="", unit="s", better=Better.LOWER)

positive = st.floats(1e-9, 1e12)
samples = st.builds(
    Sample,
    leg=st.sampled_from(Leg),
    value=positive,
    invalid=st.sampled_from(["", "cached"]),
    details=st.dictionaries(st.sampled_from(["p99_s", "device_ratio"]), positive),
)
pairs = st.builds(
    Pair,
    number=st.integers(1, 20),
    candidate=samples,
    reference=st.none() | samples,
    candidate_first=st.booleans(),
)
decisions = st.builds(
    Decision,
    metric=st.just(METRIC),
    outcome=st.sampled_from(Outcome),
    reason=st.text(max_size=20),
    pairs=st.just(()),
    estimate=st.none() | positive,
    floor=st.none() | positive,
    margin=st.none() | st.floats(0, 1),
    source=st.text(max_size=20),
)
measurements = st.builds(
    Measurement,
    metric=st.sampled_from([METRIC, LATENCY]),
    pairs=st.lists(pairs, max_size=4).map(tuple),
    decisions=st.lists(decisions, max_size=2).map(tuple),
    beside_dom0=st.none() | st.builds(Interval, estimate=positive, lower=st.none() | positive),
    noise=st.none() | st.floats(0, 1),
)


@given(measurements)
def test_a_measurement_comes_back_from_json_whole(measurement: Measurement) -> None:
    info = json.loads(json.dumps(extra_info(measurement)))
    assert measurement_of(info) == measurement


def test_the_headline_is_of_the_gravest_decision_and_of_pairs_that_count() -> None:
    bad, good = (
        Pair(
            number=1,
            candidate=Sample(leg=Leg.GUEST, value=value, invalid=invalid),
            reference=Sample(leg=Leg.DOM0, value=2 * value),
        )
        for value, invalid in ((900.0, "cached"), (100.0, ""))
    )
    lost, won = (
        Decision(metric=METRIC, outcome=outcome, reason=outcome.value, pairs=())
        for outcome in (Outcome.FAIL, Outcome.PASS)
    )
    interval = Interval(estimate=0.5, lower=0.4, upper=0.6)
    info = extra_info(
        Measurement(metric=METRIC, pairs=(bad, good), decisions=(won, lost), beside_dom0=interval)
    )
    assert (info["value"], info["dom0_value"]) == (100.0, 200.0)
    assert (info["verdict"], info["reason"]) == ("fail", "fail")
    assert (info["ratio"], info["bounds"]) == (0.5, [0.4, 0.6])


@pytest.mark.parametrize(
    ("unit", "better", "value", "seconds"),
    [
        ("bytes/s", Better.HIGHER, 2.0**21, 0.5),
        ("1/s", Better.HIGHER, 4.0, 0.25),
        ("s", Better.LOWER, 0.001, 0.001),
        ("percent", Better.LOWER, 140.0, 140.0),
        ("ratio", Better.HIGHER, 2.0, 0.5),
    ],
)
def test_statistics_are_times_of_which_less_is_better(
    unit: str, better: Better, value: float, seconds: float
) -> None:
    assert statistics_s(Metric(name="m", title="", unit=unit, better=better), value) == seconds


def test_what_is_no_measurement_is_told_by_its_field() -> None:
    info = json.loads(json.dumps(extra_info(Measurement(metric=METRIC, pairs=()))))
    with pytest.raises(ParseError, match="pairs"):
        measurement_of({**info, "pairs": "many"})
    with pytest.raises(ParseError, match="metric is missing"):
        measurement_of({})
