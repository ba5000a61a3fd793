"""What counts of a leg on a disk, seen without a disk."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from xenvm.bench import block, programs
from xenvm.bench.block import BlockDriver, Span
from xenvm.bench.measuring import Setting
from xenvm.host import CommandResult, Host
from xenvm.host.probe import ProbeGuest
from xenvm.model.benchmark import Leg, Sample
from xenvm.model.verdict import EvidenceClass

SAID = (Path(__file__).parents[1] / "formats/data/bench/fio-3.33-randread.json").read_text()
JOBS = json.loads(SAID[SAID.index("{") :])["jobs"]
MOVED_BYTES = sum(job["read"]["io_bytes"] for job in JOBS)


class Dom0:
    """A Dom0 whose paths are all one device."""

    def run(self, command: str, *_args: str, **_how: object) -> CommandResult:
        said = "block special file|fd|0|0\n" if "stat -L" in command else ""
        return CommandResult(command=command, returncode=0, stdout=said, stderr="")


def sample(kind: str, *, moved_bytes: int = MOVED_BYTES, unsteady: str = "") -> Sample:
    """Return the guest's leg on a device that moved so much."""
    guest: ProbeGuest = SimpleNamespace(name="g0")  # type: ignore[assignment] # the needed part
    host: Host = SimpleNamespace(shell=Dom0())  # type: ignore[assignment] # the needed part
    span = Span(path="/dev/vg/lv0", target="xvdb", size_bytes=1 << 28, unsteady=unsteady)
    setting = Setting(evidence=EvidenceClass.HARDWARE)
    driver = BlockDriver(host, guest, span, setting, backing="lvm")
    metric = next(each for each in driver.metrics if each.name.endswith(kind))

    @contextmanager
    def watched(*_args: object) -> Iterator[SimpleNamespace]:
        yield SimpleNamespace(objections=(), moved_bytes=lambda _device, **_way: moved_bytes)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(block, "watched", watched)
        patch.setattr(programs.GuestPrograms, "run", lambda *_a, **_k: SAID)
        return driver.sample(metric, Leg.GUEST, number=1)


def test_what_the_device_moved_counts() -> None:
    assert sample("seqread").invalid == ""
    assert sample("seqread").details["device_ratio"] == 1


def test_what_a_cache_moved_does_not() -> None:
    assert sample("seqread", moved_bytes=0).invalid.startswith("a cache answered")


def test_what_is_written_to_a_disk_that_is_not_steady_does_not_either() -> None:
    assert sample("randwrite-qd32", unsteady="it wavers").invalid == "it wavers"
    assert sample("seqwrite", unsteady="it wavers").invalid == "it wavers"
    assert sample("randread-qd32", unsteady="it wavers").invalid == ""
