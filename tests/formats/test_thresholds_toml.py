"""Thresholds as TOML: what they say, and how a wrong one is refused."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xenvm.errors import ThresholdsError
from xenvm.formats.thresholds_toml import parse_thresholds
from xenvm.model.baseline import DeviceClass, Fingerprint
from xenvm.model.benchmark import Better, Metric, Scale
from xenvm.model.thresholds import Thresholds

METRICS = (
    Metric(name="block.lvm.seqread", title="", unit="bytes/s"),
    Metric(name="block.lvm.randread-qd1", title="", unit="s", better=Better.LOWER),
    Metric(name="network.dom0.tcp-tx-1", title="", unit="bytes/s", reference=False),
)
TEXT = """
title = "two disks"
[[thresholds]]
metrics = ["block.lvm.seqread"]
devices = ["nvme", "ssd"]
floor_rate = 2e9
margin = 0.1
minimum_pairs = 12
source = "a table"
[[thresholds]]
metrics = ["block.*"]
link_from_mbit_s = 1000
link_below_mbit_s = 10000
floor_ratio = 0.85
source = "judgement"
[[thresholds]]
metrics = ["network.*"]
compare = "rate"
source = "none"
"""


def parse(text: str) -> Thresholds:
    return parse_thresholds(text, metrics=METRICS, file="t.toml")


def test_all_that_a_file_says_is_read() -> None:
    found = parse(TEXT)
    assert (found.name, found.title) == ("t.toml", "two disks")
    rate, ratio, compared = found.thresholds
    assert rate.metrics == ("block.lvm.seqread",)
    assert (rate.scale, rate.limit, rate.margin) == (Scale.RATE, 2e9, 0.1)
    assert (rate.minimum_pairs, rate.source) == (12, "a table")
    assert rate.condition.devices == (DeviceClass.NVME, DeviceClass.SSD)
    assert ratio.metrics == ("block.lvm.seqread", "block.lvm.randread-qd1")
    assert (ratio.scale, ratio.limit, ratio.margin) == (Scale.RATIO, 0.85, 0.05)
    assert (compared.scale, compared.limit, compared.margin) == (Scale.RATE, None, 0.15)


def test_a_ratio_and_a_rate_may_stand_in_one_table() -> None:
    found = parse(TEXT.replace("margin = 0.1", "floor_ratio = 0.8")).thresholds[0]
    assert (found.scale, found.limit, found.enough_rate) == (Scale.RATIO, 0.8, 2e9)
    assert found.margin == 0.05
    assert {one.enough_rate for one in parse(TEXT).thresholds} == {None}


def test_a_title_may_be_left_out() -> None:
    found = parse(TEXT.replace('title = "two disks"', ""))
    assert (found.title, len(found.thresholds)) == ("", 3)


def test_the_first_that_fits_the_hardware_stands() -> None:
    found = parse(TEXT)
    rate, ratio, compared = found.thresholds
    name = "block.lvm.seqread"
    both = Fingerprint(disk_class=DeviceClass.NVME, link_mbit_s=1_000)
    assert found.find(name, both) is rate
    assert found.find(name, Fingerprint(link_mbit_s=1_000)) is ratio
    assert found.find(name, Fingerprint(disk_class=DeviceClass.HDD, link_mbit_s=9_999)) is ratio
    assert found.find(name, Fingerprint(link_mbit_s=10_000)) is None
    assert found.find(name, Fingerprint(link_mbit_s=999)) is None
    assert found.find(name, Fingerprint()) is None
    assert found.find("network.dom0.tcp-tx-1", Fingerprint()) is compared


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("title", "[title", "t.toml: this is no TOML"),
        ('title = "two disks"', "title = 2", "t.toml: title must be a text, not 2"),
        ('title = "two disks"', 'title = "x"\nbaseline = 1', "t.toml: has no key 'baseline'"),
        (TEXT, 'title = "x"', "t.toml: thresholds must be tables"),
        (TEXT, 'title = "x"\nthresholds = [1]', "[[thresholds]] 1: must be a table, not 1"),
        ('"block.lvm.seqread"', '"block.lvm.seqreed"', "did you mean block.lvm.seqread?"),
        ('["block.*"]', '["blocks.*"]', "[[thresholds]] 2: metrics: there is no metric 'blocks.*'"),
        ('["block.*"]', '"block.*"', "[[thresholds]] 2: metrics must be a list of texts"),
        ('["block.*"]', "[]", "[[thresholds]] 2: metrics must name some"),
        ("floor_rate", "flor_rate", "[[thresholds]] 1: has no key 'flor_rate': it takes metrics"),
        ("floor_rate = 2e9", "", "takes one of floor_ratio, floor_rate, ceiling, ceiling_added"),
        ("margin = 0.1", "ceiling = 1", "or both floor_ratio and floor_rate, not floor_rate and"),
        ("margin = 0.1", 'floor_ratio = 1\ncompare = "rate"', "not floor_ratio and floor_rate and"),
        ("margin = 0.1", "floor_ratio = 0", "[[thresholds]] 1: floor_ratio must be more than 0"),
        ("margin = 0.1", "floor_ratio = '1'", "[[thresholds]] 1: floor_ratio must be a number"),
        ("0.85", "0.85\nfloor_rate = 1", "floor_rate is not for block.lvm.randread-qd1: lower is"),
        (
            'compare = "rate"',
            "floor_ratio = 1\nfloor_rate = 1",
            "floor_ratio is not for network.dom0.tcp-tx-1, which has no reference",
        ),
        ("2e9", "'2e9'", "[[thresholds]] 1: floor_rate must be a number, not '2e9'"),
        ("2e9", "true", "[[thresholds]] 1: floor_rate must be a number, not True"),
        ("2e9", "nan", "[[thresholds]] 1: floor_rate must be a number from 0 to 1e+15, not nan"),
        ("2e9", "-1", "[[thresholds]] 1: floor_rate must be a number from 0"),
        ("2e9", "0", "[[thresholds]] 1: floor_rate must be more than 0"),
        ("margin = 0.1", "margin = 5", "[[thresholds]] 1: margin must be a fraction of 1"),
        ("pairs = 12", "pairs = 7", "[[thresholds]] 1: minimum_pairs must be 8 at least"),
        ("pairs = 12", "pairs = 1.5", "[[thresholds]] 1: minimum_pairs must be a whole number"),
        ('"nvme"', '"floppy"', "devices must be of hdd, ssd, nvme, not 'floppy'"),
        ("s = 1000\n", "s = true\n", "link_from_mbit_s must be a whole number"),
        ('"rate"', '"mean"', "[[thresholds]] 3: compare must be ratio or rate, not 'mean'"),
        ('"rate"', '"ratio"', "compare is not for network.dom0.tcp-tx-1, which has no reference"),
        ("floor_ratio", "floor_rate", "floor_rate is not for block.lvm.randread-qd1: lower is"),
        ("floor_ratio", "ceiling", "ceiling is not for block.lvm.seqread: higher is better there"),
        ('source = "judgement"', "", "[[thresholds]] 2: source is missing"),
    ],
)
def test_a_wrong_file_is_refused_with_file_table_and_key(old: str, new: str, says: str) -> None:
    assert old in TEXT
    with pytest.raises(ThresholdsError) as refused:
        parse(TEXT.replace(old, new, 1))
    assert says in str(refused.value)
    assert str(refused.value).startswith("t.toml: ")
    assert "\n" not in str(refused.value)


def test_a_huge_file_is_refused() -> None:
    with pytest.raises(ThresholdsError, match="at most 1048576 bytes"):
        parse("#" * (1 << 20) + "##")


WORDS = st.sampled_from(["block.*", "ssd", "rate", "ratio", ""])
VALUES = WORDS | st.integers() | st.floats() | st.booleans() | st.lists(WORDS, max_size=2)


def toml(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value)


@given(
    st.dictionaries(
        st.sampled_from(
            [
                "metrics",
                "floor_ratio",
                "floor_rate",
                "ceiling",
                "compare",
                "margin",
                "minimum_pairs",
                "devices",
            ]
        ),
        VALUES,
    )
)
def test_whatever_stands_there_is_read_or_refused(table: dict[str, object]) -> None:
    lines = "\n".join(f"{key} = {toml(value)}" for key, value in table.items())
    with suppress(ThresholdsError):
        parse(f'title = "x"\n[[thresholds]]\nsource = "x"\n{lines}\n')
