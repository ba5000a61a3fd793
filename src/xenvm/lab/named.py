"""Named lab hosts on this machine: which there are, and what each is doing."""

from __future__ import annotations

import dataclasses
import json
import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from xenvm.errors import UsageError

from .link import SHARED_DEVICE, Link
from .paths import labs_directory
from .qemu import SCRATCH_SERIAL, SPARE_FUNCTION, Wires
from .shape import Release, Shape
from .snapshot import wires_in
from .ssh import SshFiles

DEFAULT_NAME = "default"
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,30}")


class LabState(StrEnum):
    """What a named lab is doing."""

    RUNNING = "running"
    CRASHED = "crashed"
    """It was up, and its QEMU is gone."""
    DOWN = "down"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lab:
    """A lab host that was brought up.

    Attributes:
        name: Its name on this machine.
        release: Dom0's release.
        shape: Its machine.
        port: Its ssh port on loopback.
        key: The private key that it lets in as root.
        link: How it sees the other lab of its pair; None when it stands alone.
    """

    name: str
    release: Release
    shape: Shape
    port: int
    key: Path
    link: Link | None = None

    @property
    def ssh(self) -> SshFiles:
        """Return its ssh files."""
        return SshFiles(directory=directory_of(self.name), port=self.port, key=self.key)

    @property
    def uri(self) -> str:
        """Return its libvirt URI."""
        return self.ssh.uri

    @property
    def spare_devices(self) -> tuple[str, ...]:
        """Return the devices that exist for tests: disks, spare NICs, a PCI function."""
        disk = f"/dev/disk/by-id/virtio-{SCRATCH_SERIAL}"
        nics = (f"eth{number}" for number in range(1, self.shape.nics))
        shared = [SHARED_DEVICE] if self.link else []
        return (disk, *nics, *shared, *([SPARE_FUNCTION] if self.shape.iommu else []))

    def facts(self) -> dict[str, object]:
        """Return what ``xenvm lab up --json`` prints."""
        return {
            "name": self.name,
            "uri": self.uri,
            "ssh": " ".join(self.ssh.argv()),
            "state": str(state_of(self.name)),
            "release": str(self.release),
            "port": self.port,
            "console": str(directory_of(self.name) / "console.log"),
            "shape": dataclasses.asdict(self.shape),
            **({"link": self.link.facts()} if self.link else {}),
        }

    @property
    def wires(self) -> Wires | None:
        """Return what joins it to the other lab of its pair."""
        if self.link is None:
            return None
        ours, theirs = directory_of(self.name), directory_of(self.link.peer)
        return wires_in(ours, theirs, ours if self.link.number == 1 else theirs)


def directory_of(name: str) -> Path:
    """Return where a lab's files are while it is up.

    Raises:
        UsageError: It is no name.
    """
    if not NAME.fullmatch(name):
        raise UsageError(f"«{name}» cannot name a lab: use a-z, 0-9 and -, 31 characters at most")
    return labs_directory() / name


def list_labs() -> list[tuple[str, LabState]]:
    """Return every lab that was brought up and not down, as (name, state) by name."""
    home = labs_directory()
    names = sorted(path.name for path in home.glob("*") if path.is_dir()) if home.is_dir() else []
    return [(name, state_of(name)) for name in names]


def state_of(name: str) -> LabState:
    """Return what the lab ``name`` is doing."""
    if not directory_of(name).is_dir():
        return LabState.DOWN
    return LabState.RUNNING if pid_of(name) else LabState.CRASHED


def find_lab(name: str) -> Lab | None:
    """Return the lab ``name`` if it is running."""
    return read_lab(name) if state_of(name) is LabState.RUNNING else None


def pair_of(name: str) -> tuple[str, ...]:
    """Return the names of both labs of a pair, the first one first; or ``name`` alone."""
    link = lab.link if (lab := read_lab(name)) else None
    if link is None:
        return (name,)
    return (name, link.peer) if link.number == 1 else (link.peer, name)


def pid_of(name: str) -> int | None:
    """Return QEMU's process id if that process is this lab's, and not another's of that number."""
    try:
        pid = int((directory_of(name) / "pid").read_text(encoding="ascii"))
        argv = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError):
        return None
    return pid if f"xenvm-lab-{name}".encode() in argv else None


def read_lab(name: str) -> Lab | None:
    """Return the lab ``name`` as it was brought up, running or not."""
    try:
        facts = json.loads((directory_of(name) / "lab.json").read_text())
    except OSError:
        return None
    return Lab(
        name=name,
        release=Release(facts["release"]),
        shape=Shape(**facts["shape"]),
        port=facts["port"],
        key=Path(facts["key"]),
        link=Link(**link) if (link := facts.get("link")) else None,
    )
