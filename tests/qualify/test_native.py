"""Recording on a machine without Xen, whose shell answers what such a machine's does."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from xenvm.bench.catalogue import under
from xenvm.bench.measuring import Extent
from xenvm.bench.network import Peer
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
PEER = Peer(address="192.0.2.7", port=5202)
USUAL = Extent()


class Machine:
    """A machine with a disk whose counters follow what fio says, or do not."""

    def __init__(
        self,
        *,
        hypervisor: str = "",
        signs: str = "",
        cached: bool = False,
        fails: str = "nothing",
        fio: str = "fio-3.33\n",
        wavers: bool = False,
    ):
        self.lines: list[str] = []
        self._said = {
            "cat /sys/hypervisor": hypervisor,
            "wipefs": signs,
            "blockdev": f"{1 << 30}\n",
            "fio --version": fio,
            "--memcpytest": once_said("fio-3.33-memcpytest.txt"),
            "--crctest": once_said("fio-3.33-crctest.txt"),
            "--udp": once_said("iperf3-3.12-udp.json"),
            "iperf3 --client": once_said("iperf3-3.12-tcp-tx-4.json"),
            "sockperf ping-pong": once_said("sockperf-3.7-tcp-rr.txt"),
            "ip -o route get": "eth0\n",
            "stat -L": "block special file|fe|0|0\n",
        }
        self._cached, self._fails, self._wavers = cached, fails, wavers
        self._fio = once_said("fio-3.33-randread.json")
        jobs = json.loads(self._fio[self._fio.index("{") :])["jobs"]
        moved = sum(job[way]["io_bytes"] for job in jobs for way in ("read", "write"))
        self._sectors, self._step, self._slow = 0, moved // 512, 0

    def run(self, command: str, *args: str, stdin: str = "", **_how: object) -> CommandResult:
        line = command % args if args else command
        self.lines.append(line)
        status = int(self._fails in line)
        stdout = self._answer(line)
        return CommandResult(command=line, returncode=status, stdout=stdout, stderr=stdin)

    def _answer(self, line: str) -> str:
        if " fio --output" in line:
            self._sectors += 0 if self._cached else self._step
            return self._slower() if self._wavers and "=randwrite" in line else self._fio
        if "devices='254:0'" in line:
            counts = f"1 0 {self._sectors} 0 1 0 {self._sectors} 0 0 0 0"
            return f"moved 254:0 {counts}\nclock 1000.0 10.0\n"
        return next((said for start, said in self._said.items() if start in line), "")

    def _slower(self) -> str:
        """Return what fio said, with a fifth fewer requests each time."""
        self._slow += 1
        document = json.loads(self._fio[self._fio.index("{") :])
        for job in document["jobs"]:
            job["read"]["total_ios"] = round(job["read"]["total_ios"] * 0.8**self._slow)
        return json.dumps(document)


def once_said(name: str) -> str:
    return (DATA / name).read_text()


def recorded(
    machine: Machine,
    device: str = DISK,
    extent: Extent = USUAL,
    peer: Peer | None = None,
    say: Callable[[str], None] = lambda _text: None,
) -> Baseline:
    shell: HostShell = machine  # type: ignore[assignment] # the part of it that is needed
    return record_native(shell, extent, say, device=device, peer=peer)


def measured(machine: Machine) -> list[str]:
    """Return what a machine ran that measures or writes."""
    words = ("--rw", "--client", "ping-pong", "--memcpytest", "--crctest")
    return [line for line in machine.lines if any(word in line for word in words)]


@pytest.fixture(autouse=True)
def of(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Return of what the fingerprint was taken; the disk is one that spins."""
    heard: dict[str, str] = {}

    def gather(_shell: object, **of: str) -> Fingerprint:
        heard.update(of)
        spins = DeviceClass.HDD if of["device"] else None
        return Fingerprint(machine="Maker Rack 1", disk_class=spins)

    monkeypatch.setattr(native, "gather_fingerprint", gather)
    return heard


def test_each_load_is_recorded_once_for_both_kinds_of_device(of: dict[str, str]) -> None:
    found = recorded(Machine())
    again = baseline_from_json(baseline_to_json(found))
    names = [figure.metric for figure in again.figures if figure.metric.startswith("block")]
    assert len(names) == 10
    assert {"block.lvm.seqread", "block.partition.seqread"} <= {*names}
    assert all(figure.ratio is None and figure.pairs == 5 for figure in again.figures)
    assert of == {"device": DISK, "nic": ""}


def test_memory_and_cpu_are_always_recorded_and_no_disk_is_touched(of: dict[str, str]) -> None:
    machine = Machine()
    found = recorded(machine, device="")
    assert [figure.metric for figure in found.figures] == [one.name for one in under("compute")]
    assert [line.partition(" ")[2] for line in measured(machine)] == [
        *["fio --memcpytest=memcpy"] * 5,
        *["fio --crctest=sha256"] * 5,
    ]
    assert not [line for line in machine.lines if "blockdev" in line or "wipefs" in line]
    assert of == {"device": "", "nic": ""}


def test_the_way_to_a_peer_is_recorded_with_the_nic_that_leads_there(of: dict[str, str]) -> None:
    machine = Machine()
    found = recorded(machine, device="", peer=PEER)
    names = [one.name for prefix in ("compute", "network.peer") for one in under(prefix)]
    assert [figure.metric for figure in found.figures] == names
    assert all(figure.rate > 0 and figure.pairs == 5 for figure in found.figures)
    assert of == {"device": "", "nic": "eth0"}
    flows = "iperf3 --client 192.0.2.7 --port 5202 --json --omit 1 --time 3 --parallel"
    trips = "sockperf ping-pong --tcp --ip 192.0.2.7 --port 11111 --time 4"
    ran = [line for line in measured(machine) if flows in line]
    assert (len(ran), len([line for line in ran if "--reverse" in line])) == (25, 10)
    assert len([line for line in measured(machine) if trips in line]) == 5


def test_all_three_are_recorded_at_once() -> None:
    kinds = [f.metric.partition(".")[0] for f in recorded(Machine(), peer=PEER).figures]
    assert {kind: kinds.count(kind) for kind in kinds} == {"compute": 2, "network": 6, "block": 10}


@pytest.mark.parametrize(
    ("machine", "said"),
    [
        (Machine(fails="fio --version"), "this machine has no fio: apt-get install fio there$"),
        (
            Machine(fails="command -v iperf3"),
            "this machine has no iperf3: apt-get install iperf3$",
        ),
        (Machine(fails="command -v sockperf"), "has no sockperf: apt-get install sockperf$"),
        (Machine(fio="fio-2.21\n"), "this machine has fio-2.21, and 3.0 or newer is needed"),
        (Machine(fails="ip route get"), "no way leads to 192.0.2.7"),
        (Machine(fails="/dev/tcp/192.0.2.7/5202"), "5202: iperf3 -s there"),
        (Machine(fails="/dev/tcp/192.0.2.7/11111"), "11111: sockperf server --tcp there"),
        (Machine(signs="ext4\n"), "is in use"),
    ],
)
def test_nothing_is_measured_before_all_that_is_needed_is_there(
    machine: Machine, said: str
) -> None:
    with pytest.raises(BlockedError, match=said):
        recorded(machine, peer=PEER)
    assert measured(machine) == []


def test_without_a_peer_no_program_of_the_networks_is_needed() -> None:
    assert recorded(Machine(fails="perf"), device="").figures


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


@pytest.fixture
def flash(monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is one that does not spin."""
    nvme = Fingerprint(machine="Maker Rack 1", disk_class=DeviceClass.NVME)
    monkeypatch.setattr(native, "gather_fingerprint", lambda *_a, **_k: nvme)


@pytest.mark.usefixtures("flash")
def test_a_flash_disk_is_written_until_it_is_steady_before_it_is_measured_in_full() -> None:
    for tier, settling in ((Tier.QUICK, 0), (Tier.FULL, 5)):
        machine = Machine()
        assert len(recorded(machine, extent=Extent(tier=tier)).figures) == 12
        kinds = [line.partition("--rw=")[2].split()[0] for line in machine.lines if "--rw=" in line]
        assert kinds[1 : 1 + settling] == ["randwrite"] * settling
        assert kinds.count("randwrite") == settling + 5


@pytest.mark.usefixtures("flash")
def test_of_a_disk_that_is_never_steady_nothing_that_writes_is_recorded() -> None:
    said: list[str] = []
    found = recorded(Machine(wavers=True), extent=Extent(tier=Tier.FULL), say=said.append)
    names = {figure.metric for figure in found.figures}
    assert "block.lvm.seqread" in names
    assert not [name for name in names if "write" in name]
    assert "did not write steadily in 25 rounds of 40 s: nothing that writes is recorded" in (
        " ".join(said)
    )


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
    machine = Machine(fails="test -b")
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
