"""The private link of two lab hosts, and what makes two starts of one snapshot two hosts."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from importlib import resources

from .qemu import SHARED_SERIAL
from .ssh import SshFiles

BRIDGE = "xenlink0"
"""Over the link's NIC in both Dom0s; a guest on it keeps its network when it moves."""

SHARED_DEVICE = f"/dev/disk/by-id/virtio-{SHARED_SERIAL}"
IDENTITY_DEADLINE_S = 90.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """How a lab host of a pair sees the other.

    Attributes:
        peer: The other lab's name.
        number: 1 for the one that was named, 2 for the other.
    """

    peer: str
    number: int

    @property
    def address(self) -> str:
        """Return this host's address on the link."""
        return _address(self.number)

    @property
    def peer_address(self) -> str:
        """Return the other's address on the link."""
        return _address(3 - self.number)

    def facts(self) -> dict[str, object]:
        """Return what ``xenvm lab … --json`` says of it."""
        return {
            "peer": self.peer,
            "address": self.address,
            "bridge": BRIDGE,
            "shared_device": SHARED_DEVICE,
        }


def _address(number: int) -> str:
    return f"10.0.3.{number}"


def give_identity(ssh: SshFiles, name: str, link: Link, *, nics: int) -> None:
    """Make a started host itself: names, ids, MAC addresses, and its end of the link.

    Args:
        ssh: The host's ssh; it answers.
        name: The lab's name.
        link: Its place on the link.
        nics: How many NICs it has beside the link's.

    Raises:
        CommandError: A step failed.
    """
    script = resources.files("xenvm.lab").joinpath("image_files", "identity.sh").read_text()
    words = [name, secrets.token_hex(16), str(link.number), str(nics), BRIDGE, link.peer]
    ssh.run(f"set -- {' '.join(words)}\n{script}", deadline_s=IDENTITY_DEADLINE_S)
