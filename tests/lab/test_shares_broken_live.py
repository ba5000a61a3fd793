"""What breaks CPU and memory requirements on a real Xen is noticed: a saboteur works in Dom0."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from xenvm.lab import Lab

from .conftest import Command

pytestmark = [pytest.mark.timeout(1800), pytest.mark.thorough]

OURS = "xl list | awk '/^xenvm-/ {print $1}'"
PAGER = "cp /bin/sleep /root/xenpaging; /root/xenpaging 1000"
"""A process by that name; it pages nothing."""


def again_and_again(deed: str, names: str = OURS) -> str:
    """Return a script that does something to each of our guests, for ever."""
    return f"while :; do for d in $({names}); do {deed}; done; sleep 0.2; done"


SABOTAGE = {
    "WP-3.1-02": again_and_again("xl sched-credit2 -d $d -c 0"),
    "WP-4.4-01": again_and_again("xl vcpu-set $d 1"),
    "WP-4.4-02": again_and_again("xl sched-credit2 -d $d -w 256"),
    "WP-5.3-01": again_and_again("xl vcpu-set $d 1"),
    "WP-5.3-03": again_and_again("xl sched-credit2 -d $d -w 256"),
    "WP-5.3-04": again_and_again("xl sched-credit2 -d $d -c 0"),
    "WP-5.3-05": again_and_again("xl vcpu-pin Domain-0 all all", "echo once"),
    "WP-5.4-01": "sleep 20; xl mem-set 0 960",
    "WP-5.4-03": again_and_again("xl mem-set $d 100"),
    "WP-5.4-05": PAGER,
}
"""By requirement, what is done in Dom0 while its test runs."""


@pytest.fixture
def saboteur(lab: Lab) -> Iterator[Callable[[str], None]]:
    """Starts a script in Dom0; it is gone, and Dom0 as it was, afterwards."""
    unit = "xenvm-live-saboteur"

    def start(script: str) -> None:
        lab.ssh.run(f"cat >/run/{unit} <<'END'\n{script}\nEND\nsystemd-run -q --unit={unit}"
                    f" sh /run/{unit}", deadline_s=60)  # fmt: skip

    yield start
    lab.ssh.run(f"systemctl stop {unit}; rm -f /run/{unit} /root/xenpaging; xl mem-set 0 1024",
                deadline_s=60)  # fmt: skip


@pytest.mark.parametrize("requirement_id", SABOTAGE)
def test_a_broken_requirement_fails(
    lab: Lab,
    xenvm: Command,
    saboteur: Callable[[str], None],
    tmp_path: Path,
    requirement_id: str,
) -> None:
    saboteur(SABOTAGE[requirement_id])
    output = tmp_path / "out"
    done = xenvm("qualify", f"lab:{lab.name}", "--tier", "full", "--only", requirement_id,
                 "--output", str(output))  # fmt: skip
    rows = json.loads((output / "results.json").read_text())["requirements"]
    found = {row["id"]: (row["verdict"], row["observed"], row["detail"]) for row in rows}
    assert found[requirement_id][0] == "fail", (found[requirement_id], done.stdout)
