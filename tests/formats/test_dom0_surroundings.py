"""What Dom0 tells around a measurement."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from xenvm.errors import ParseError
from xenvm.formats.dom0_surroundings import (
    WHICH,
    parse_told,
    parse_which,
    script_after,
    script_before,
)
from xenvm.model.surroundings import Moved

TOLD = """\
clock 1795661112.250000000 100.25
throttled 2
throttled 3
governor performance
governor ondemand
Name                                ID  VCPU   CPU State   Time(s) Affinity (Hard / Soft)
Domain-0                             0     0    1   -b-      41.0  all / all
Domain-0                             0     1    0   r--      40.9  0-1 / all
xenvm-ab12-g0                        3     0    -   --p       0.0  all / 0
"""


def test_everything_is_read() -> None:
    told = parse_told(TOLD)
    assert told.governors == {"performance", "ondemand"}
    assert told.throttled == 5
    assert told.clock_s == pytest.approx(1795661012.0)
    assert told.affinities == {
        "Domain-0/0": "all / all",
        "Domain-0/1": "0-1 / all",
        "xenvm-ab12-g0/0": "all / 0",
    }


def test_a_host_that_nobody_governs_has_no_governors() -> None:
    told = parse_told("clock 1.0 0.5\n")
    assert (told.governors, told.throttled, told.affinities) == (frozenset(), 0, {})


@pytest.mark.parametrize("text", ["", "clock\n", "clock now then\n", "clock 1 1\nclock 2 2\n"])
def test_a_dom0_without_a_clock_is_an_error(text: str) -> None:
    with pytest.raises(ParseError):
        parse_told(text)


def test_a_file_is_found_on_the_device_of_its_file_system(tmp_path: Path) -> None:
    said = subprocess.run(
        ["sh", "-c", WHICH % tmp_path],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    ).stdout
    number = tmp_path.stat().st_dev
    assert parse_which(said) == f"{os.major(number)}:{os.minor(number)}"


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("block special file|fe|11|6\n", "254:17"),
        ("regular file|0|0|66306\n", "259:2"),
        ("regular file|0|0|1048832\n", "1:256"),
    ],
)
def test_a_device_is_known_by_its_number(said: str, number: str) -> None:
    if said.startswith("regular"):
        device = int(said.strip().rpartition("|")[2])
        assert number == f"{os.major(device)}:{os.minor(device)}"
    assert parse_which(said) == number


def test_sectors_have_512_bytes() -> None:
    text = "moved 254:0     1182       25    63058      382       19        3      176       45"
    assert parse_told(f"{text}\nclock 1.0 0.5\n").moved == {
        "254:0": Moved(read_bytes=63058 * 512, written_bytes=176 * 512)
    }
    with pytest.raises(ParseError, match="no counters"):
        parse_told("moved 254:0 1 2\nclock 1.0 0.5\n")
    with pytest.raises(ParseError):
        parse_which("gone")


def test_what_the_scripts_read_themselves_does_not_count() -> None:
    before, after = script_before(["254:0"], ["fio"]), script_after(["254:0"])
    assert before.index("xl vcpu-list") < before.index("fio --version") < before.index("moved")
    assert after.index("moved") < after.index("xl vcpu-list")


def test_a_program_that_starts_slowly_is_no_step_of_the_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def clock_s() -> float:
        argv = ["sh", "-c", script_after([])]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=30)
        return parse_told(done.stdout).clock_s

    before_s = clock_s()
    date = shutil.which("date")
    (tmp_path / "date").write_text(f'#!/bin/sh\nsleep 2; exec {date} "$@"\n')
    (tmp_path / "date").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert clock_s() == pytest.approx(before_s, abs=1)


def test_the_script_runs_where_there_is_no_xen() -> None:
    told = parse_told(
        subprocess.run(
            ["sh", "-c", script_after([])],
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        ).stdout
    )
    assert told.clock_s > 1e9
    assert told.moved == {}
