"""MAC addresses, sets of CPUs, PCI addresses."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xenvm.errors import SpecError
from xenvm.model.quantities import CPU_NUMBER_LIMIT, CpuSet, MacAddress, PciAddress


@given(st.binary(min_size=6, max_size=6))
def test_every_spelling_of_an_address_is_the_same_value(octets: bytes) -> None:
    canonical = MacAddress(octets.hex(":"))
    assert canonical == MacAddress(octets.hex("-").upper()) == MacAddress(f" {canonical} ")
    assert str(canonical) == octets.hex(":")


@given(st.integers(0, 2**24 - 1))
def test_xens_own_addresses_are_universal_and_unicast(serial: int) -> None:
    mac = MacAddress.xen(serial)
    assert (mac.is_xen, mac.is_multicast, mac.is_locally_administered) == (True, False, False)
    assert int(str(mac).replace(":", "")[6:], 16) == serial


@pytest.mark.parametrize("serial", [-1, 2**24])
def test_a_serial_outside_the_block_is_refused(serial: int) -> None:
    with pytest.raises(SpecError, match="numbers from 0"):
        MacAddress.xen(serial)


@pytest.mark.parametrize(
    "text", ["", "00:16:3e:00:00", "00:16:3e:00:00:0g", "00163e000001", "0:1:2:3:4:5"]
)
def test_what_is_no_mac_address_is_refused(text: str) -> None:
    with pytest.raises(SpecError, match="write it as"):
        MacAddress(text)


def test_the_bits_of_the_first_octet_are_told() -> None:
    assert MacAddress("02:00:00:00:00:01").is_locally_administered
    assert MacAddress("01:00:5e:00:00:01").is_multicast


cpus = st.integers(0, CPU_NUMBER_LIMIT - 1)


@settings(deadline=None)
@given(st.frozensets(cpus))
def test_a_set_of_cpus_reads_back_what_it_writes(chosen: frozenset[int]) -> None:
    value = CpuSet(chosen)
    assert (list(value), len(value)) == (sorted(chosen), len(chosen))
    if chosen:
        assert CpuSet.parse(str(value)) == value


@settings(deadline=None)
@given(st.lists(cpus, min_size=1))
def test_the_order_in_which_cpus_are_named_does_not_matter(named: list[int]) -> None:
    backwards = ",".join(map(str, reversed(named)))
    assert CpuSet.parse(backwards) == CpuSet.of(named)
    assert hash(CpuSet.parse(backwards)) == hash(CpuSet.of(named))


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("0-3,^2", "0-1,3"),
        ("^2,0-3", "0-3"),
        (" 7 , 1 - 2,0", "0-2,7"),
        ("5-5", "5"),
        ("0-16383", "0-16383"),
        ("1,^1", ""),
    ],
)
def test_items_of_a_cpu_list_count_from_left_to_right(text: str, canonical: str) -> None:
    assert str(CpuSet.parse(text)) == canonical


@pytest.mark.parametrize(
    "text",
    ["", " ", "a", "0,", ",0", "-1", "1-", "^", "^0-1", "0--1", "٣", "0;1", "1\n", "0x1", "+1"],
)
def test_what_is_no_list_of_cpus_is_refused(text: str) -> None:
    with pytest.raises(SpecError, match="write it as"):
        CpuSet.parse(text)


@pytest.mark.parametrize("text", ["0-999999999", "16384", "^999999999", "3-1", "9" * 2_000_000])
def test_a_list_of_cpus_is_bounded(text: str) -> None:
    with pytest.raises(SpecError):
        CpuSet.parse(text)


def test_a_set_of_impossible_cpus_cannot_be_made() -> None:
    with pytest.raises(SpecError, match="CPU -1 is not"):
        CpuSet.of([3, -1])


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 255), st.integers(0, 31), st.integers(0, 7))
def test_a_pci_address_reads_back_what_it_writes(
    domain: int, bus: int, slot: int, function: int
) -> None:
    address = PciAddress(domain=domain, bus=bus, slot=slot, function=function)
    assert PciAddress.parse(str(address)) == PciAddress.parse(str(address).upper()) == address


def test_a_pci_address_may_leave_out_its_domain() -> None:
    assert PciAddress.parse("A:1f.7") == PciAddress(bus=10, slot=31, function=7)
    assert str(PciAddress.parse("A:1f.7")) == "0000:0a:1f.7"


@pytest.mark.parametrize(
    "text", ["", "0000:00:00", "0000:00:00.8", "0000:00:20.0", "0000:100:00.0", "g:0.0", "0:0.0\n"]
)
def test_what_is_no_pci_address_is_refused(text: str) -> None:
    with pytest.raises(SpecError):
        PciAddress.parse(text)


def test_a_pci_address_out_of_bounds_cannot_be_made() -> None:
    with pytest.raises(SpecError, match="the slot of a PCI address is 0 to 0x1f, not 0x20"):
        PciAddress(bus=0, slot=32)
