"""Recording on a machine without Xen, whose shell answers what such a machine's does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from xenvm.bench.measuring import Extent
from xenvm.errors import BlockedError, NotAllowedError, OutOfSpaceError, UsageError
from xenvm.formats.baseline_json import baseline_from_json, baseline_to_json
from xenvm.host import HostShell
from xenvm.host.shell import CommandResult
from xenvm.model.baseline import Baseline, DeviceClass, Fingerprint
from xenvm.model.verdict import Tier
from xenvm.qualify import native
from xenvm.qualify.native import record_native

DATA = Path(__file__).parents[1] / "formats/data/bench"
DISK = "/dev/disk/by-id/nvme-XYZ"
USUAL = Extent()


class Machine:
    """A machine with a disk whose counters follow what fio says, or do not."""

    def __init__(
        self, *, hypervisor: str = "", signs: str = "", cached: bool = False, absent: bool = False
    ):
        self.lines: list[str] = []
        self._said = {
            "cat /sys/hypervisor": hypervisor,
            "wipefs": signs,
            "blockdev": f"{1 << 30}\n",
            "fio --version": "fio-3.33\n",
            "stat -L": "block special file|fe|0|0\n",
        }
        self._cached, self._absent = cached, absent
        self._fio = (DATA / "fio-3.33-randread.json").read_text()
        jobs = json.loads(self._fio[self._fio.index("{") :])["jobs"]
        moved = sum(job[way]["io_bytes"] for job in jobs for way in ("read", "write"))
        self._sectors, self._step = 0, moved // 512

    def run(self, command: str, *args: str, stdin: str = "", **_how: object) -> CommandResult:
        line = command % args if args else command
        self.lines.append(line)
        status = int(self._absent and line.startswith("test -b"))
        stdout = self._answer(line)
        return CommandResult(command=line, returncode=status, stdout=stdout, stderr=stdin)

    def _answer(self, line: str) -> str:
        if " fio --output" in line:
            self._sectors += 0 if self._cached else self._step
            return self._fio
        if "devices='254:0'" in line:
            counts = f"1 0 {self._sectors} 0 1 0 {self._sectors} 0 0 0 0"
            return f"moved 254:0 {counts}\nclock 1000.0 10.0\n"
        return next((said for start, said in self._said.items() if start in line), "")


def recorded(machine: Machine, device: str = DISK, extent: Extent = USUAL) -> Baseline:
    shell: HostShell = machine  # type: ignore[assignment] # the part of it that is needed
    return record_native(shell, device, extent, lambda _text: None)


@pytest.fixture(autouse=True)
def spinning(monkeypatch: pytest.MonkeyPatch) -> None:
    hardware = Fingerprint(machine="Maker Rack 1", disk_class=DeviceClass.HDD)
    monkeypatch.setattr(native, "gather_fingerprint", lambda *_a, **_k: hardware)


def test_each_load_is_recorded_once_for_both_kinds_of_device() -> None:
    found = recorded(Machine())
    again = baseline_from_json(baseline_to_json(found))
    names = [figure.metric for figure in again.figures]
    assert len(names) == 10
    assert {"block.lvm.seqread", "block.partition.seqread"} <= {*names}
    assert all(figure.ratio is None and figure.pairs == 5 for figure in again.figures)


@pytest.mark.parametrize(
    ("machine", "said"),
    [
        (Machine(hypervisor="xen\n"), "boot its kernel without"),
        (Machine(signs="ext4\n"), "is in use"),
    ],
)
def test_nothing_is_written_where_xen_runs_or_the_disk_is_used(machine: Machine, said: str) -> None:
    with pytest.raises(BlockedError, match=said):
        recorded(machine)
    assert not [line for line in machine.lines if "--rw" in line]


def test_a_leg_is_as_long_as_the_benchmarks_on_that_disk() -> None:
    for tier, runtime in ((Tier.QUICK, "--runtime=3"), (Tier.FULL, "--runtime=60")):
        machine = Machine()
        recorded(machine, extent=Extent(tier=tier))
        loads = [line for line in machine.lines if "--rw=" in line and "--runtime" in line]
        assert loads
        assert all(line.endswith(runtime) for line in loads)
        (fill,) = [line for line in machine.lines if "--rw=write" in line and line not in loads]
        assert "--loops=2" in fill


def test_as_much_of_the_disk_is_driven_as_is_asked() -> None:
    machine = Machine()
    assert recorded(machine, extent=Extent(span_mib=1024)).span_mib == 1024
    driven = [line for line in machine.lines if "--rw=" in line]
    assert driven
    assert all(f"--size={1 << 30}" in line for line in driven)


def test_a_disk_that_is_smaller_than_the_span_is_not_written_to() -> None:
    machine = Machine()
    with pytest.raises(OutOfSpaceError, match="has 1024 MiB, and 1025 are needed: lower --span"):
        recorded(machine, extent=Extent(span_mib=1025))
    assert not [line for line in machine.lines if "--rw" in line]


def test_a_disk_that_is_not_there_is_said_so() -> None:
    machine = Machine(absent=True)
    with pytest.raises(UsageError, match="nvme-XYZ is no disk of this machine"):
        recorded(machine)


def test_a_disk_is_named_by_its_identity() -> None:
    machine = Machine()
    with pytest.raises(NotAllowedError, match="after the next boot"):
        recorded(machine, "/dev/sdb")
    assert machine.lines == []


def test_what_a_cache_answered_is_not_recorded() -> None:
    with pytest.raises(BlockedError, match="a cache answered"):
        recorded(Machine(cached=True))
