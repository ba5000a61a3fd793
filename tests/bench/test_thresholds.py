"""The shipped thresholds, and how files of them are found and refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.pairs import around, pairs_of
from xenvm.bench.catalogue import METRICS, metric
from xenvm.bench.decision import criteria, decide
from xenvm.bench.thresholds import load_thresholds
from xenvm.errors import ThresholdsError
from xenvm.model.baseline import DeviceClass, Fingerprint
from xenvm.model.benchmark import Decision, Outcome, Scale

SHIPPED = load_thresholds(None, METRICS)


@pytest.mark.parametrize(
    ("name", "hardware", "scale", "limit"),
    [
        ("block.lvm.seqread", {"disk_class": DeviceClass.SSD}, Scale.RATIO, 0.85),
        ("block.lvm.seqread", {"disk_class": DeviceClass.NVME}, Scale.RATIO, 0.8),
        ("block.lvm.randread-qd32", {"disk_class": DeviceClass.HDD}, Scale.RATIO, 0.7),
        ("block.lvm.randwrite-qd32", {"disk_class": DeviceClass.NVME}, Scale.RATE, None),
        ("block.lvm.randread-qd1", {"disk_class": DeviceClass.HDD}, Scale.RATIO, 0.97),
        ("block.partition.randread-qd1", {"disk_class": DeviceClass.NVME}, Scale.ADDED, 1e-4),
        ("network.peer.tcp-rx-1", {"link_mbit_s": 1_000}, Scale.RATIO, 0.9),
        ("network.peer.tcp-rx-4", {"link_mbit_s": 10_000}, Scale.RATIO, 0.7),
        ("network.peer.tcp-rx-1", {"link_mbit_s": 100_000}, Scale.RATIO, 0.7),
        ("network.peer.tcp-rr", {}, Scale.ADDED, 1.2e-4),
    ],
)
def test_the_shipped_thresholds_go_by_the_hardware(
    name: str, hardware: dict[str, DeviceClass | int], scale: Scale, limit: float | None
) -> None:
    found = SHIPPED.find(name, Fingerprint(**hardware))  # type: ignore[arg-type]
    assert found is not None
    assert (found.scale, found.limit) == (scale, limit)
    assert len(criteria(metric(name), found, None)) == (limit is not None)


NVME, FAST_LINK = Fingerprint(disk_class=DeviceClass.NVME), Fingerprint(link_mbit_s=100_000)


@pytest.mark.parametrize(
    ("name", "hardware", "guest", "dom0", "outcome"),
    [
        ("block.lvm.seqwrite", NVME, 1.35e9, 1.4e9, Outcome.PASS),
        ("block.lvm.seqwrite", NVME, 2.2e9, 6e9, Outcome.PASS),
        ("block.lvm.seqwrite", NVME, 1.4e9, 6e9, Outcome.FAIL),
        ("network.peer.tcp-tx-1", FAST_LINK, 1.2e9, 1.25e9, Outcome.PASS),
        ("network.peer.tcp-tx-1", FAST_LINK, 2.0e9, 5e9, Outcome.PASS),
        ("network.peer.tcp-tx-1", FAST_LINK, 1.2e9, 5e9, Outcome.FAIL),
    ],
)
def test_what_is_fast_is_asked_for_what_the_path_carries_or_for_what_dom0_gets(
    name: str, hardware: Fingerprint, guest: float, dom0: float, outcome: Outcome
) -> None:
    one = metric(name)
    (floor,) = criteria(one, SHIPPED.find(name, hardware), None)
    decision = decide(one, pairs_of(around(guest / dom0, 10), dom0=dom0), floor)
    assert isinstance(decision, Decision)
    assert decision.outcome is outcome


@pytest.mark.parametrize("name", ["block.lvm.seqread", "network.peer.tcp-tx-1"])
def test_hardware_of_which_nothing_is_known_has_no_floor(name: str) -> None:
    assert SHIPPED.find(name, Fingerprint()) is None


def test_every_shipped_threshold_can_stand_and_says_its_source() -> None:
    for one in SHIPPED.thresholds:
        assert one.source
        assert all(criteria(metric(name), one, None) or one.limit is None for name in one.metrics)


def test_a_file_of_ones_own_is_read(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text(
        'title = "ours"\n[[thresholds]]\nmetrics = ["compute.cpu"]\n'
        'floor_ratio = 0.9\nsource = "us"\n'
    )
    assert load_thresholds(file, METRICS).name == str(file)


def test_a_file_that_cannot_be_read_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ThresholdsError, match=r"none.toml: the thresholds cannot be read: No such"):
        load_thresholds(tmp_path / "none.toml", METRICS)
    (tmp_path / "bytes.toml").write_bytes(b"\xff")
    with pytest.raises(ThresholdsError, match=r"bytes.toml: this is no TOML"):
        load_thresholds(tmp_path / "bytes.toml", METRICS)
