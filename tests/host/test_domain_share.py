"""What a domain has of the machine, on libvirt's test driver, which knows no cap and no balloon."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from xenvm.errors import (
    InvalidRequestError,
    InvalidStateError,
    NotFoundError,
    NotSupportedError,
    OvercommitError,
    ReallocationError,
    SpecError,
    ToolstackError,
)
from xenvm.host import Domain, Host, connect
from xenvm.host.exclusive_pcpu import sharers
from xenvm.host.reallocation import reallocate, share_of
from xenvm.model.allocation import Allocation, Exclusivity, Scheduling, VcpuPlace
from xenvm.model.domain import DomainConfig
from xenvm.model.quantities import CpuSet

MIB = 1024
NODE = """<node>
  <cpu><mhz>1000</mhz><model>i686</model><active>4</active><nodes>2</nodes><sockets>1</sockets>
  <cores>2</cores><threads>1</threads></cpu>
  <memory>4194304</memory>
  <domain type='xen'><name>shop</name><memory>1048576</memory><currentMemory>524288</currentMemory>
  <vcpu current='1'>2</vcpu><os><type>hvm</type></os></domain>
</node>"""


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    node = tmp_path / "node.xml"
    node.write_text(NODE)
    with connect(f"test://{node}") as host:
        yield host


@pytest.fixture
def running(host: Host) -> Domain:
    return host.domain("shop")


@pytest.fixture
def off(host: Host) -> Domain:
    return host.define(
        DomainConfig(name="off", memory_kib=256 * MIB, max_vcpus=4, vcpus=2, kernel="/boot/vmlinuz")
    )


def test_vcpus_are_counted_plugged_and_unplugged(running: Domain) -> None:
    counts = running.vcpus.counts
    assert (counts.now, counts.most) == (1, 2)
    running.vcpus.plug(2)
    assert running.vcpus.counts.now == running.config().vcpus == 2
    running.vcpus.plug(1)
    assert running.vcpus.counts.now == 1
    assert running.vcpus.time_s > 0


@pytest.mark.parametrize("count", [0, 3, -1])
def test_more_vcpus_than_it_may_have_are_refused(running: Domain, count: int) -> None:
    with pytest.raises(SpecError, match=f"shop can have 1 to 2 vCPUs, not {count}"):
        running.vcpus.plug(count)


def test_the_most_vcpus_and_memory_are_set_for_the_next_start(off: Domain) -> None:
    off.vcpus.set_most(8)
    off.memory.set_most(512 * MIB)
    assert off.vcpus.counts.most == 8
    assert off.memory.most_kib == 512 * MIB
    for deed in (off.vcpus.set_most, off.memory.set_most):
        with pytest.raises(SpecError):
            deed(0)


def test_memory_is_read_and_set_within_what_it_may_have(running: Domain, off: Domain) -> None:
    assert (running.memory.now_kib, running.memory.most_kib) == (512 * MIB, 1024 * MIB)
    running.memory.set(768 * MIB)
    assert running.memory.now_kib == 768 * MIB
    off.memory.set(128 * MIB)
    assert off.memory.now_kib == 128 * MIB
    with pytest.raises(SpecError, match="shop can have 1 to 1048576 KiB"):
        running.memory.set(1025 * MIB)


def test_a_pin_of_one_that_is_off_is_in_its_definition(off: Domain) -> None:
    off.vcpus.pin(1, CpuSet.parse("2-3"))
    assert [(pin.vcpu, str(pin.cpus)) for pin in off.config().pins] == [(1, "2-3")]
    with pytest.raises(InvalidStateError, match="start it first"):
        off.vcpus.places()


def test_a_pin_to_a_pcpu_that_is_not_there_is_refused(running: Domain) -> None:
    with pytest.raises(SpecError, match="pCPUs 0 to 3"):
        running.vcpus.pin(0, CpuSet.of([4]))
    with pytest.raises(SpecError, match="pCPUs 0 to 3"):
        running.vcpus.pin(0, CpuSet.of([]))


def test_where_vcpus_run_takes_a_dom0(running: Domain) -> None:
    with pytest.raises(NotSupportedError, match="vcpu-list"):
        running.vcpus.places()


def test_the_weight_of_one_that_is_off_is_in_its_definition(off: Domain) -> None:
    off.vcpus.set_weight(512)
    assert off.config().weight == 512
    assert off.vcpus.scheduling == Scheduling(weight=512, cap_percent=None)


@pytest.mark.parametrize("weight", [0, 65536])
def test_a_weight_that_xen_does_not_take_is_refused(off: Domain, weight: int) -> None:
    with pytest.raises(SpecError, match="1 to 65535"):
        off.vcpus.set_weight(weight)


def test_the_cap_of_one_that_is_off_is_remembered_and_forgotten(off: Domain) -> None:
    off.vcpus.set_cap(150)
    assert off.config().cap_percent == 150
    assert off.vcpus.scheduling.kept_cap_percent == 150
    assert not off.vcpus.scheduling.has_lost_cap
    off.vcpus.set_cap(0)
    assert off.config().cap_percent is None
    with pytest.raises(SpecError, match="0 to 400 %"):
        off.vcpus.set_cap(401)


def test_a_weight_that_the_hypervisor_does_not_take_is_found_by_reading_back(
    running: Domain,
) -> None:
    with pytest.raises(ToolstackError, match="was given weight 512, and Xen has 50"):
        running.vcpus.set_weight(512)


def test_a_cap_that_cannot_be_set_is_not_remembered(running: Domain) -> None:
    with pytest.raises(InvalidRequestError):
        running.vcpus.set_cap(50)
    assert running.config().cap_percent is None


def test_a_cap_that_was_lost_is_told() -> None:
    assert Scheduling(weight=256, cap_percent=0, kept_cap_percent=50).has_lost_cap
    assert not Scheduling(weight=256, cap_percent=50, kept_cap_percent=50).has_lost_cap
    assert not Scheduling(weight=256, cap_percent=50).has_lost_cap, "it is somebody else's"


def test_a_host_tells_its_pcpus_and_the_free_memory_of_each_node() -> None:
    with connect("test:///default") as host:
        capacity = host.capacity
        assert capacity.pcpus == 16
        assert capacity.free_memory_by_node_kib == (2048, 4096)  # its own units


def test_a_change_that_fails_half_way_is_undone(host: Host, running: Domain) -> None:
    before = share_of(running)
    wanted = {"shop": Allocation(memory_mib=400, weight=512)}
    with pytest.raises(ReallocationError, match="weight of shop from 50 to 512") as caught:
        reallocate(host, wanted)
    assert caught.value.standing == ("weight of shop from 50 to 512",) or not caught.value.standing
    assert share_of(running) == before


def test_a_change_that_is_interrupted_is_undone(host: Host, running: Domain) -> None:
    before = share_of(running)

    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reallocate(host, {"shop": Allocation(memory_mib=400, vcpus=2)}, tell=interrupt)
    assert share_of(running) == before


def test_a_change_is_made_step_by_step_and_once(host: Host, running: Domain) -> None:
    told: list[str] = []
    wanted = {"shop": Allocation(memory_mib=400, vcpus=2)}
    steps = reallocate(host, wanted, tell=lambda step: told.append(str(step)))
    assert told == [str(step) for step in steps]
    assert told == ["memory_mib of shop from 512 to 400", "vcpus of shop from 1 to 2"]
    assert reallocate(host, wanted) == ()
    assert (running.memory.now_kib, running.vcpus.counts.now) == (400 * MIB, 2)


def test_what_cannot_be_had_is_refused_before_anything_changes(host: Host, running: Domain) -> None:
    before = share_of(running)
    with pytest.raises(SpecError, match="nobody: the host has no such domain"):
        reallocate(host, {"shop": Allocation(memory_mib=400), "nobody": Allocation(weight=1)})
    with pytest.raises(OvercommitError, match="shop needs 600 MiB and the host has 512 MiB free"):
        reallocate(host, {"shop": Allocation(memory_mib=600)})
    assert share_of(running) == before


def test_overcommit_names_both_numbers() -> None:
    error = OvercommitError("shop", needed_kib=300 * MIB, free_kib=200 * MIB)
    assert (error.needed_kib, error.free_kib) == (300 * MIB, 200 * MIB)
    assert "shop needs 300 MiB and the host has 200 MiB free" in str(error)


def place(domid: int, number: int, cpus: str) -> VcpuPlace:
    return VcpuPlace(
        domid=domid,
        domain=f"d{domid}",
        number=number,
        pcpu=0,
        time_s=0.0,
        cpus=CpuSet.parse(cpus),
    )


def test_a_pcpu_is_shared_by_every_vcpu_that_may_run_there_but_its_owner() -> None:
    owner, twin, dom0, other = (
        place(1, 0, "1"),
        place(1, 1, "0-1"),
        place(0, 0, "0-1"),
        place(2, 0, "0"),
    )
    shared = sharers([owner, twin, dom0, other], owner, 1)
    assert shared == (twin, dom0)
    told = Exclusivity(pcpu=1, owner=owner, excluded=(), sharing=shared)
    assert not told.holds
    assert str(told) == "pCPU 1 is vCPU 0 of d1's, and shared with vCPU 1 of d1, vCPU 0 of d0"
    assert Exclusivity(pcpu=1, owner=owner, excluded=shared, sharing=()).holds


class Ending:
    """A domain that ends while it is looked at."""

    name = "ending"
    is_active = True

    @property
    def vcpus(self) -> None:
        raise NotFoundError("no domain with a matching UUID")


def test_a_domain_that_ends_meanwhile_keeps_no_other_from_its_cap(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = SimpleNamespace(has_lost_cap=True)
    vcpus = SimpleNamespace(scheduling=lost, put_back_cap=lambda: 50)
    other = SimpleNamespace(name="other", is_active=True, vcpus=vcpus)
    monkeypatch.setattr(host, "list_domains", lambda: [Ending(), other])
    assert host.put_back_caps() == ["other"]
