"""Sizes of memory, in whatever unit they are written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xenvm.errors import SpecError
from xenvm.model.memory_size import UNIT_BYTES, MemorySize


@given(st.integers(0, 2**64))
def test_a_size_is_read_as_it_is_written(size_bytes: int) -> None:
    size = MemorySize(size_bytes)
    assert MemorySize.parse(str(size)) == size


@given(st.integers(0, 15), st.sampled_from(sorted(UNIT_BYTES)))
def test_a_units_case_does_not_matter(number: int, unit: str) -> None:
    size = MemorySize.of(number, unit)
    assert size == MemorySize.of(number, unit.upper()) == MemorySize.parse(f"{number}{unit}")
    assert size.kib * 1024 - 1024 < size.size_bytes <= size.kib * 1024


def test_sizes_in_different_units_compare_as_sizes() -> None:
    assert MemorySize.parse("1 GiB") == MemorySize.parse("1024 MiB") > MemorySize.parse("1 GB")
    assert MemorySize.parse("2048") == MemorySize.parse("2 MiB")


@pytest.mark.parametrize("text", ["", "MiB", "-1 MiB", "1.5 GiB", "1 MiB 2", "1 parsec"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(SpecError, match="is no "):
        MemorySize.parse(text)


@pytest.mark.parametrize("text", ["17 EiB", "18446744073709551617 b"])
def test_a_size_past_all_memory_is_refused(text: str) -> None:
    with pytest.raises(SpecError, match="past 2⁶⁴"):
        MemorySize.parse(text)
