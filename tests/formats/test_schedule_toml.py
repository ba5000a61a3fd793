"""Schedules as TOML: what they say, and how a wrong one is refused."""

from __future__ import annotations

from contextlib import suppress
from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xenvm.errors import ScheduleFileError, UsageError
from xenvm.formats.schedule_toml import parse_schedule
from xenvm.formats.systemd_unit import unit_word
from xenvm.model.allocation import Allocation

TEXT = """
[night]
start = "20:00"
[night.domains.shop]
weight = 128
cap_percent = 50
[night.domains."batch 1"]
vcpus = 2
memory_mib = 512

[day]
start = "08:00"
[day.domains.shop]
weight = 512
cap_percent = 0
[day.domains."batch 1"]
vcpus = 1
memory_mib = 256
"""


def test_a_schedule_is_read_in_the_order_of_the_day() -> None:
    day, night = parse_schedule(TEXT).periods
    assert (day.name, day.start, night.start) == ("day", time(8), time(20))
    assert night.allocations == {
        "shop": Allocation(weight=128, cap_percent=50),
        "batch 1": Allocation(vcpus=2, memory_mib=512),
    }


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("[night]", "[night", "s.toml: this is no TOML"),
        ('start = "20:00"', "", "s.toml: [night] start is missing"),
        ('start = "20:00"', "start = 20", "s.toml: [night] start must be a string"),
        ('"20:00"', '"24:00"', "s.toml: [night] start: '24:00' is no time of day"),
        ('"20:00"', '"08:00"', "both start at 08:00"),
        ("weight = 128", "wait = 128", "s.toml: [night.domains.shop] has no key 'wait'"),
        ("weight = 128", "weight = true", "[night.domains.shop] weight must be a whole number"),
        ("weight = 128", "weight = -1", "[night.domains.shop] weight must be a whole number"),
        ("weight = 128", "weight = 1.5", "[night.domains.shop] weight must be a whole number"),
        ("weight = 128", "", "night does not, so that it would stay"),
        ("[day]", "[day]\nend = 3", "s.toml: [day] has no key 'end'"),
    ],
)
def test_a_wrong_schedule_is_refused_by_file_table_and_key(old: str, new: str, says: str) -> None:
    assert old in TEXT
    with pytest.raises(ScheduleFileError) as caught:
        parse_schedule(TEXT.replace(old, new, 1), file="s.toml")
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a = 1",
        "[a]\nstart='08:00'\ndomains=3",
        "[a]\nstart='08:00'\n[a.domains.x]",
        "[" * 99999,
    ],
)
def test_what_is_no_schedule_is_refused(text: str) -> None:
    with pytest.raises(ScheduleFileError, match=r"^schedule: "):
        parse_schedule(text)


def test_a_schedule_that_is_too_big_is_not_read() -> None:
    with pytest.raises(ScheduleFileError, match="at most"):
        parse_schedule("#" * 2_000_000)


@given(st.text(max_size=200))
def test_no_text_breaks_the_parser(text: str) -> None:
    with suppress(ScheduleFileError):
        parse_schedule(text)


@pytest.mark.parametrize(
    ("word", "written"),
    [
        ("/usr/bin/xenvm", "/usr/bin/xenvm"),
        ("xen+ssh://root@h:22/system?keyfile=/k", '"xen+ssh://root@h:22/system?keyfile=/k"'),
        ("a b%n", '"a b%%n"'),
        ("$HOME", '"$$HOME"'),
        ("", '""'),
    ],
)
def test_a_word_of_a_unit_means_itself(word: str, written: str) -> None:
    assert unit_word(word) == written


def test_a_word_with_a_line_break_is_none_of_a_unit() -> None:
    with pytest.raises(UsageError, match="control character"):
        unit_word("a\nExecStart=/bin/evil")
