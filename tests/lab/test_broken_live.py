"""What breaks a guest's life, disks or wires on a real Xen is noticed, each by its check."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import ANY

import pytest

from xenvm.lab import Lab
from xenvm.qualify.results import RESTORED

from .conftest import Command, qualified

pytestmark = [pytest.mark.timeout(1800), pytest.mark.thorough]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sabotage:
    """What is wrong with a Dom0.

    Attributes:
        prepare: A script that makes it wrong.
        work: A script that goes on doing wrong while tests run.
        undo: A script that makes it right again.
        fails: By requirement that fails of it, what its check observes.
    """

    prepare: str = ""
    work: str = ""
    undo: str = ""
    fails: Mapping[str, object]


MEET_GUESTS = """
meet() { # once the kernel of a guest of ours heeds Dom0, does what there is to do for its name
  until [ "$(xenstore-read /local/domain/$1/control/feature-poweroff)" = 1 ]; do sleep 0.5; done
  do_$2 $1
}
met=" "
while sleep 1; do
  for d in $(xenstore-list /local/domain); do
    case $met in *" $d "*) continue ;; esac
    name=$(xenstore-read /local/domain/$d/name) && [ -n "$name" ] || continue
    met="$met$d "
    case $name in xenvm-*-*) meet $d ${name##*-} & esac
  done
done
"""
"""Polls little, as each process takes a good part of a second of an emulated Dom0."""

LIFE = Sabotage(
    # libvirt asks its hook before it tells of a domain's end, and knows of one that was there when
    # it started: when one of two guests crashes, the other stops, and what is saved is cut off.
    prepare="""
    mkdir -p /etc/libvirt/hooks; hook=/etc/libvirt/hooks/libxl
    cat >$hook <<"HOOK"
#!/bin/sh
saved=/var/lib/libvirt/libxl/save/$1.save
case "$1 $2" in
*-c0?release) xl pause "${1%0}1" ;;
*-w?release) [ ! -e $saved ] || truncate -s 64K $saved ;;
esac
HOOK
    chmod 755 $hook; systemctl restart libvirtd
    """,
    # A host that runs one guest at a time, reboots one whose weight changes, and counts no packets.
    work="""
    do_s0() { echo $1 >/run/first; }
    do_s1() { xl pause $(cat /run/first); }
    do_u() { until xl sched-credit2 -d $1 | grep -qw 512; do sleep 0.5; done; xl reboot $1; }
    do_n() {
      cd /sys/class/net/vif$1.0
      cp -r statistics /run/frozen
      mount --bind /run/frozen statistics
    }
    """
    + MEET_GUESTS,
    undo="rm -rf /run/frozen /run/first /etc/libvirt/hooks/libxl; systemctl restart libvirtd",
    fails={
        "WP-2-01": 1,
        "WP-3.1-03": ANY,  # its reboot is met at one change or another
        "WP-3.2-01": ANY,
        "WP-3.2-02": "not attributed",
        "WP-3.2-03": 100.0,
    },
)

KEEP_SCRIPTS = "cd /etc/xen; cp -a scripts scripts.kept; cd scripts;"
GIVE_BACK_SCRIPTS = "cd /etc/xen; rm -r scripts; mv scripts.kept scripts;"

DISKS = Sabotage(
    # Second partitions are the first, volumes give errors, all else is one and the same other disk,
    # and who shares is not asked.
    prepare=KEEP_SCRIPTS
    + """
    truncate -s 8M /run/other.img; ln -s "$(losetup -f --show /run/other.img)" /run/other
    dmsetup create xenvm-errors --table '0 16384 error'
    sed -i 's|^write_dev() {|&\\n  case $1 in *p2) set -- "${1%2}1" ;; *p1) ;; *loop*) set -- \
/run/other ;; *) set -- /dev/mapper/xenvm-errors ;; esac|' block-common.sh
    sed -i 's|^check_device_sharing()|& { return 0; }\\nunused()|' block
    """,
    undo=GIVE_BACK_SCRIPTS
    + "losetup -d $(readlink /run/other); rm /run/other*; dmsetup remove xenvm-errors",
    fails={
        "WP-5.5-02": "shared",
        "WP-5.5-03": "let through",
        "WP-5.6-01": "partition",
        "WP-5.6-02": 1,
        "WP-5.6-03": "",
        "WP-5.6-04": 0,
    },
)

WIRES = Sabotage(
    # No VNIF joins a bridge, and nobody serves screens and keyboards.
    prepare=KEEP_SCRIPTS
    + """
    sed -i 's|^add_to_bridge () {|&\\n  ip link set dev "$2" up; return|' xen-network-common.sh
    """,
    work="""
    while :; do
      for d in $(xenstore-list /local/domain/0/backend/vkbd 2>/dev/null); do
        [ "$(xenstore-read /local/domain/$d/control/feature-poweroff)" = 1 ] || continue
        kill $(xenstore-read /local/domain/$d/image/device-model-pid)
        xenstore-rm /local/domain/0/backend/vkbd/$d
      done
      sleep 1
    done
    """,
    undo=GIVE_BACK_SCRIPTS,
    fails={
        "WP-5.5-01": 3,
        "WP-5.5-04": 0,
        "WP-5.5.1-01": "VBD, VNIF",
        "WP-5.5.1-02": "VBD",
        "WP-5.7-01": 0,
        "WP-5.7-02": 0,
        "WP-5.7-03": 0,
        "WP-5.7-04": 0,
        "WP-5.7-05": 1,
    },
)


@pytest.fixture(params=[LIFE, DISKS, WIRES], ids=["life", "disks", "wires"])
def sabotage(
    lab: Lab, saboteur: Callable[[str], None], request: pytest.FixtureRequest
) -> Iterator[Sabotage]:
    wrong: Sabotage = request.param
    try:
        lab.ssh.run(f"set -e; {wrong.prepare}", deadline_s=60)
        saboteur(wrong.work)
        yield wrong
    finally:
        lab.ssh.run(wrong.undo or ":", deadline_s=60)


def test_broken_requirements_fail(
    lab: Lab, xenvm: Command, sabotage: Sabotage, tmp_path: Path
) -> None:
    status, rows = qualified(xenvm, lab, tmp_path / "out", *sabotage.fails)
    found = {id_: (row["verdict"], row["observed"]) for id_, row in rows.items()}
    restored = found.pop(RESTORED.id)
    assert found == {id_: ("fail", seen) for id_, seen in sabotage.fails.items()}, rows
    assert (restored[0], status) == ("pass", 1)
