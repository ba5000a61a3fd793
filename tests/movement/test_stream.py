"""The processes that send and receive a guest's memory, found by their domain alone."""

from __future__ import annotations

import pytest

from xenvm.movement.stream import helpers

SAID = (
    "  812 /usr/lib/xen-4.17/bin/libxl-save-helper --save-domain 38 -1 12 1 0\n"
    "  813 /usr/lib/xen-4.17/bin/libxl-save-helper --save-domain 12 -1 120 1 0\n"
    "10901 libxl-save-helper --restore-domain 12 13 7 1 0 0\n"
    "10902 grep libxl-save-helper --save-domain 38 -1 12 1 0\n"
    "   14 [kworker/0:12]\n"
)


@pytest.mark.parametrize(("domid", "pids"), [(12, (812,)), (7, (10901,)), (1, ()), (None, ())])
def test_a_helper_is_its_domains_and_no_others(domid: int | None, pids: tuple[int, ...]) -> None:
    assert helpers(SAID, domid) == pids
