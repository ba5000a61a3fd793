"""The drivers of the benchmarks on a real Xen: each gives samples that count, but for a cache."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from xenvm.bench.catalogue import BACKINGS, PATHS
from xenvm.bench.measuring import Driver, Setting, Timing
from xenvm.bench.network import Peer
from xenvm.errors import BlockedError, DeviceInUseError, NotAllowedError, OutOfSpaceError
from xenvm.host import Host
from xenvm.host.probe import ProbeImage
from xenvm.lab.qemu import SCRATCH_SERIAL
from xenvm.model.benchmark import Leg, Sample
from xenvm.model.verdict import EvidenceClass
from xenvm.qualify.dom0 import Dom0
from xenvm.qualify.journal import JOURNAL_FILE, Journal, Ledger
from xenvm.qualify.rigs import aggregate_rig, block_rig, compute_rig, network_rig
from xenvm.qualify.workshop import Workshop

pytestmark = [pytest.mark.timeout(1800), pytest.mark.thorough]

SETTING = Setting(evidence=EvidenceClass.NESTED, timing=Timing(ramp_s=1, runtime_s=2))
SCRATCH = f"/dev/disk/by-id/virtio-{SCRATCH_SERIAL}"
SPAN_MIB = 128
PEER = Peer(address="10.0.2.99")
MAKE_PEER = Path(__file__).with_name("peer.sh")


@pytest.fixture
def workshop(host: Host, image: ProbeImage, tmp_path: Path) -> Iterator[Workshop]:
    """Afterwards the host is as it was."""
    dom0 = Dom0(host, str(host.uri))
    before = dom0.look().things
    made = Workshop(host, Ledger(Journal(tmp_path / JOURNAL_FILE), "bnch"), image)
    yield made
    made.close()
    assert set(dom0.look().things) == set(before)


@pytest.fixture
def peer(host: Host) -> Iterator[Peer]:
    host.shell.run("sh -s", stdin=MAKE_PEER.read_text())
    yield PEER
    host.shell.run("ip netns pids peer | xargs kill; ip netns delete peer; ip link delete peer0; :")


def samples(driver: Driver) -> dict[tuple[str, Leg], Sample]:
    """Return one sample of each metric and leg."""
    return {
        (metric.name, leg): driver.sample(metric, leg, number=1)
        for metric in driver.metrics
        for leg in ((Leg.GUEST, Leg.DOM0) if metric.reference else (Leg.GUEST,))
    }


def worthless(taken: dict[tuple[str, Leg], Sample]) -> dict[tuple[str, Leg], str]:
    return {key: one.invalid for key, one in taken.items() if one.invalid or one.value <= 0}


@pytest.mark.parametrize("backing", BACKINGS)
def test_both_legs_drive_the_same_device(workshop: Workshop, backing: str) -> None:
    driver = block_rig(workshop, backing, SETTING, allowed=[SCRATCH], span_mib=SPAN_MIB)
    taken = samples(driver)
    assert len(taken) == 10
    assert not worthless(taken)
    assert all(0.95 <= one.details["device_ratio"] <= 1.10 for one in taken.values())
    latency = taken[f"block.{backing}.randread-qd1", Leg.GUEST]
    assert latency.value <= latency.details["p99_s"]


def test_what_dom0s_page_cache_answers_counts_for_nothing(workshop: Workshop) -> None:
    driver = block_rig(workshop, "file", SETTING, span_mib=32, direct=False)
    reads = next(each for each in driver.metrics if each.name.endswith("seqread"))
    sample = driver.sample(reads, Leg.GUEST, number=1)
    assert sample.invalid.startswith("a cache answered, not the device")
    assert sample.details["device_ratio"] < 0.95
    assert driver.sample(reads, Leg.DOM0, number=1).invalid == ""


@pytest.mark.parametrize("path", PATHS)
def test_packets_go_where_they_are_meant_to(workshop: Workshop, path: str, peer: Peer) -> None:
    driver = network_rig(workshop, path, SETTING, peer=peer)
    taken = samples(driver)
    assert len(taken) == (12 if path == "peer" else 6)
    assert not worthless(taken)
    assert {one.details["mtu_bytes"] for one in taken.values()} == {1500}


def test_guests_at_once_share_a_device_and_dom0(workshop: Workshop) -> None:
    driver = aggregate_rig(workshop, SETTING, guests=2, span_mib=64)
    taken = samples(driver)
    assert {name for name, _ in taken} == {
        "aggregate.block.read.guests-2",
        "aggregate.block.write.guests-2",
        "aggregate.block.fairness",
        "aggregate.dom0-cpu",
        "aggregate.network.dom0-capped",
    }
    assert not worthless(taken)
    assert 0.5 <= taken["aggregate.block.fairness", Leg.GUEST].value <= 1
    capped = driver.network.sample(driver.network.metrics[0], Leg.GUEST, number=2)
    assert taken["aggregate.network.dom0-capped", Leg.GUEST].value < capped.value
    assert workshop.host.domain("Domain-0").vcpus.scheduling.cap_percent == 0


def test_a_guest_computes_like_dom0(workshop: Workshop) -> None:
    taken = samples(compute_rig(workshop, SETTING))
    assert not worthless(taken)
    for name in ("compute.cpu", "compute.memory-bandwidth"):
        ratio = taken[name, Leg.GUEST].value / taken[name, Leg.DOM0].value
        assert 0.2 < ratio < 5


def test_what_cannot_be_measured_is_refused_before_anything_is_written(workshop: Workshop) -> None:
    shell = workshop.host.shell
    with pytest.raises(BlockedError, match="no volume group of the host has 99999 MiB free"):
        block_rig(workshop, "lvm", SETTING, span_mib=99999)
    with pytest.raises(BlockedError, match="--allow /dev/disk/by-id/… names one"):
        block_rig(workshop, "partition", SETTING)
    with pytest.raises(NotAllowedError, match="name it by"):
        block_rig(workshop, "partition", SETTING, allowed=["/dev/vdc"])
    with pytest.raises(OutOfSpaceError, match="more than 99999 are needed"):
        block_rig(workshop, "partition", SETTING, allowed=[SCRATCH], span_mib=99999)
    with pytest.raises((BlockedError, DeviceInUseError), match="is in use"):
        block_rig(workshop, "partition", SETTING, allowed=["/dev/disk/by-id/virtio-xenvm-lab-root"])
    with pytest.raises(OutOfSpaceError, match="99999 are needed: make room"):
        block_rig(workshop, "file", SETTING, span_mib=99999)
    with pytest.raises(BlockedError, match="--peer ADDRESS"):
        network_rig(workshop, "peer", SETTING)
    with pytest.raises(BlockedError, match=r"10\.0\.2\.2 does not answer on port 9: iperf3 -s"):
        network_rig(workshop, "peer", SETTING, peer=Peer(address="10.0.2.2", port=9))
    shell.run("mkswap %s", SCRATCH, deadline_s=60)
    with pytest.raises((BlockedError, DeviceInUseError), match="is in use"):
        block_rig(workshop, "partition", SETTING, allowed=[SCRATCH])
    shell.run("wipefs -qa %s", SCRATCH)
