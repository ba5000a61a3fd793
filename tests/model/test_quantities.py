"""MAC addresses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xenvm.errors import SpecError
from xenvm.model.quantities import MacAddress


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
