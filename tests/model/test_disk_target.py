"""Names of disks, and Xen's numbers for them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xenvm.errors import SpecError
from xenvm.model.disk_target import DiskTarget

TARGETS = st.one_of(
    st.builds(DiskTarget, kind=st.just("xvd"), disk=st.integers(0, 2**20 - 1),
              partition=st.integers(0, 255)),
    st.builds(DiskTarget, kind=st.just("hd"), disk=st.integers(0, 3),
              partition=st.integers(0, 63)),
    st.builds(DiskTarget, kind=st.just("sd"), disk=st.integers(0, 15),
              partition=st.integers(0, 15)),
)  # fmt: skip


@given(TARGETS)
def test_name_and_number_are_two_ways_to_say_the_same(target: DiskTarget) -> None:
    assert DiskTarget.parse(str(target)) == target
    assert DiskTarget.of_number(target.number) == target


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("xvda", 51712), ("xvdb1", 51729), ("xvdp", 51952), ("xvdq", 1 << 28 | 16 << 8),
        ("xvdaa3", 1 << 28 | 26 << 8 | 3), ("hda", 768), ("hdb1", 833), ("hdc", 5632),
        ("sdb", 2064),
    ],
)  # fmt: skip
def test_the_numbers_are_xens(name: str, number: int) -> None:
    assert DiskTarget.parse(name).number == number


@pytest.mark.parametrize(
    "name", ["", "vda", "xvd", "xvdA", "hde", "sdq", "xvda0", "xvda256", "sda16"]
)
def test_what_xen_cannot_number_is_refused(name: str) -> None:
    with pytest.raises(SpecError, match="no VBD of Xen: use xvda"):
        DiskTarget.parse(name)


def test_a_number_of_no_vbd_is_refused() -> None:
    with pytest.raises(SpecError, match="25344 is no number of a VBD"):
        DiskTarget.of_number(99 << 8)
