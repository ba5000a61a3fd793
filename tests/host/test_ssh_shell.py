"""The shell over a real sshd of the test's own, and what happens when it does not let us in."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from xenvm import processes
from xenvm.errors import (
    AuthenticationError,
    CommandError,
    CommandTimeoutError,
    HostConnectionError,
)
from xenvm.host import HostUri, connect
from xenvm.host.shell import SshShell
from xenvm.host.ssh import SshAccess
from xenvm.waiting import wait_until

SSHD = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin")


@dataclass(frozen=True, kw_only=True)
class Server:
    """A running sshd."""

    folder: Path
    port: int
    process: processes.Process

    def uri(self, *, key: str = "user", hosts: str = "known_hosts") -> HostUri:
        return HostUri.parse(
            f"xen+ssh://{getpass.getuser()}@127.0.0.1:{self.port}/system"
            f"?keyfile={self.folder}/{key}&known_hosts={self.folder}/{hosts}"
        )


def make_key(path: Path) -> str:
    argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(path)]
    subprocess.run(argv, check=True, timeout=10)
    return path.with_suffix(".pub").read_text().strip()


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """Run an sshd that keeps all that it needs in a folder."""
    if SSHD is None:
        pytest.skip("openssh-server is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    host_key, user_key = make_key(folder / "host"), make_key(folder / "user")
    other_key = make_key(folder / "other")
    (folder / "authorized").write_text(f"{user_key}\n")
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {host_key}\n")
    (folder / "changed_hosts").write_text(f"[127.0.0.1]:{port} {other_key}\n")
    (folder / "no_hosts").write_text("")
    (folder / "sshd_config").write_text(
        f"ListenAddress 127.0.0.1:{port}\nHostKey {folder}/host\nPidFile none\nUsePAM no\n"
        f"StrictModes no\nAuthorizedKeysFile {folder}/authorized\nPasswordAuthentication no\n"
        "PermitRootLogin prohibit-password\n"
    )
    argv = [SSHD, "-D", "-e", "-f", str(folder / "sshd_config")]
    process = processes.start(argv, stderr=processes.DEVNULL)
    try:
        wait_until(
            "sshd", lambda: answers(port) or process.poll() is not None, deadline_s=10, every_s=0.05
        )
        if process.poll() is not None:
            pytest.skip("sshd does not start here (as root it needs /run/sshd and a user)")
        yield Server(folder=folder, port=port, process=process)
    finally:
        processes.end(process)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("sshd")) as server:
        yield server


@pytest.fixture
def shell(server: Server) -> Iterator[SshShell]:
    access = SshAccess(server.uri())
    yield SshShell(access)
    access.close()


def test_commands_run_on_one_shared_connection(shell: SshShell) -> None:
    assert shell.run("echo %s", "it's $HOME").stdout == "it's $HOME\n"
    assert shell.run("tr a-z A-Z", stdin="hello").stdout == "HELLO"
    assert (shell._access.config.parent / "socket").exists()
    with pytest.raises(CommandError, match="status 254"):
        shell.run("exit 255")


def test_a_command_past_its_deadline_is_killed_on_the_far_side(
    shell: SshShell, tmp_path: Path
) -> None:
    with pytest.raises(CommandTimeoutError):
        shell.run("sleep 1.5; touch %s", str(tmp_path / "late"), deadline_s=1)
    shell.run("sleep 0.8")
    assert not (tmp_path / "late").exists()


def test_a_file_travels_whole(shell: SshShell, tmp_path: Path) -> None:
    content = os.urandom(3_000_000)
    shell.put_file(str(tmp_path / "a b"), content, mode=0o600)
    assert (tmp_path / "a b").read_bytes() == content


@pytest.mark.parametrize(
    ("key", "hosts", "advice"),
    [
        ("other", "known_hosts", "accepts none of our keys"),
        ("user", "no_hosts", "is not known here"),
        ("user", "changed_hosts", "remove the old one: ssh-keygen -R"),
    ],
)
def test_a_host_that_we_or_that_does_not_trust_is_told_so(
    server: Server, key: str, hosts: str, advice: str
) -> None:
    with pytest.raises(AuthenticationError, match=advice):
        connect(server.uri(key=key, hosts=hosts))


def test_a_key_that_others_may_read_is_told_so(server: Server) -> None:
    shutil.copy(server.folder / "user", server.folder / "open")
    (server.folder / "open").chmod(0o644)
    with pytest.raises(AuthenticationError, match="chmod 600"):
        connect(server.uri(key="open"))


def test_a_host_that_goes_away_in_the_middle_is_a_broken_connection(tmp_path: Path) -> None:
    with serving(tmp_path) as server, closing(SshAccess(server.uri())) as access:
        shell = SshShell(access)
        shell.run("true")
        processes.end(server.process)
        # The sessions of a running sshd outlive it, so end ours as a dying host would.
        with pytest.raises(HostConnectionError):
            shell.run("kill -9 $(ps -o ppid= -p $(ps -o ppid= -p $PPID)); sleep 5", deadline_s=4)


@pytest.mark.skipif(Path("/run/libvirt/libvirt-sock").exists(), reason="a libvirt runs here")
def test_a_host_without_libvirt_says_what_to_look_at(server: Server) -> None:
    with pytest.raises(HostConnectionError, match="systemctl status libvirtd"):
        connect(server.uri())
