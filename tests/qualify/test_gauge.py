from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from xenvm.bench.catalogue import METRICS, metric
from xenvm.bench.thresholds import load_thresholds
from xenvm.errors import BlockedError, DeviceInUseError, NotAllowedError, OutOfSpaceError
from xenvm.model.baseline import Baseline, BaselineFigure, Fingerprint
from xenvm.model.benchmark import Leg, Metric, Outcome, Sample
from xenvm.model.verdict import Tier, VerdictKind
from xenvm.qualify.checking import Attempt
from xenvm.qualify.gauge import NULL_PAIRS, Gauge, provided, verdict_on
from xenvm.qualify.journal import Journal
from xenvm.qualify.limits import Limits

CPU = metric("compute.cpu")


class Driver:
    def __init__(self, ratio: float = 1.0, invalid: str = "", spread: float = 0.001):
        self.metrics = (CPU,)
        self.legs: list[Leg] = []
        self._of = ratio, invalid, spread

    def sample(self, metric: Metric, leg: Leg, *, number: int) -> Sample:
        del metric
        ratio, invalid, spread = self._of
        self.legs.append(leg)
        wobble = 1 + spread * ((len(self.legs) ** 3 * 5 + number) % 11)
        value = (ratio if leg is Leg.GUEST else 1.0) * wobble
        return Sample(leg=leg, value=value, invalid=invalid)


class Fixture:
    """The part of pytest-benchmark's that a replay needs."""

    def __init__(self) -> None:
        self.disabled = False
        self.extra_info: dict[str, object] = {}
        self.rounds = 0

    def pedantic(
        self, target: Callable[[], None], *, setup: Callable[[], None], rounds: int
    ) -> None:
        self.rounds = rounds
        setup()
        target()


def limits(*, gates: bool = True, before: float | None = None) -> Limits:
    hardware = Fingerprint(machine="Maker Rack 1")
    baseline = None
    if before is not None:
        figure = BaselineFigure(metric=CPU.name, rate=before, ratio=before, pairs=10)
        baseline = Baseline(
            fingerprint=hardware,
            recorded_at="2026",
            tier=Tier.QUICK,
            span_mib=256,
            figures=(figure,),
        )
    thresholds = load_thresholds(None, METRICS)
    return Limits(fingerprint=hardware, thresholds=thresholds, baseline=baseline, floors=gates)


def gauge(found: Limits, **fields: object) -> Gauge:
    said: list[float] = []

    def progress(fraction: float, text: str) -> None:
        assert 0 < fraction < 1
        assert text.startswith("pair ")
        said.append(fraction)

    return Gauge(limits=found, tier=Tier.QUICK, progress=progress, **fields)  # type: ignore[arg-type]


def test_noise_is_measured_first_where_something_is_to_be_decided() -> None:
    driver = Driver(ratio=0.98)
    found = gauge(limits(before=1.0)).measure(driver, CPU)
    null = 2 * NULL_PAIRS[Tier.QUICK]
    assert set(driver.legs[:null]) == {Leg.DOM0}
    assert driver.legs[null:].count(Leg.GUEST) == len(found.pairs) == 10
    assert found.noise is not None
    assert found.decision
    assert found.decision.outcome is Outcome.PASS
    assert verdict_on(found, gates=True)[0] is VerdictKind.PASS


def test_a_guest_that_lost_against_its_baseline_fails() -> None:
    kind, finding = verdict_on(gauge(limits(before=1.0)).measure(Driver(0.8), CPU), gates=True)
    assert kind is VerdictKind.FAIL
    assert finding["observed"] == pytest.approx(0.8, abs=0.01)
    assert finding["source"] == "the baseline"


@pytest.mark.parametrize(
    ("gates", "kind", "said"),
    [
        (True, VerdictKind.NOT_APPLICABLE, "nothing asks"),
        (False, VerdictKind.NOT_OBSERVABLE, "says nothing"),
    ],
)
def test_what_is_held_against_nothing_is_measured_and_not_judged(
    *, gates: bool, kind: VerdictKind, said: str
) -> None:
    found = gauge(limits(gates=gates), pairs=3).measure(Driver(0.1), CPU)
    assert (len(found.pairs), found.noise, found.decision) == (3, None, None)
    given, finding = verdict_on(found, gates=gates)
    assert given is kind
    assert said in finding["detail"]


def test_a_metric_that_the_baseline_lacks_is_told() -> None:
    found = gauge(limits(), pairs=3).measure(Driver(0.1), CPU)
    before = Baseline(
        fingerprint=Fingerprint(), recorded_at="2026", tier=Tier.QUICK, span_mib=256, figures=()
    )
    kind, finding = verdict_on(found, gates=True, baseline=before)
    assert kind is VerdictKind.NOT_APPLICABLE
    assert finding["detail"] == "the baseline of 2026 has no figure of it"


@pytest.mark.parametrize("gates", [False, True])
def test_a_metric_of_which_no_pair_counts_is_broken_even_where_nothing_is_asked(
    *, gates: bool
) -> None:
    found = gauge(limits(gates=gates), pairs=3).measure(Driver(invalid="cached"), CPU)
    assert found.invalid == "cached"
    kind, finding = verdict_on(found, gates=gates)
    assert (kind, finding["detail"]) == (VerdictKind.BROKEN, "cached")


def test_an_a_a_run_decides_on_one_leg_against_itself() -> None:
    driver = Driver(ratio=0.1)
    found = gauge(limits(gates=False), null=True).measure(driver, CPU)
    assert set(driver.legs) == {Leg.DOM0}
    assert found.decision
    assert (found.decision.outcome, found.decision.source) == (Outcome.PASS, "itself")


class Torn(Driver):
    """A driver whose first samples of Dom0 do not count."""

    def __init__(self, bad: int):
        super().__init__()
        self._bad = bad

    def sample(self, metric: Metric, leg: Leg, *, number: int) -> Sample:
        taken = super().sample(metric, leg, number=number)
        return replace(taken, invalid="Dom0 was busy") if len(self.legs) <= self._bad else taken


@pytest.mark.parametrize("null", [False, True])
def test_noise_that_cannot_be_told_is_not_taken_for_none(*, null: bool) -> None:
    found = gauge(limits(before=1.0), null=null).measure(Torn(4), CPU)
    assert found.decision
    assert found.decision.outcome is Outcome.INVALID
    assert "2 of 5 pairs of the A/A run do not count: Dom0 was busy" in found.decision.reason
    assert (found.noise, len(found.pairs)) == (None, 1)
    assert verdict_on(found, gates=True)[0] is VerdictKind.BROKEN
    one_bad = gauge(limits(before=1.0), null=null).measure(Torn(2), CPU).decision
    assert one_bad
    assert one_bad.outcome is Outcome.PASS


def test_a_host_that_is_too_noisy_is_warned_of_and_never_failed() -> None:
    found = gauge(limits(before=1.0)).measure(Driver(0.5, spread=0.4), CPU)
    assert found.decision
    assert found.decision.outcome is Outcome.WARN


def test_with_timing_disabled_one_pair_is_enough() -> None:
    found = gauge(limits(before=1.0), once=True).measure(Driver(0.5), CPU)
    assert (len(found.pairs), found.decisions) == (1, ())


class TestTelling:
    @pytest.fixture
    def attempt(self, tmp_path: Path) -> Attempt:
        return Attempt("pv_x.py::test", (CPU.name,), Tier.QUICK, Journal(tmp_path / "journal"))

    def test_the_benchmark_gets_a_round_for_each_pair_that_counts(self, attempt: Attempt) -> None:
        fixture = Fixture()
        gauge(limits(before=1.0)).tell(Driver(), CPU, fixture, attempt)  # type: ignore[arg-type]
        assert fixture.rounds == 10
        assert fixture.extra_info["verdict"] == "pass"
        assert [verdict.kind for verdict in attempt.verdicts] == [VerdictKind.PASS]

    def test_invalid_pairs_are_kept_and_called_so(self, attempt: Attempt) -> None:
        fixture = Fixture()
        driver = Driver(invalid="none of it reached the disk")
        gauge(limits(before=1.0)).tell(driver, CPU, fixture, attempt)  # type: ignore[arg-type]
        assert fixture.rounds
        assert fixture.extra_info["verdict"] == "invalid"
        assert [verdict.kind for verdict in attempt.verdicts] == [VerdictKind.BROKEN]

    def test_a_metric_that_this_host_cannot_give_is_not_observable(self, attempt: Attempt) -> None:
        fixture, other = Fixture(), metric("aggregate.block.read.guests-8")
        gauge(limits()).tell(Driver(), other, fixture, attempt)  # type: ignore[arg-type]
        assert fixture.rounds == 0
        assert [v.kind for v in attempt.verdicts] == [VerdictKind.NOT_OBSERVABLE]


@pytest.mark.parametrize(
    "error",
    [
        NotAllowedError("sdb is not allowed"),
        DeviceInUseError("/dev/sdb", ["a guest"]),
        OutOfSpaceError("too small"),
    ],
)
def test_what_the_user_must_provide_first_blocks(error: Exception) -> None:
    with pytest.raises(BlockedError, match=str(error)), provided():
        raise error
