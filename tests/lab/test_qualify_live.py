"""xenvm qualify on real hosts that lack something, are killed, or lose their controller."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from xenvm import lab as xenvm_lab
from xenvm.host.probe import ProbeImage
from xenvm.lab import Lab, Release, Shape
from xenvm.waiting import wait_until

from .conftest import Command, argv, state_of

pytestmark = pytest.mark.timeout(1800)


@pytest.fixture
def odd(release: Release) -> Iterator[Callable[..., Lab]]:
    """Brings up a lab of another shape; it is down afterwards."""

    def up(**shape: int | str) -> Lab:
        return xenvm_lab.up("odd", release=release, shape=Shape(**shape))  # type: ignore[arg-type]

    yield up
    xenvm_lab.down("odd")


@pytest.mark.parametrize(
    ("shape", "broken"),
    [
        ({"sockets": 1}, "WP-3.4-02"),
        ({"threads": 2}, "WP-3.4-21"),
        ({"dom0_memory_mib": 512}, "WP-3.4-07"),
        ({"iommu": True, "xen_args": "iommu=0"}, "WP-5.5.2-04"),
    ],
)
def test_a_host_of_the_wrong_shape_fails_by_exactly_the_requirement_it_breaks(
    odd: Callable[..., Lab], xenvm: Command, shape: dict[str, int | str], broken: str
) -> None:
    odd(**shape)
    done = xenvm("audit", "lab:odd", "--json")
    assert done.returncode == 1, done.stderr
    verdicts = json.loads(done.stdout)["requirements"]
    assert [row["id"] for row in verdicts if row["verdict"] == "fail"] == [broken]


@pytest.fixture
def full_host(lab: Lab, image: ProbeImage) -> Iterator[Lab]:
    """The lab, with a guest that holds most of its memory."""
    config = f"name='big'\ntype='pv'\nkernel='{image.kernel}'\nramdisk='{image.initrd}'\n"
    lab.ssh.run(f'printf "{config}memory=1250\n" >/run/big.cfg && xl create -q -p /run/big.cfg',
                deadline_s=120)  # fmt: skip
    yield lab
    lab.ssh.run("xl destroy big; rm /run/big.cfg", deadline_s=60)


def test_a_host_without_room_for_guests_is_undecided_and_says_what_it_needs(
    full_host: Lab, xenvm: Command, tmp_path: Path
) -> None:
    done = xenvm("qualify", f"lab:{full_host.name}", "--only", "WP-3.4-04", "--tier", "full",
                 "--output", str(tmp_path / "out"))  # fmt: skip
    assert done.returncode == 3, done.stdout
    assert "blocked: WP-3.4-04" in done.stdout
    assert "MiB" in done.stdout


def test_a_host_without_a_volume_group_is_undecided_and_says_so(
    lab: Lab, xenvm: Command, tmp_path: Path
) -> None:
    lab.ssh.run("vgrename lab lab-away && vgchange -qq --setautoactivation n lab-away &&"
                " vgexport -qq lab-away", deadline_s=60)  # fmt: skip
    try:
        done = xenvm("qualify", f"lab:{lab.name}", "--only", "WP-3.4-15",
                     "--output", str(tmp_path / "out"))  # fmt: skip
    finally:
        lab.ssh.run("vgimport -qq lab-away && vgrename lab-away lab", deadline_s=60)
    assert done.returncode == 3
    assert "volume group" in done.stdout


def test_a_host_whose_libvirtd_is_down_is_one_clear_line(lab: Lab, xenvm: Command) -> None:
    lab.ssh.run("systemctl stop libvirtd.socket libvirtd-ro.socket libvirtd-admin.socket"
                " libvirtd.service", deadline_s=60)  # fmt: skip
    try:
        done = xenvm("inventory", f"lab:{lab.name}")
    finally:
        lab.ssh.run("systemctl start libvirtd.socket libvirtd.service", deadline_s=60)
    assert done.returncode == 3
    assert "libvirtd" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def uri_of(lab: Lab, **changed: str) -> str:
    facts = {"keyfile": str(lab.key), "known_hosts": str(lab.ssh.known_hosts)} | changed
    query = "&".join(f"{key}={value}" for key, value in facts.items())
    return f"xen+ssh://root@127.0.0.1:{lab.port}/system?{query}"


def test_a_key_that_the_host_refuses_is_one_clear_line(
    lab: Lab, xenvm: Command, tmp_path: Path
) -> None:
    key = tmp_path / "other"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    done = xenvm("inventory", uri_of(lab, keyfile=str(key)))
    assert done.returncode == 3
    assert "key" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_host_key_that_is_not_the_known_one_is_refused(
    lab: Lab, xenvm: Command, tmp_path: Path
) -> None:
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "k"], check=True
    )
    other = " ".join((tmp_path / "k.pub").read_text().split()[:2])
    known = tmp_path / "known_hosts"
    known.write_text(f"[127.0.0.1]:{lab.port} {other}\n")
    done = xenvm("inventory", uri_of(lab, known_hosts=str(known)))
    assert done.returncode == 3
    assert "host key" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    "number",
    [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.thorough), signal.SIGKILL],
)
def test_a_run_that_is_killed_leaves_the_host_as_it_was_after_a_restore(
    lab: Lab, xenvm: Command, tmp_path: Path, number: signal.Signals
) -> None:
    before = state_of(lab)
    run = subprocess.Popen(
        argv("qualify", f"lab:{lab.name}", "--only", "WP-3.4-12", "--output", str(tmp_path / "o")),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip

    def in_the_middle() -> bool:
        return "xenvm-" in lab.ssh.run("xl list", deadline_s=60).stdout

    try:
        wait_until("the run's first guest", in_the_middle, deadline_s=240, every_s=1)
        os.kill(run.pid, number)
        status = run.wait(timeout=240)
    finally:
        run.kill()
        run.wait()
    assert status == (-signal.SIGKILL if number is signal.SIGKILL else 3)
    restored = xenvm("restore", f"lab:{lab.name}")
    assert restored.returncode == 0, restored.stderr
    assert state_of(lab) == before


def kill(lab: Lab) -> None:
    os.kill(int((lab.ssh.directory / "pid").read_text()), signal.SIGKILL)


def reboot(lab: Lab) -> None:
    lab.ssh.run("systemctl reboot --force --force", deadline_s=60, check=False)


@pytest.mark.parametrize("end", [kill, reboot])
def test_a_host_that_dies_in_mid_run_is_undecided_and_never_held_against_it(
    odd: Callable[..., Lab], tmp_path: Path, end: Callable[[Lab], None]
) -> None:
    dying = odd()
    output = tmp_path / "out"
    run = subprocess.Popen(
        argv("qualify", "lab:odd", "--only", "WP-3.4-12", "--output", str(output)),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    journal = output / "journal.jsonl"
    wait_until(
        "the run's first deed",
        lambda: journal.exists() and '"making"' in journal.read_text(),
        deadline_s=240,
    )
    end(dying)
    said, _ = run.communicate(timeout=400)
    assert run.returncode == 3, said
    assert "Traceback" not in said
