"""xenvm bench on a real Xen, from the command line to the report; and its gate, closing."""

from __future__ import annotations

import json
import logging
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import pytest

from xenvm.bench.block import BlockDriver, device_of
from xenvm.bench.catalogue import metric
from xenvm.bench.compute import ComputeDriver
from xenvm.bench.decision import decide, figure
from xenvm.bench.measuring import Driver, Setting, Timing
from xenvm.bench.network import NetworkDriver
from xenvm.bench.pairing import Pairing
from xenvm.host import Host
from xenvm.host.probe import ProbeImage
from xenvm.lab import Lab
from xenvm.model.benchmark import (
    PAIRS_LEAST,
    Criterion,
    Decision,
    Metric,
    Outcome,
    Pair,
    Scale,
)
from xenvm.model.verdict import EvidenceClass
from xenvm.qualify.dom0 import Dom0
from xenvm.qualify.journal import JOURNAL_FILE, Journal, Ledger
from xenvm.qualify.rigs import block_rig, compute_rig, network_rig
from xenvm.qualify.workshop import Workshop
from xenvm.waiting import wait_until

from .conftest import Command, argv, state_of

log = logging.getLogger(__name__)
pytestmark = pytest.mark.timeout(1800)

FEW = ("network.dom0.tcp-rr", "network.dom0.tcp-tx-1")
SHORT = Setting(evidence=EvidenceClass.NESTED, timing=Timing(ramp_s=1, runtime_s=1))
MARGIN = 0.15
"""Of a rate against its baseline, and of a leg against itself."""
FEW_PAIRS = 8
RUNS, AGAIN = 5, 20


def only(*names: str) -> list[str]:
    return [word for name in names for word in ("--only", name)]


def pytest_benchmark(*words: str) -> subprocess.CompletedProcess[str]:
    command = str(Path(sys.executable).with_name("pytest-benchmark"))
    return subprocess.run(
        [command, *words], capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.usefixtures("image")
def test_a_run_from_the_command_line_to_the_report(
    lab: Lab, host: Host, xenvm: Command, tmp_path: Path
) -> None:
    """The lab gets a verdict on the mechanism, and is left as it was."""
    dom0 = Dom0(host, f"lab:{lab.name}")
    before = dom0.look()
    done = xenvm("bench", f"lab:{lab.name}", *only(*FEW), "--output", str(tmp_path / "out"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("Mechanism only: nested evidence.")
    assert "MEASURED" in done.stdout
    assert dom0.look() == before
    document = json.loads((tmp_path / "out/benchmark.json").read_text())
    found = {one["extra_info"]["name"]: one for one in document["benchmarks"]}
    assert {*found} == {*FEW}
    for one in found.values():
        info, stats = one["extra_info"], one["stats"]
        assert not [pair for pair in info["pairs"] if pair["candidate"]["invalid"]]
        assert stats["rounds"] == len(info["pairs"]) == 3
        assert info["verdict"] is None
    latency = found["network.dom0.tcp-rr"]
    assert latency["stats"]["median"] == latency["extra_info"]["value"]
    assert document["machine_info"]["evidence"] == "nested"
    assert document["machine_info"]["xen"] == document["xenvm"]["host"]["xen_version"]
    page = (tmp_path / "out/report.html").read_text()
    assert page.count("<svg") >= len(FEW)
    file = str(tmp_path / "out/benchmark.json")
    compared = pytest_benchmark("compare", file)
    assert compared.returncode == 0, compared.stderr
    assert latency["extra_info"]["name"] in compared.stdout


def test_what_cannot_be_decided_is_one_line_and_leaves_the_host_as_it_was(
    lab: Lab, host: Host, xenvm: Command, tmp_path: Path
) -> None:
    """A baseline of other hardware, a peer that is not there, a Dom0 without fio."""
    before = Dom0(host, "").look()
    target = f"lab:{lab.name}"
    (tmp_path / "baselines").mkdir()
    other = {
        "schema": "xenvm-baseline/1", "recorded_at": "2026", "tier": "quick",
        "span_mib": 256, "figures": [],
        "fingerprint": {
            "machine": "Maker Rack 1", "firmware": "", "cpu": "", "pcpus": None,
            "memory_mib": None, "disk": "", "disk_class": None, "nic": "",
            "link_mbit_s": None, "xen": "", "kernel": "",
        },
    }  # fmt: skip
    (tmp_path / "baselines/baseline-x.json").write_text(json.dumps(other))
    done = xenvm("bench", target, "--baseline", str(tmp_path / "baselines"), *only("compute.cpu"))
    assert (done.returncode, "machine" in done.stderr) == (2, True), done.stderr
    done = xenvm(
        "bench", target, "--peer", "10.0.2.2:9", *only("network.peer.tcp-rr"),
        "--output", str(tmp_path / "peer"),
    )  # fmt: skip
    assert done.returncode == 3
    assert "10.0.2.2 does not answer on port 9: iperf3 -s there" in done.stdout
    host.shell.run("mv /usr/bin/fio /usr/bin/fio.away")
    try:
        done = xenvm("bench", target, *only("block.lvm"), "--output", str(tmp_path / "fio"))
    finally:
        host.shell.run("mv /usr/bin/fio.away /usr/bin/fio")
    assert done.returncode == 3
    assert done.stdout.count("Dom0 has no fio: apt-get install fio") == 1
    assert Dom0(host, "").look() == before


@pytest.mark.thorough
@pytest.mark.usefixtures("image")
def test_what_a_run_recorded_the_next_is_held_against(
    lab: Lab, xenvm: Command, tmp_path: Path
) -> None:
    """Had it been ten times as fast before, the gate closes."""
    name, baselines = "network.dom0.tcp-rr", tmp_path / "baselines"
    asked = ("bench", f"lab:{lab.name}", *only(name), "--baseline", str(baselines))

    def decided_on(folder: Path, *words: str) -> tuple[int, list[dict[str, object]]]:
        done = xenvm(*asked, *words, "--output", str(folder))
        (one,) = json.loads((folder / "benchmark.json").read_text())["benchmarks"]
        return done.returncode, one["extra_info"]["decisions"]

    assert decided_on(tmp_path / "recorded", "--record") == (0, [])
    (file,) = baselines.iterdir()
    _, (decision,) = decided_on(tmp_path / "compared")
    assert decision["source"] == "the baseline"
    assert decision["outcome"] in {"pass", "warn"}
    recorded = json.loads(file.read_text())
    (figure_before,) = recorded["figures"]
    figure_before["rate"] /= 10
    file.write_text(json.dumps(recorded))
    status, (decision,) = decided_on(tmp_path / "slower")
    assert (status, decision["outcome"]) == (1, "fail")


@pytest.mark.thorough
@pytest.mark.usefixtures("image")
def test_a_run_of_each_leg_against_itself_tells_the_noise(
    lab: Lab, xenvm: Command, tmp_path: Path
) -> None:
    folder = tmp_path / "noise"
    target = f"lab:{lab.name}"
    done = xenvm("bench", target, "--noise", *only("network.dom0.tcp-rr"), "--output", str(folder))
    assert done.returncode == 0, done.stdout + done.stderr
    (one,) = json.loads((folder / "benchmark.json").read_text())["benchmarks"]
    assert one["extra_info"]["noise"] > 0
    assert one["extra_info"]["decisions"][0]["source"] == "itself"


@pytest.mark.thorough
@pytest.mark.usefixtures("image")
def test_a_run_that_is_interrupted_in_mid_leg_leaves_nothing_behind(
    lab: Lab, tmp_path: Path
) -> None:
    before = state_of(lab)
    words = (
        "bench",
        f"lab:{lab.name}",
        *only("block.lvm.seqread"),
        "--output",
        str(tmp_path / "o"),
    )
    run = subprocess.Popen(argv(*words), stdout=subprocess.PIPE, text=True)
    read_by_dom0 = "pgrep -f ^fio.*--rw=read"
    try:
        wait_until(
            "a leg in Dom0",
            lambda: lab.ssh.run(read_by_dom0, deadline_s=60, check=False).stdout,
            deadline_s=400,
        )
        run.send_signal(signal.SIGINT)
        said, _ = run.communicate(timeout=240)
    finally:
        run.kill()
        run.wait()
    assert run.returncode == 3, said
    assert "Traceback" not in said
    assert state_of(lab) == before
    assert (tmp_path / "o/report.html").is_file()


@dataclass(frozen=True, slots=True, kw_only=True)
class Throttle:
    """What takes a share of a guest's speed away.

    Attributes:
        metric: What becomes slower, by the guest's own rate.
        rig: Returns who measures it.
        slow: Leaves the guest so much at most, in the metric's unit.
        undo: A script that gives Dom0 back what ``slow`` took from it, if it did.
    """

    metric: str
    rig: Callable[[Workshop], Driver]
    slow: Callable[[Driver, Host, float], None]
    undo: str = ":"


def slow_vnif(driver: Driver, host: Host, left: float) -> None:
    assert isinstance(driver, NetworkDriver)
    vif = f"vif{driver.guest.domain.domid}.0"
    rate = f"rate {round(8 * left)}bit burst 256k latency 50ms"
    host.shell.run(f"tc qdisc replace dev %s root tbf {rate}", vif)


def slow_volume(driver: Driver, host: Host, left: float) -> None:
    assert isinstance(driver, BlockDriver)
    number = device_of(host.shell, driver.span.path)
    host.shell.run(
        "mkdir -p /run/blkio && mount -t cgroup -o blkio none /run/blkio && echo %s >%s",
        f"{number} {round(left)}", "/run/blkio/blkio.throttle.read_bps_device",
    )  # fmt: skip


def slow_vcpu(driver: Driver, host: Host, left: float) -> None:
    del host, left
    assert isinstance(driver, ComputeDriver)
    driver.guest.domain.vcpus.set_cap(round(100 * (1 - 2 * MARGIN)))


THROTTLES = {
    "vnif": Throttle(
        metric="network.guest.tcp-rx-1",
        rig=lambda workshop: network_rig(workshop, "guest", SHORT),
        slow=slow_vnif,
    ),
    "volume": Throttle(
        metric="block.lvm.seqread",
        rig=lambda workshop: block_rig(workshop, "lvm", SHORT, span_mib=64),
        slow=slow_volume,
        undo="umount /run/blkio; rmdir /run/blkio",
    ),
    "vcpu": Throttle(
        metric="compute.cpu",
        rig=lambda workshop: compute_rig(workshop, SHORT),
        slow=slow_vcpu,
    ),
}


@pytest.fixture
def workshop(host: Host, image: ProbeImage, tmp_path: Path) -> Iterator[Workshop]:
    made = Workshop(host, Ledger(Journal(tmp_path / JOURNAL_FILE), "gate"), image)
    try:
        yield made
    finally:
        made.close()


def alone(name: str) -> Metric:
    """Return a metric by the guest's rate: a device that is slow is slow for Dom0 too."""
    return replace(metric(name), reference=False)


def decided(pairing: Pairing, criterion: Criterion) -> Decision:
    taken: list[Pair] = []
    pairs = pairing.null_pairs() if criterion.scale is Scale.RATIO else pairing.pairs()
    while True:
        answer = decide(pairing.metric, taken, criterion)
        if isinstance(answer, Decision):
            log.info("%s: %s", answer.outcome, answer.reason)
            return answer
        taken += islice(pairs, answer.wanted)


@pytest.mark.thorough
@pytest.mark.timeout(5400)
@pytest.mark.parametrize("name", THROTTLES)
def test_a_guest_that_is_throttled_by_two_margins_closes_the_gate(
    workshop: Workshop, host: Host, name: str
) -> None:
    """Four times of five at least."""
    throttle = THROTTLES[name]
    driver = throttle.rig(workshop)
    pairing = Pairing(driver=driver, metric=alone(throttle.metric))
    before = figure(pairing.metric, [*islice(pairing.pairs(), FEW_PAIRS)]).rate
    criterion = Criterion(scale=Scale.RATE, limit=before, margin=MARGIN, minimum_pairs=PAIRS_LEAST)
    try:
        throttle.slow(driver, host, before * (1 - 2 * MARGIN))
        said = [decided(pairing, criterion) for _ in range(RUNS)]
    finally:
        host.shell.run(throttle.undo)
    assert sum(one.outcome is Outcome.FAIL for one in said) >= RUNS - 1, said


@pytest.mark.thorough
@pytest.mark.timeout(5400)
def test_a_guest_that_nobody_touches_never_closes_the_gate(workshop: Workshop) -> None:
    """Twenty times the same leg against itself, with the margin of the throttles.

    Of a volume: on an emulated host whole blocks are read much more evenly than packets go.
    """
    throttle = THROTTLES["volume"]
    pairing = Pairing(driver=throttle.rig(workshop), metric=alone(throttle.metric))
    criterion = Criterion(scale=Scale.RATIO, limit=1.0, margin=MARGIN, minimum_pairs=PAIRS_LEAST)
    said = [decided(pairing, criterion) for _ in range(AGAIN)]
    assert not [one for one in said if one.outcome in {Outcome.FAIL, Outcome.INVALID}], said
    assert [one for one in said if one.outcome is Outcome.PASS], "too noisy to decide anything"
