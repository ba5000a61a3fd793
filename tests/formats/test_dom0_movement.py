"""What Dom0 prints of a domain on the move."""

from __future__ import annotations

from uuid import UUID

import pytest

from xenvm.formats.dom0_movement import (
    activity_of,
    disk_identities,
    feature_words,
    marked_lines,
    version_of,
)
from xenvm.model.movement import Activity

GUEST = "2b5a0f1e-0000-4000-8000-000000000001"
HEAD = (
    "Name                                        ID   Mem VCPUs\tState\tTime(s)"
    "   UUID                            Reason-Code\tSecurity Label\n"
    "Domain-0                                     0  1024     2     r-----      31.5"
    " 00000000-0000-0000-0000-000000000000        -                -\n"
)


def row(flags: str, reason: str = "-") -> str:
    return f"{HEAD}a guest 1                                    12    96     1     {flags}       0.4 {GUEST}        {reason}                -\n"  # noqa: E501


@pytest.mark.parametrize(
    ("text", "activity", "domid"),
    [
        (row("-b----"), Activity.RUNNING, 12),
        (row("r-----"), Activity.RUNNING, 12),
        (row("------"), Activity.RUNNING, 12),
        (row("--p---"), Activity.PAUSED, 12),
        (row("---s--", "2"), Activity.SUSPENDED, 12),
        (row("--ps--", "2"), Activity.SUSPENDED, 12),
        (row("---s--", "0"), Activity.ENDED, 12),
        (row("---sc-", "3"), Activity.CRASHED, 12),
        (row("--psd-", "2"), Activity.DYING, 12),
        (HEAD, Activity.ABSENT, None),
        ("", Activity.ABSENT, None),
    ],
)
def test_what_xen_does_with_a_domain_is_in_its_flags(
    text: str, activity: Activity, domid: int | None
) -> None:
    assert activity_of(text, UUID(GUEST)) == (activity, domid)


def test_what_is_left_of_a_domains_last_life_is_not_taken_for_it() -> None:
    dying = f"(null)   5   0   1   --psd-   9.0 {GUEST}   0   -\n"
    assert activity_of(HEAD + dying, UUID(GUEST)) == (Activity.DYING, 5)
    alive = row("-b----").removeprefix(HEAD)
    for text in (HEAD + dying + alive, HEAD + alive + dying):
        assert activity_of(text, UUID(GUEST)) == (Activity.RUNNING, 12)


def test_versions_and_features_come_from_xl_info() -> None:
    said = "xen_major              : 4\nxen_minor              : 20\nhw_caps : 078bf3fd:00000001\n"
    assert version_of(said) == (4, 20)
    assert feature_words(said) == (0x078BF3FD, 1)
    assert version_of("") == (0, 0)
    assert feature_words("") == ()


def test_lines_are_found_by_their_first_word() -> None:
    marked = marked_lines("bridge a\ndisk /dev/x\tID=1, 5 bytes\nbridge b\nodd\n")
    assert marked["bridge"] == ("a", "b")
    assert disk_identities(marked["disk"]) == {"/dev/x": "ID=1, 5 bytes"}
