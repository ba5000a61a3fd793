"""Labs for the tests that need one: of their own, beside whatever labs the user has up."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from xenvm import lab as xenvm_lab
from xenvm.host import Host, connect
from xenvm.host.probe import ProbeImage, deploy
from xenvm.lab import Lab, Release

RELEASES = os.environ.get("XENVM_LAB_RELEASES", "bookworm").split()
"""Which releases to test on; an image that is not cached is built first."""
STATE = (
    "xl list | awk 'NR > 1 {print $1, $2}'; ls /sys/class/net; lvs --noheadings -o lv_name;"
    " losetup --list --noheadings; ls /var/lib/xenvm/runs 2>/dev/null;"
    " xenstore-list /local/domain; xenstore-ls /local/domain/0/backend;"
    " virsh -c xen:///system -q list --all --name; ls /run/xenvm 2>/dev/null; :"
)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "thorough: takes minutes; tox -e lab runs it, .ci/run leaves it out"
    )


Command = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session", autouse=True)
def _labs_of_our_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XENVM_STATE_DIR", str(tmp_path_factory.mktemp("state")))
        yield
        for name, _ in xenvm_lab.list_labs():
            xenvm_lab.down(name)


@pytest.fixture(scope="session", params=RELEASES)
def release(request: pytest.FixtureRequest) -> Release:
    return Release(request.param)


@pytest.fixture(scope="session")
def lab(release: Release) -> Iterator[Lab]:
    """A lab host of the default shape, shared by the tests that leave it as it was."""
    yield xenvm_lab.up(f"shared-{release}", release=release)
    xenvm_lab.down(f"shared-{release}")


@pytest.fixture(scope="session")
def host(lab: Lab) -> Iterator[Host]:
    with connect(lab.uri) as connected:
        yield connected


@pytest.fixture(scope="session")
def image(host: Host) -> ProbeImage:
    return deploy(host.shell)


def state_of(lab: Lab) -> str:
    """Return what a run might leave behind, asked of Dom0 by other means than xenvm's own."""
    return lab.ssh.run(STATE, deadline_s=60).stdout


def argv(*words: str) -> list[str]:
    """Return the command line of xenvm, as it is installed beside this Python."""
    return [str(Path(sys.executable).with_name("xenvm")), *words]


@pytest.fixture(scope="session")
def xenvm() -> Command:
    """Runs xenvm as a user would, and returns how it ended."""

    def run(*words: str, deadline_s: float = 600) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            argv(*words), capture_output=True, text=True, check=False, timeout=deadline_s
        )

    return run


Rows = dict[str, dict[str, object]]


def qualified(xenvm: Command, lab: Lab, folder: Path, *ids: str) -> tuple[int, Rows]:
    """Return how a full run of some requirements ended, and their rows in its results."""
    only = [word for id_ in ids for word in ("--only", id_)]
    done = xenvm("qualify", f"lab:{lab.name}", "--tier", "full", *only, "--output", str(folder),
                 deadline_s=900)  # fmt: skip
    rows = json.loads((folder / "results.json").read_text())["requirements"]
    return done.returncode, {row["id"]: row for row in rows}


@pytest.fixture
def saboteur(lab: Lab) -> Iterator[Callable[[str], None]]:
    """Starts a script in Dom0; it is gone afterwards."""
    unit = "xenvm-live-saboteur"

    def start(script: str) -> None:
        lab.ssh.run(f"cat >/run/{unit} <<'END'\n{script}\nEND\nsystemd-run -q --unit={unit}"
                    f" sh /run/{unit}", deadline_s=60)  # fmt: skip

    yield start
    lab.ssh.run(f"systemctl stop {unit}; systemctl reset-failed {unit}; rm -f /run/{unit}",
                deadline_s=60)  # fmt: skip
