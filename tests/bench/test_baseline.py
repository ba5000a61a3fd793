"""Baselines: kept for each hardware, found again on it, and refused on any other."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xenvm.bench.baseline import load_baseline, save_baseline
from xenvm.bench.fingerprint import gather_fingerprint
from xenvm.errors import BaselineError
from xenvm.formats.baseline_json import baseline_from_json, baseline_to_json
from xenvm.host.shell import LocalShell
from xenvm.model.baseline import Baseline, BaselineFigure, DeviceClass, Fingerprint
from xenvm.model.verdict import Tier

HERE = Fingerprint(
    machine="FUJITSU PRIMERGY",
    cpu="Xeon",
    pcpus=8,
    memory_mib=16383,
    disk="ST3300",
    disk_class=DeviceClass.HDD,
    xen="4.17.5",
    kernel="6.1.0-44-amd64",
)
BASELINE = Baseline(
    fingerprint=HERE,
    recorded_at="2026-11-26T00:00:00+00:00",
    tier=Tier.QUICK,
    span_mib=256,
    figures=(
        BaselineFigure(metric="block.lvm.seqread", rate=150e6, ratio=0.97, pairs=20),
        BaselineFigure(metric="network.dom0.tcp-tx-1", rate=1e9, ratio=None, pairs=10),
    ),
)


def test_what_is_saved_is_found_on_the_same_hardware(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    file = save_baseline(folder, BASELINE)
    assert [*folder.iterdir()] == [file]
    found = load_baseline(folder, HERE)
    assert found == BASELINE
    assert found.find("block.lvm.seqread") == BASELINE.figures[0]
    assert found.find("compute.cpu") is None


def test_a_later_baseline_of_the_same_hardware_replaces_the_former(tmp_path: Path) -> None:
    save_baseline(tmp_path, BASELINE)
    later = replace(BASELINE, recorded_at="2027-01-01T00:00:00+00:00")
    save_baseline(tmp_path, later)
    assert load_baseline(tmp_path, HERE) == later
    assert len([*tmp_path.iterdir()]) == 1


def test_each_hardware_finds_its_own(tmp_path: Path) -> None:
    there = replace(BASELINE, fingerprint=replace(HERE, cpu="Opteron"))
    for baseline in (BASELINE, there):
        save_baseline(tmp_path, baseline)
    assert load_baseline(tmp_path, HERE) == BASELINE
    assert load_baseline(tmp_path, there.fingerprint) == there


@pytest.mark.parametrize(
    ("field", "value", "was"),
    [
        ("kernel", "6.12.1", "6.1.0-44-amd64"),
        ("pcpus", 16, "8"),
        ("memory_mib", None, "16383"),
        ("disk_class", DeviceClass.SSD, "hdd"),
        ("firmware", "R2", "unknown"),
    ],
)
def test_other_hardware_is_refused_with_the_field_that_differs(
    tmp_path: Path, field: str, value: object, was: str
) -> None:
    far = replace(HERE, cpu="Opteron", machine="Other", nic="igb", disk="MZ7")
    save_baseline(tmp_path, replace(BASELINE, fingerprint=far))
    file = save_baseline(tmp_path, BASELINE)
    here = replace(HERE, **{field: value})  # type: ignore[arg-type]
    with pytest.raises(BaselineError) as refused:
        load_baseline(tmp_path, here)
    said = str(refused.value)
    shown = "unknown" if value is None else value
    assert said.startswith(f"{file} is of other hardware: {field} is {shown}, and was {was}; ")
    assert "Opteron" not in said


def test_a_folder_without_baselines_has_none(tmp_path: Path) -> None:
    assert load_baseline(tmp_path / "none", HERE) is None
    (tmp_path / "benchmark.json").write_text("{}")
    assert load_baseline(tmp_path, HERE) is None


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"schema": "xenvm-baseline/2"}, "its schema must be xenvm-baseline/1"),
        ({"span_mib": "256"}, "span_mib must be int, not str"),
        ({"figures": 3}, "figures must be list, not int"),
        ({"figures": [{"metric": "a", "rate": 1.0, "ratio": None}]}, "figures[0].pairs is missing"),
        (
            {"figures": [{"metric": "a", "rate": -1.0, "ratio": None, "pairs": 9}]},
            "the rate of a must be a positive number, not -1.0",
        ),
        (
            {"figures": [{"metric": "a", "rate": 1.0, "ratio": float("nan"), "pairs": 9}]},
            "the ratio of a must be a positive number, not nan",
        ),
        ({"more": 1}, "more is not known to this schema"),
    ],
)
def test_a_file_that_is_no_baseline_is_refused_by_name(
    tmp_path: Path, change: dict[str, object], says: str
) -> None:
    file = save_baseline(tmp_path, BASELINE)
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    with pytest.raises(BaselineError) as refused:
        load_baseline(tmp_path, HERE)
    assert str(refused.value).startswith(f"{file}: ")
    assert says in str(refused.value)


def test_what_cannot_be_read_or_written_is_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "baseline-x.json"
    file.write_bytes(b"\xff")
    with pytest.raises(BaselineError, match=r"baseline-x.json: .*utf-8"):
        load_baseline(tmp_path, HERE)
    with pytest.raises(BaselineError, match="no baselines can be read there: Not a directory"):
        load_baseline(file, HERE)
    with pytest.raises(BaselineError, match="the baseline cannot be written"):
        save_baseline(file, BASELINE)


@given(
    st.builds(Fingerprint), st.integers(64, 1 << 24), st.lists(st.floats(1e-9, 1e15), max_size=3)
)
def test_json_keeps_all_of_it(fingerprint: Fingerprint, span_mib: int, rates: list[float]) -> None:
    figures = tuple(
        BaselineFigure(metric=str(rate), rate=rate, ratio=rate, pairs=10) for rate in rates
    )
    baseline = replace(BASELINE, fingerprint=fingerprint, span_mib=span_mib, figures=figures)
    assert baseline_from_json(baseline_to_json(baseline)) == baseline


def test_the_script_tells_of_a_machine_without_xen(tmp_path: Path) -> None:
    found = gather_fingerprint(LocalShell(), device=str(tmp_path), nic="lo")
    assert found.kernel
    assert found.xen == ""
    assert found == gather_fingerprint(LocalShell(), device=str(tmp_path), nic="lo")
    assert gather_fingerprint(LocalShell()).disk_class is None
    assert gather_fingerprint(LocalShell(), nic="no such; touch x").link_mbit_s is None
