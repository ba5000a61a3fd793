"""What breaks CPU and memory requirements on a real Xen is noticed: a saboteur works in Dom0."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from xenvm.lab import Lab

from .conftest import Command, qualified

pytestmark = [pytest.mark.timeout(1800), pytest.mark.thorough]

OURS = "xl list | awk '/^xenvm-/ {print $1}'"
PAGER = "cp /bin/sleep /root/xenpaging; /root/xenpaging 1000"
"""A process by that name; it pages nothing."""

STARVE = """
until xl vcpu-list | grep -qE -- '-w1 .* 1 / '; do sleep 0.5; done
sleep 3
xl pause $(xl list | awk '/-w1 / {print $2}')
"""
"""Stops the second of two rivals for a pCPU, once both want it."""

LEND = """
while set -- /etc/libvirt/libxl/xenvm-*-big.xml; [ ! -e "$1" ]; do sleep 0.2; done
xl mem-set 0 960
"""
"""Takes memory from Dom0 once somebody is there who asks for too much."""

PAGE = """
swap=/var/tmp/xenvm-live-swap
trap 'swapoff $swap; rm -f $swap; exit' TERM
dd if=/dev/zero of=$swap bs=1M count=64 && chmod 600 $swap && mkswap $swap && swapon $swap
systemctl set-property --runtime xenvm-live-saboteur MemoryMax=24M
while :; do dd if=/dev/urandom of=/dev/null bs=48M count=1; sleep 1; done
"""
"""Pages out what is its own, in Dom0; Linux 6.12 does not write pages of zeros."""


def again_and_again(deed: str, names: str = OURS) -> str:
    """Return a script that does something to each of our guests, for ever."""
    return f"while :; do for d in $({names}); do {deed}; done; sleep 0.2; done"


SABOTAGE = {
    "WP-3.1-02": again_and_again("xl sched-credit2 -d $d -c 0"),
    "WP-4.4-01": again_and_again("xl vcpu-set $d 1"),
    "WP-4.4-02": again_and_again("xl sched-credit2 -d $d -w 256"),
    "WP-5.3-01": again_and_again("xl vcpu-set $d 1"),
    "WP-5.3-02": STARVE,
    "WP-5.3-03": again_and_again("xl sched-credit2 -d $d -w 256"),
    "WP-5.3-04": again_and_again("xl sched-credit2 -d $d -c 0"),
    "WP-5.3-05": again_and_again("xl vcpu-pin Domain-0 all all", "echo once"),
    "WP-5.4-01": LEND,
    "WP-5.4-03": again_and_again("xl mem-set $d 100"),
    "WP-5.4-05": PAGER,
    "WP-5.4-06": PAGE,
}
"""By requirement, what is done in Dom0 while its test runs."""


@pytest.fixture(autouse=True)
def _dom0_as_it_was(lab: Lab) -> Iterator[None]:
    yield
    lab.ssh.run("rm -f /root/xenpaging; xl mem-set 0 1024", deadline_s=60)


@pytest.mark.parametrize("requirement_id", SABOTAGE)
def test_a_broken_requirement_fails(
    lab: Lab,
    xenvm: Command,
    saboteur: Callable[[str], None],
    tmp_path: Path,
    requirement_id: str,
) -> None:
    saboteur(SABOTAGE[requirement_id])
    status, rows = qualified(xenvm, lab, tmp_path / "out", requirement_id)
    row = rows[requirement_id]
    assert (row["verdict"], status) == ("fail", 1), (row["observed"], row["detail"])
