"""Everything that keeps a domain from moving is told at once, each with its cure."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from xenvm.model.domain import DomainConfig
from xenvm.model.hostdev import Hostdev
from xenvm.model.kinds import GuestType
from xenvm.model.movement import Manner, Means, MoveOptions
from xenvm.model.quantities import MacAddress
from xenvm.model.vbd import Vbd
from xenvm.model.vnif import Vnif
from xenvm.movement.prerequisites import lacks

DISK = "/dev/disk/by-id/wwn-1"
MAC = MacAddress.xen(7)
CONFIG = DomainConfig(
    name="web",
    uuid=UUID(int=7),
    memory_kib=98304,
    kernel="/boot/k",
    vbds=(Vbd(target="xvda", source=DISK),),
    vnifs=(Vnif(bridge="br1", mac=MAC),),
)
HERE = Means(
    host="a",
    machine_id="1" * 32,
    xen_version=(4, 17),
    hw_caps=(0b0111, 0b1),
    virt_caps=frozenset({"pv", "hvm", "shadow"}),
    free_memory_kib=1 << 20,
    bridges=frozenset({"br1"}),
    files=frozenset({"/boot/k"}),
    disks={DISK: "ID_WWN=1, 4096 bytes"},
    names=frozenset({"web", str(UUID(int=7))}),
)
THERE = replace(HERE, host="b", machine_id="2" * 32, hw_caps=(0b1111, 0b1), names=frozenset())


def said(config: DomainConfig = CONFIG, there: Means = THERE, **options: object) -> list[str]:
    wish = MoveOptions(**options)  # type: ignore[arg-type]
    return [what for what, _ in lacks(config, wish, HERE, there)]


def test_nothing_is_missing_where_the_other_host_has_all_of_it() -> None:
    assert said() == []


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"machine_id": HERE.machine_id}, "both are the host"),
        ({"names": frozenset({"web"})}, "b has a domain web"),
        ({"names": frozenset({str(UUID(int=7))})}, f"b has a domain {UUID(int=7)}"),
        ({"macs": frozenset({MAC})}, f"b has a VNIF or NIC {MAC}"),
        ({"bridges": frozenset()}, "b has no bridge br1"),
        ({"files": frozenset()}, "b has no /boot/k"),
        ({"disks": {}}, f"b has no {DISK}"),
        ({"disks": {DISK: ""}}, "nothing by which both hosts could know"),
        ({"disks": {DISK: "ID_WWN=2, 4096 bytes"}}, "is ID_WWN=2"),
        ({"xen_version": (4, 16)}, "runs Xen 4.16, older than 4.17"),
        ({"virt_caps": frozenset({"hvm"})}, "b runs no PV guests"),
        ({"hw_caps": (0b0101, 0b1)}, "word 0: 00000002"),
        ({"hw_caps": ()}, "word 0: 00000007, word 1: 00000001"),
        ({"free_memory_kib": 98304}, "it needs 104 MiB and b has 96 MiB free"),
    ],
)
def test_each_thing_that_the_destination_lacks_is_named(
    changed: dict[str, object], word: str
) -> None:
    (what,) = said(there=replace(THERE, **changed))  # type: ignore[arg-type]
    assert word in what


def test_a_device_of_the_host_cannot_move() -> None:
    assert "devices of its host" in said(replace(CONFIG, hostdevs=(Hostdev(),)))[0]


def test_a_pv_guest_moves_live_only_where_xen_has_shadow_paging() -> None:
    bare = replace(HERE, virt_caps=frozenset({"pv", "hvm", "hap"}))
    (what,) = [what for what, _ in lacks(CONFIG, MoveOptions(), bare, THERE)]
    assert "without shadow paging" in what
    assert not lacks(CONFIG, MoveOptions(manner=Manner.STILL), bare, THERE)
    assert not lacks(replace(CONFIG, guest_type=GuestType.PVH), MoveOptions(), bare, THERE)


def test_all_is_told_at_once() -> None:
    bare = Means(host="b", disks={})
    assert len(said(there=bare)) == 7


def test_a_domain_that_is_off_needs_neither_memory_nor_the_same_processors() -> None:
    weak = replace(THERE, free_memory_kib=0, hw_caps=(0, 0), xen_version=(4, 1))
    assert said(there=weak, manner=Manner.SHUT_OFF) == []


def test_another_name_makes_room() -> None:
    there = replace(THERE, names=frozenset({"web"}))
    assert said(there=there, name="web2") == []


def test_an_hvm_guest_needs_a_host_that_runs_them() -> None:
    there = replace(THERE, virt_caps=frozenset({"pv"}))
    assert said(replace(CONFIG, guest_type=GuestType.PVH), there) == ["b runs no PVH guests"]
