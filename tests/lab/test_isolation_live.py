"""The checks of isolation fail on a host that does not isolate; what breaks it is in its Dom0."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from xenvm.host import Host
from xenvm.host.probe import ProbeImage
from xenvm.lab import Lab
from xenvm.qualify.journal import Journal, Ledger
from xenvm.qualify.neighbours import Neighbours
from xenvm.qualify.workshop import Workshop
from xenvm.waiting import pause

from .conftest import Command, qualified

pytestmark = [pytest.mark.timeout(1800), pytest.mark.thorough]


@pytest.fixture
def workshop(host: Host, image: ProbeImage, tmp_path: Path) -> Iterator[Workshop]:
    journal = Journal(tmp_path / "journal.jsonl")
    made = Workshop(host, Ledger(journal, "live"), image)
    yield made
    made.close()
    journal.close()


def test_whatever_a_neighbour_suffers_is_seen(workshop: Workshop) -> None:
    neighbours = Neighbours(workshop)
    run = workshop.host.shell.run
    first, second = (guest.name for guest in neighbours.guests)

    watch = neighbours.watch()
    pause(5)
    unharmed = watch.end()
    assert not unharmed.lost
    assert unharmed.gap_s < 2

    watch = neighbours.watch()
    run("xl pause %s; sleep 4; xl unpause %s", second, second, deadline_s=60)
    assert watch.end().gap_s > 3.5

    run("ip link set dev vif$(xl domid %s).0 down", second)
    watch = neighbours.watch()
    pause(2)
    assert watch.end().lost == ("lines of the TCP stream",)
    run("ip link set dev vif$(xl domid %s).0 up", second)

    run("truncate -s 0 %s", f"/var/lib/xenvm/runs/live/{first.removeprefix('xenvm-live-')}.img")
    assert "its disk" in " ".join(neighbours.watch().end().lost)

    watch = neighbours.watch()
    run("xl destroy %s", first, deadline_s=60)
    gone = watch.end()
    assert first in " ".join(gone.lost)
    assert len(gone.boots) == 1


REBOOT_ANOTHER = """
named() { for d in $(xenstore-list /local/domain); do
  case $(xenstore-read /local/domain/$d/name 2>/dev/null) in *-$1) echo $d ;; esac
done; }
while first=$(named r0); [ -z "$first" ]; do sleep 1; done
while again=$(named r0); [ -z "$again" ] || [ "$again" = "$first" ]; do sleep 1; done
xl reboot $(named n1)
"""
"""A Dom0 that reboots another guest too, when one reboots."""

BREAK_WHEN_ASKED = """#!/bin/sh
real=/usr/sbin/xl
[ "$*" = list ] || exec $real "$@"
said=$($real list)
while read -r name id _; do
  case $name in *-v0) victim=$id ;; *-n1) neighbour=$id ;; esac
done <<END
$said
END
[ -z "$victim" ] || [ -e /run/broke.$victim ] || {
  touch /run/broke.$victim
  case $(ls /run/broke.* | wc -l) in
  1) ;; # beside this one nothing goes wrong
  2) $real pause $neighbour; sleep 7; $real unpause $neighbour ;;
  3) sleep 20 ;;
  *) xenstore-write /local/domain/0/backend/vbd/$victim$victim/51712/online 1 ;;
  esac
}
echo "$said"
"""
"""An xl that, once for each guest that goes wrong, stops a neighbour, is slow, or leaves things.

It is as quick as xl otherwise: a host whose Dom0 is slow by itself is asked nothing."""


def test_a_host_that_reboots_another_guest_too_fails(
    lab: Lab, host: Host, xenvm: Command, tmp_path: Path
) -> None:
    host.shell.run("setsid sh -c %s </dev/null >/dev/null 2>&1 &", REBOOT_ANOTHER)
    status, rows = qualified(xenvm, lab, tmp_path / "out", "WP-3.1-01", "WP-4.2-02")
    assert status == 1
    assert [rows[id_]["verdict"] for id_ in ("WP-3.1-01", "WP-4.2-02")] == ["fail", "fail"]


def test_a_host_that_does_not_keep_guests_apart_fails(
    lab: Lab, host: Host, xenvm: Command, tmp_path: Path
) -> None:
    try:
        host.shell.put_file("/usr/local/sbin/xl", BREAK_WHEN_ASKED.encode(), mode=0o755)
        status, rows = qualified(xenvm, lab, tmp_path / "out", "WP-5.1-04")
    finally:
        host.shell.run("rm /usr/local/sbin/xl; for f in /run/broke.*; do id=${f#*.};"
                       " xenstore-rm /local/domain/0/backend/vbd/$id$id; rm $f; done",
                       deadline_s=60, check=False)  # fmt: skip
    assert status == 1
    row = rows["WP-5.1-04"]
    assert (row["verdict"], row["observed"]) == ("fail", "")
    assert "xenstore /local/domain/0/backend/vbd/" in str(row["evidence"])
