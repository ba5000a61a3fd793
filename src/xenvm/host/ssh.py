"""The one way by ssh to a host: a generated configuration that libvirt and our shell share."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import tempfile
import weakref
from pathlib import Path

from xenvm import processes
from xenvm.errors import (
    AuthenticationError,
    CommandError,
    HostConnectionError,
    HostUriError,
    LibvirtError,
    tail,
)

from .uri import HostUri

SSH_FAILED = 255
"""ssh's own exit status for "no command was run, or the connection broke"."""

_SOCKET_PATH_MAX = 80
"""sun_path has 108 bytes, and ssh adds 17 random ones while it makes the socket."""

_STRICT = """\
StrictHostKeyChecking yes
NoHostAuthenticationForLocalhost no
VerifyHostKeyDNS no
UpdateHostKeys no
BatchMode yes
PasswordAuthentication no
KbdInteractiveAuthentication no
ForwardAgent no
ForwardX11 no
PermitLocalCommand no
RemoteCommand none
RequestTTY no
EscapeChar none
ConnectTimeout 10
ServerAliveInterval 10
ServerAliveCountMax 6
LogLevel ERROR
"""

_TROUBLES: tuple[tuple[str, type[LibvirtError], str], ...] = (
    (
        "REMOTE HOST IDENTIFICATION HAS CHANGED",
        AuthenticationError,
        "its host key is not the one we know; if that is right, remove the old one: {forget}",
    ),
    (
        "Host key verification failed",
        AuthenticationError,
        "its host key is not known here; compare and accept it once with: {login}",
    ),
    (
        "UNPROTECTED PRIVATE KEY FILE",
        AuthenticationError,
        "others may read the private key, so ssh does not use it: chmod 600 the key file",
    ),
    (
        "Permission denied",
        AuthenticationError,
        "it accepts none of our keys; see that this needs no password: {login}",
    ),
    (
        "Too many authentication failures",
        AuthenticationError,
        "the ssh agent offered too many keys; name one with ?keyfile=FILE",
    ),
    (
        "Could not resolve hostname",
        HostConnectionError,
        "its name is not known; check the spelling, or use its address",
    ),
    (
        "Connection refused",
        HostConnectionError,
        "nothing listens there; see that the host is up and sshd runs, and check the port",
    ),
    (
        "timed out",
        HostConnectionError,
        "it does not answer; see that it is up and no firewall is between",
    ),
    (
        "No route to host",
        HostConnectionError,
        "there is no way to it; see that it is up, and check the network",
    ),
)
"""What ssh prints (OpenSSH 9.2 and 10.0), the most telling first, and what to do about it."""


def ssh_error(uri: HostUri, stderr: str) -> LibvirtError:
    """Return the error that ssh's exit status 255 means, by what it printed."""
    for said, error, advice in _TROUBLES:
        if said in stderr:
            cure = advice.format(login=_login(uri), forget=_forget(uri))
            return error(f"cannot reach {uri.name}: {cure}", detail=_last(stderr))
    return HostConnectionError(
        f"the ssh connection to {uri.name} broke; see that it is up", detail=_last(stderr)
    )


def _login(uri: HostUri) -> str:
    """Return the command with which a person logs in to the host."""
    words = ["ssh"]
    if uri.port:
        words += ["-p", str(uri.port)]
    if uri.keyfile:
        words += ["-i", str(uri.keyfile)]
    if uri.known_hosts:
        words += ["-o", f"UserKnownHostsFile={uri.known_hosts}"]
    return shlex.join([*words, f"{uri.user}@{uri.name}" if uri.user else uri.name])


def _forget(uri: HostUri) -> str:
    """Return the command with which a person forgets the host's key."""
    words = ["ssh-keygen", "-R", f"[{uri.name}]:{uri.port}" if uri.port else uri.name]
    return shlex.join([*words, "-f", str(uri.known_hosts)] if uri.known_hosts else words)


def _last(stderr: str) -> str:
    """Return the last telling line of what ssh printed."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip(" @\t")]
    return tail(lines[-1], 200) if lines else ""


class SshAccess:
    """A private directory with the configuration for one host, and the connection ssh shares.

    Attributes:
        uri: The host.
        config: An ``ssh_config`` with strict checks first and the user's own behind.
        command: A program that runs ssh with ``config``; libvirt starts it.
    """

    def __init__(self, uri: HostUri):
        if not shutil.which("ssh"):
            raise HostConnectionError("ssh is not installed here: apt install openssh-client")
        for path in (uri.keyfile, uri.known_hosts):
            if path and not path.is_file():
                raise HostUriError(f"HOST names the file {path}, which is not there")
        self.uri = uri
        directory = _private_directory()
        self.config = directory / "config"
        self.command = directory / "ssh"
        self.config.write_text(ssh_config(uri, directory / "socket"), encoding="utf-8")
        self.command.write_text(
            f'#!/bin/sh\nexec ssh -F {shlex.quote(str(self.config))} "$@"\n', encoding="utf-8"
        )
        self.command.chmod(0o700)
        self._finalizer = weakref.finalize(self, _leave, uri.name, directory)

    def argv(self, command: str) -> list[str]:
        """Return the argv that runs a shell command on the host."""
        return ["ssh", "-F", str(self.config), self.uri.name, command]

    def check(self, *, deadline_s: float) -> None:
        """See that the host lets us in; the connection stays for whoever comes next.

        Raises:
            HostConnectionError: It cannot be reached.
            AuthenticationError: It did not accept our key, or we did not accept its.
            CommandTimeoutError: It did not answer within ``deadline_s``.
        """
        done = processes.run(self.argv("true"), deadline_s=deadline_s, check=False)
        if done.returncode != 0:
            error = ssh_error(self.uri, done.stderr)
            raise error

    def close(self) -> None:
        """End the shared connection and remove the directory; twice does no harm."""
        self._finalizer()


def ssh_config(uri: HostUri, socket: Path) -> str:
    """Return the ssh configuration for one host.

    The first value that ssh reads wins: strict checks stand before the user's own files, which
    are read for aliases, jump hosts and keys. What is for this host alone must not reach a jump
    host, so it stands under ``Host``.
    """
    own = {
        "User": uri.user,
        "Port": uri.port,
        "IdentityFile": _quoted(uri.keyfile),
        "IdentitiesOnly": "yes" if uri.keyfile else None,
        "UserKnownHostsFile": _quoted(uri.known_hosts),
        "GlobalKnownHostsFile": "/dev/null" if uri.known_hosts else None,
        "ControlMaster": "auto",
        "ControlPath": _quoted(socket),
        "ControlPersist": "60",
    }
    lines = [f"    {key} {value}" for key, value in own.items() if value is not None]
    return "\n".join(
        [
            _STRICT + f"Host {uri.name}",
            *lines,
            "Match all",
            "    Include ~/.ssh/config",
            "    Include /etc/ssh/ssh_config",
            "",
        ]
    )


def _quoted(path: Path | None) -> str | None:
    """Return a path for ssh_config; a percent sign would begin one of ssh's tokens."""
    return None if path is None else '"' + str(path).replace("%", "%%") + '"'


def _private_directory() -> Path:
    """Return a new directory of mode 0700 whose name leaves room for a socket's."""
    parent = tempfile.gettempdir()
    if len(os.fsencode(parent)) > _SOCKET_PATH_MAX - len("/xenvm-12345678/socket"):
        parent = "/tmp"  # noqa: S108 - mkdtemp makes the name private
    return Path(tempfile.mkdtemp(prefix="xenvm-", dir=parent))


def _leave(name: str, directory: Path) -> None:
    try:
        if (directory / "socket").exists():
            argv = ["ssh", "-F", str(directory / "config"), "-O", "exit", name]
            # One that is not told in time ends by itself: nobody uses it any more.
            with contextlib.suppress(CommandError):
                processes.run(argv, deadline_s=5, check=False)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
