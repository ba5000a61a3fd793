"""Which bytes lie behind a VBD, and who may have them at once."""

from __future__ import annotations

import dataclasses

from hypothesis import given
from hypothesis import strategies as st

from xenvm.model.backing import Backing, BackingUse

DISK = Backing(path="/dev/sda", identity="block 8:0")
FIRST = Backing(path="/dev/sda1", identity="block 8:1", beneath=frozenset({"block 8:0"}))
SECOND = Backing(path="/dev/sda2", identity="block 8:2", beneath=frozenset({"block 8:0"}))
ALIAS = Backing(path="/dev/disk/by-id/x", identity="block 8:0")

uses = st.builds(
    BackingUse,
    user=st.just("somebody"),
    backing=st.sampled_from([DISK, FIRST, SECOND, ALIAS]),
    writes=st.booleans(),
    shareable=st.booleans(),
)


def test_two_names_of_one_disk_overlap() -> None:
    assert DISK.overlaps(ALIAS)


def test_a_partition_overlaps_its_disk_and_not_its_neighbour() -> None:
    assert FIRST.overlaps(DISK)
    assert DISK.overlaps(FIRST)
    assert not FIRST.overlaps(SECOND)


@given(uses, uses)
def test_exclusion_is_mutual(one: BackingUse, other: BackingUse) -> None:
    assert one.excludes(other) == other.excludes(one)


@given(uses, uses)
def test_readers_never_exclude_each_other(one: BackingUse, other: BackingUse) -> None:
    readers = [dataclasses.replace(use, writes=False) for use in (one, other)]
    assert not readers[0].excludes(readers[1])


@given(uses, uses)
def test_a_writer_shares_only_what_both_call_shareable(one: BackingUse, other: BackingUse) -> None:
    writer = dataclasses.replace(one, writes=True)
    both = one.shareable and other.shareable
    assert writer.excludes(other) == (one.backing.overlaps(other.backing) and not both)
