"""Labs come up, live side by side, crash, and go without a trace."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from xenvm import lab as xenvm_lab
from xenvm.errors import LabBootError, LabStateError
from xenvm.lab import Lab, LabState, Release, Shape, snapshot
from xenvm.waiting import wait_until

pytestmark = pytest.mark.timeout(1800)

NAME = "life"


@pytest.fixture
def living(release: Release) -> Iterator[Lab]:
    """A lab of the test's own."""
    yield xenvm_lab.up(NAME, release=release)
    xenvm_lab.down(NAME)


def pid_of(lab: Lab) -> int:
    return int((lab.ssh.directory / "pid").read_text())


def lives(pid: int) -> bool:
    """Return whether a process runs; one that nobody reaped yet does not."""
    try:
        return bool(Path(f"/proc/{pid}/cmdline").read_bytes())
    except OSError:
        return False


def listening(pid: int) -> set[str]:
    """Return the addresses on which a process listens, out of /proc, in its hex."""
    links = [str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()]
    inodes = {link[8:-1] for link in links if link.startswith("socket:[")}
    found = set()
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[9] in inodes and (table[:3] == "udp" or fields[3] == "0A"):
                found.add(fields[1])
    return found


def test_a_lab_is_a_xen_host_whose_dom0_answers(living: Lab) -> None:
    assert "control_d" in living.ssh.run("cat /proc/xen/capabilities", deadline_s=30).stdout
    assert xenvm_lab.state_of(NAME) is LabState.RUNNING


def test_a_lab_that_is_up_is_returned_as_it_is(living: Lab) -> None:
    assert xenvm_lab.up(NAME, release=living.release) == living


def test_a_lab_that_is_up_in_another_shape_is_refused(living: Lab) -> None:
    with pytest.raises(LabStateError, match="xenvm lab down life first"):
        xenvm_lab.up(NAME, release=living.release, shape=Shape(nics=3))


def test_labs_live_side_by_side_and_do_not_see_each_other(lab: Lab, living: Lab) -> None:
    assert lab.port != living.port
    living.ssh.run("touch /run/only-here", deadline_s=30)
    assert lab.ssh.run("test -e /run/only-here", deadline_s=30, check=False).returncode != 0


def test_a_lab_listens_on_loopback_alone(living: Lab) -> None:
    loopback = f"0100007F:{living.port:04X}"
    assert listening(pid_of(living)) == {loopback}


def test_the_clock_is_right_though_it_stood_still_in_the_snapshot(living: Lab) -> None:
    theirs_s = float(living.ssh.run("date +%s", deadline_s=30).stdout)
    assert abs(time.time() - theirs_s) < 20


def test_a_crashed_lab_is_noticed_and_recovered(living: Lab) -> None:
    os.kill(pid_of(living), signal.SIGKILL)
    wait_until("the crash", lambda: xenvm_lab.state_of(NAME) is LabState.CRASHED, deadline_s=20)
    again = xenvm_lab.up(NAME, release=living.release)
    assert again.ssh.run("true", deadline_s=30).returncode == 0


def test_down_leaves_no_process_file_or_port(living: Lab) -> None:
    pid, directory = pid_of(living), living.ssh.directory
    assert xenvm_lab.down(NAME)
    assert not lives(pid)
    assert not [path for path in directory.parent.iterdir() if path.name.startswith(NAME)]
    with socket.socket() as client:
        assert client.connect_ex(("127.0.0.1", living.port)) != 0


def test_a_host_key_that_changed_is_refused(living: Lab) -> None:
    known = living.ssh.known_hosts
    known.write_text(known.read_text()[:-12] + "A" * 8 + "\n")
    done = living.ssh.run("true", deadline_s=30, check=False)
    assert done.returncode == 255


def test_a_lab_that_does_not_boot_shows_the_tail_of_its_console(
    release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "BOOT_DEADLINE_S", 25.0)
    with pytest.raises(LabBootError) as caught:
        xenvm_lab.up("dead", release=release, shape=Shape(xen_args="dom0_mem=16M"))
    assert "(XEN)" in caught.value.console
    assert xenvm_lab.state_of("dead") is LabState.DOWN
