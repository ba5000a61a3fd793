"""Two descriptions compared: in the field's terms, devices by what they are called."""

from __future__ import annotations

import dataclasses

from hypothesis import given
from hypothesis import strategies as st

from xenvm.model.comparison import Difference, differences
from xenvm.model.cpu import VcpuPin
from xenvm.model.domain import DomainConfig
from xenvm.model.hostdev import Hostdev
from xenvm.model.kinds import BootDevice
from xenvm.model.quantities import CpuSet, MacAddress, PciAddress
from xenvm.model.vbd import Vbd
from xenvm.model.vnif import Bandwidth, Vnif

DISK = Vbd(target="xvda", source="/dev/vg/a")
SWAP = Vbd(target="xvdb", source="/dev/vg/swap")
NIC = Vnif(bridge="xenbr0", mac=MacAddress("00:16:3e:00:00:01"))
GUEST = DomainConfig(name="web1", memory_kib=1024, vbds=(DISK, SWAP), vnifs=(NIC,))


def changed(**changes: object) -> list[Difference]:
    """Return how the guest differs from itself with these changes."""
    return differences(GUEST, dataclasses.replace(GUEST, **changes))  # type: ignore[arg-type]


def test_what_is_the_same_does_not_differ() -> None:
    assert differences(GUEST, dataclasses.replace(GUEST)) == []


def test_a_field_is_called_as_the_model_calls_it() -> None:
    assert changed(weight=512) == [Difference(path="weight", old=None, new=512)]


def test_a_vbd_is_matched_by_its_target_wherever_it_stands() -> None:
    moved = dataclasses.replace(DISK, source="/dev/vg/b")
    assert changed(vbds=(SWAP, DISK)) == []
    assert changed(vbds=(SWAP, moved)) == [
        Difference(path="vbds[xvda].source", old="/dev/vg/a", new="/dev/vg/b")
    ]


def test_a_vnif_is_matched_by_its_mac_address() -> None:
    moved = dataclasses.replace(NIC, bridge="xenbr1")
    assert [each.path for each in changed(vnifs=(moved,))] == ["vnifs[00:16:3e:00:00:01].bridge"]


def test_devices_that_came_and_went_are_told_whole() -> None:
    more = Vbd(target="xvdc", source="/dev/vg/c")
    assert changed(vbds=(DISK, more)) == [
        Difference(path="vbds[xvdb]", old=SWAP, new=None),
        Difference(path="vbds[xvdc]", old=None, new=more),
    ]


def test_devices_without_a_name_count_from_0() -> None:
    nameless = dataclasses.replace(GUEST, vnifs=(Vnif(bridge="a"), Vnif(bridge="b")))
    other = dataclasses.replace(nameless, vnifs=(Vnif(bridge="a"), Vnif(bridge="c")))
    assert [each.path for each in differences(nameless, other)] == ["vnifs[1].bridge"]


def test_two_devices_of_one_name_are_told_apart() -> None:
    twice = dataclasses.replace(GUEST, vbds=(DISK, DISK))
    other = dataclasses.replace(twice, vbds=(DISK, dataclasses.replace(DISK, source="/dev/b")))
    assert [each.path for each in differences(twice, other)] == ["vbds[xvda#2].source"]


def test_pins_are_matched_by_their_vcpu() -> None:
    pins = tuple(VcpuPin(vcpu=vcpu, cpus=CpuSet.of([vcpu])) for vcpu in (2, 0))
    pinned = dataclasses.replace(GUEST, pins=pins)
    other = dataclasses.replace(GUEST, pins=(VcpuPin(vcpu=0, cpus=CpuSet.of([5])), pins[0]))
    assert [each.path for each in differences(pinned, other)] == ["pins[0].cpus"]


def test_a_pci_device_is_matched_by_its_address() -> None:
    one, two = (Hostdev(pci=PciAddress(bus=bus, slot=0)) for bus in (3, 4))
    passed = dataclasses.replace(GUEST, hostdevs=(one, two))
    managed = dataclasses.replace(two, managed=True)
    other = dataclasses.replace(GUEST, hostdevs=(managed, one))
    assert [each.path for each in differences(passed, other)] == ["hostdevs[0000:04:00.0].managed"]


def test_a_value_within_a_value_is_told_by_its_path() -> None:
    bound = dataclasses.replace(NIC, outbound=Bandwidth(average_kib_per_s=1))
    wider = dataclasses.replace(NIC, outbound=Bandwidth(average_kib_per_s=2))
    old, new = (dataclasses.replace(GUEST, vnifs=(each,)) for each in (bound, wider))
    (found,) = differences(old, new)
    assert found.path == "vnifs[00:16:3e:00:00:01].outbound.average_kib_per_s"
    assert [each.path for each in changed(vnifs=(bound,))] == ["vnifs[00:16:3e:00:00:01].outbound"]


def test_words_in_order_are_one_difference() -> None:
    boot = (BootDevice.DISK, BootDevice.NETWORK)
    assert changed(boot=boot) == [Difference(path="boot", old=(), new=boot)]


@given(st.permutations([DISK, SWAP, Vbd(target="xvdc"), Vbd(target="xvdd")]))
def test_no_order_of_vbds_is_a_difference(vbds: list[Vbd]) -> None:
    one = dataclasses.replace(GUEST, vbds=tuple(vbds))
    other = dataclasses.replace(GUEST, vbds=tuple(sorted(vbds, key=lambda vbd: vbd.target)))
    assert differences(one, other) == []
