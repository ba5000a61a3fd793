"""Ssh to a lab host: its own key, its own known_hosts with the pinned key, loopback alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from xenvm.processes import Completed, run

from .image import Image

CONFIG = """\
# Written by xenvm lab. Host keys are pinned: a changed key is refused.
Host *
  HostName 127.0.0.1
  Port {port}
  User root
  IdentityFile "{key}"
  IdentitiesOnly yes
  IdentityAgent none
  UserKnownHostsFile "{known_hosts}"
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
  BatchMode yes
  PasswordAuthentication no
  ConnectTimeout 20
  ServerAliveInterval 10
  ServerAliveCountMax 6
  LogLevel ERROR
"""

WRAPPER = """\
#!/bin/sh
exec ssh -F "{config}" "$@"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SshFiles:
    """The ssh files of one lab, and how to use them.

    Attributes:
        directory: Where they are.
        port: The port on loopback.
        key: The private key that the image lets in.
    """

    directory: Path
    port: int
    key: Path

    @property
    def config(self) -> Path:
        """Return the ssh_config."""
        return self.directory / "ssh_config"

    @property
    def known_hosts(self) -> Path:
        """Return the known_hosts file, which holds the image's host key alone."""
        return self.directory / "known_hosts"

    @property
    def wrapper(self) -> Path:
        """Return a command that is ssh with this configuration, for libvirt's ``command=``."""
        return self.directory / "ssh"

    @property
    def uri(self) -> str:
        """Return the libvirt URI of the host; it works in xenvm and in virsh."""
        return (
            f"xen+ssh://root@127.0.0.1:{self.port}/system?keyfile={quote(str(self.key))}"
            f"&known_hosts={quote(str(self.known_hosts))}&command={quote(str(self.wrapper))}"
        )

    def write(self, image: Image) -> None:
        """Write the files for a host that was started from ``image``."""
        self.known_hosts.write_text(f"[127.0.0.1]:{self.port} {image.host_key}\n")
        self.config.write_text(
            CONFIG.format(port=self.port, key=self.key, known_hosts=self.known_hosts)
        )
        self.wrapper.write_text(WRAPPER.format(config=self.config))
        self.wrapper.chmod(0o755)

    def argv(self, *command: str) -> list[str]:
        """Return the argv that runs ``command``, or a login shell, in Dom0."""
        return ["ssh", "-F", str(self.config), "lab", *command]

    def run(self, command: str, *, deadline_s: float, check: bool = True) -> Completed:
        """Return how a shell command in Dom0 ended, and what it printed."""
        return run(self.argv(command), deadline_s=deadline_s, check=check)
