"""One strict ssh configuration; and what ssh prints, told as what to do."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

import pytest

from xenvm.errors import (
    AuthenticationError,
    CommandTimeoutError,
    HostConnectionError,
    HostUriError,
    LibvirtError,
)
from xenvm.host import connect
from xenvm.host.ssh import SshAccess, ssh_config, ssh_error
from xenvm.host.uri import HostUri

URI = "xen+ssh://root@dom0:2222/system?keyfile=/k/100%25%20id&known_hosts=/k/hosts"
PLAIN = "xen+ssh://root@dom0/system"


def effective(config: Path, name: str) -> dict[str, str]:
    """Return what the real ssh makes of a configuration."""
    told = subprocess.run(
        ["ssh", "-G", "-F", str(config), name], capture_output=True, text=True, check=True
    )
    return dict(line.split(" ", 1) for line in told.stdout.splitlines() if " " in line)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config"
    path.write_text(ssh_config(HostUri.parse(URI), Path("/run/s")))
    return path


def test_ssh_reads_the_hosts_own_settings(config: Path) -> None:
    told = effective(config, "dom0")
    assert (told["user"], told["port"]) == ("root", "2222")
    assert told["identityfile"] == "/k/100%% id"
    assert told["identitiesonly"] == "yes"
    assert (told["userknownhostsfile"], told["globalknownhostsfile"]) == ("/k/hosts", "/dev/null")
    assert (told["controlmaster"], told["controlpath"]) == ("auto", "/run/s")


def test_ssh_checks_host_keys_and_never_asks(config: Path) -> None:
    for name in ("dom0", "a-jump-host"):
        told = effective(config, name)
        assert told["stricthostkeychecking"] in {"true", "yes"}
        assert (told["batchmode"], told["passwordauthentication"]) == ("yes", "no")
        assert told["nohostauthenticationforlocalhost"] == "no"
        assert told["updatehostkeys"] in {"false", "no"}


def test_a_jump_host_gets_none_of_the_hosts_own_settings(config: Path) -> None:
    told = effective(config, "a-jump-host")
    assert told["port"] == "22"
    assert "controlpath" not in told


def test_the_users_aliases_work_but_cannot_weaken_the_checks(config: Path, tmp_path: Path) -> None:
    users = tmp_path / "users"
    users.write_text(
        "Host dom0\n HostName 192.0.2.7\n ProxyJump gate\n StrictHostKeyChecking no\n User me\n"
    )
    config.write_text(config.read_text().replace("~/.ssh/config", str(users)))
    told = effective(config, "dom0")
    assert (told["hostname"], told["proxyjump"], told["user"]) == ("192.0.2.7", "gate", "root")
    assert told["stricthostkeychecking"] in {"true", "yes"}


def test_the_private_folder_is_private_and_goes_at_close() -> None:
    access = SshAccess(HostUri.parse(PLAIN))
    folder = access.config.parent
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(access.command.stat().st_mode) == 0o700
    assert len(str(folder / "socket")) <= 80
    access.close()
    access.close()
    assert not folder.exists()


def test_a_long_temporary_folder_leaves_room_for_the_socket(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / ("x" * 100)))
    access = SshAccess(HostUri.parse(PLAIN))
    assert len(str(access.config.parent / "socket")) <= 80
    access.close()


CHANGED = """\
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
IT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!
Offending ED25519 key in /k/hosts:1
Host key for [127.0.0.1]:2222 has changed and you have requested strict checking.
Host key verification failed.
"""
UNKNOWN = """\
No ED25519 host key is known for [127.0.0.1]:2222 and you have requested strict checking.
Host key verification failed.
"""
UNPROTECTED = """\
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
@         WARNING: UNPROTECTED PRIVATE KEY FILE!          @
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
Permissions 0644 for '/k/id' are too open.
Load key "/k/id": bad permissions
root@127.0.0.1: Permission denied (publickey,password).
"""


@pytest.mark.parametrize(
    ("stderr", "error", "advice"),
    [
        (CHANGED, AuthenticationError, "ssh-keygen -R '[dom0]:2222' -f /k/hosts"),
        (UNKNOWN, AuthenticationError, "accept it once with: ssh -p 2222"),
        (UNPROTECTED, AuthenticationError, "chmod 600"),
        (
            "root@dom0: Permission denied (publickey).\n",
            AuthenticationError,
            "no password: ssh -p 2222",
        ),
        (
            "Received disconnect from 192.0.2.1 port 22:2: Too many authentication failures\n",
            AuthenticationError,
            "keyfile=FILE",
        ),
        (
            "ssh: Could not resolve hostname dom0: Name or service not known\n",
            HostConnectionError,
            "check the spelling",
        ),
        (
            "ssh: connect to host dom0 port 22: Connection refused\n",
            HostConnectionError,
            "sshd runs",
        ),
        (
            "ssh: connect to host dom0 port 22: Connection timed out\n",
            HostConnectionError,
            "does not answer",
        ),
        (
            "ssh: connect to host dom0 port 22: No route to host\n",
            HostConnectionError,
            "check the network",
        ),
        ("Timeout, server dom0 not responding.\n", HostConnectionError, "broke"),
        ("client_loop: send disconnect: Broken pipe\n", HostConnectionError, "broke"),
        ("", HostConnectionError, "broke"),
    ],
)
def test_what_ssh_prints_becomes_what_to_do(
    stderr: str, error: type[LibvirtError], advice: str
) -> None:
    told = ssh_error(HostUri.parse(URI), stderr)
    assert type(told) is error
    assert advice in str(told)
    assert "\n" not in str(told)
    assert "@@" not in str(told)


def test_a_host_without_port_or_files_is_logged_in_to_plainly() -> None:
    told = ssh_error(HostUri.parse(PLAIN), UNKNOWN)
    assert str(told).partition(" (")[0].endswith("with: ssh root@dom0")


@pytest.mark.parametrize("key", ["keyfile", "known_hosts"])
def test_a_file_that_is_not_there_is_told_before_ssh_is_asked(key: str) -> None:
    with pytest.raises(HostUriError, match="which is not there"):
        connect(f"{PLAIN}?{key}=/nowhere/file")


def test_a_port_where_nothing_listens_is_told_by_the_real_ssh() -> None:
    with pytest.raises(HostConnectionError, match="nothing listens there"):
        connect("xen+ssh://root@127.0.0.1:1/system")


def test_a_connection_that_does_not_end_in_time_breaks_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def late(argv: list[str], **_: object) -> None:
        raise CommandTimeoutError(argv, 5)

    access = SshAccess(HostUri.parse(PLAIN))
    (access.config.parent / "socket").touch()
    monkeypatch.setattr("xenvm.host.ssh.processes.run", late)
    access.close()
    assert not access.config.parent.exists()
