"""Measuring programs in Dom0; this machine plays it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import sys
import threading
from pathlib import Path

import pytest

from xenvm.bench import block
from xenvm.bench.block import device_of, require_fio, write_cache_of
from xenvm.bench.network import Peer, require_peer
from xenvm.bench.programs import Dom0Programs
from xenvm.errors import BlockedError, CommandError, CommandTimeoutError, UsageError
from xenvm.host import CommandResult
from xenvm.host.shell import LocalShell
from xenvm.waiting import wait_until

SERVER = """
import socket, sys
with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as server:
    while True:
        server.accept()[0].close()
"""
needs_ss = pytest.mark.skipif(not shutil.which("ss"), reason="no ss here: iproute2 has it")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True


@needs_ss
def test_a_server_listens_while_the_block_runs_and_no_longer() -> None:
    port = free_port()
    with Dom0Programs(LocalShell()).serving((sys.executable, "-c", SERVER, str(port)), port):
        assert answers(port)
    assert not answers(port)


@needs_ss
def test_a_server_that_does_not_listen_is_an_error() -> None:
    with (
        pytest.raises(CommandError),
        Dom0Programs(LocalShell()).serving(("false",), free_port()),
    ):
        pytest.fail("it does not listen")


def test_a_program_is_killed_after_its_deadline() -> None:
    with pytest.raises(CommandTimeoutError):
        Dom0Programs(LocalShell()).run(("sleep", "60"), deadline_s=1)


def runs(*words: str) -> bool:
    """Return whether a program of these words runs on this machine."""
    wanted = "\0".join(words).encode() + b"\0"
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if file.read_bytes() == wanted:
                return True
    return False


def test_a_program_ends_with_the_run_that_is_interrupted() -> None:
    words = ("sleep", f"60.{os.getpid()}")

    def interrupt() -> None:
        wait_until("the program to run", lambda: runs(*words), deadline_s=30)
        os.kill(os.getpid(), signal.SIGINT)

    ctrl_c = threading.Thread(target=interrupt)
    ctrl_c.start()
    with pytest.raises(KeyboardInterrupt):
        Dom0Programs(LocalShell()).run(words, deadline_s=50)
    ctrl_c.join()
    assert not runs(*words)


class Dom0WithFio(LocalShell):
    """A Dom0 whose fio says a version; empty for none."""

    def __init__(self, version: str):
        super().__init__()
        self._version = version

    def run(
        self,
        command: str,
        *args: str,
        deadline_s: float = 30.0,
        check: bool = True,
        stdin: str = "",
    ) -> CommandResult:
        del args, deadline_s, check, stdin
        status = 0 if self._version else 127
        return CommandResult(command=command, returncode=status, stdout=self._version, stderr="")


@pytest.mark.parametrize(
    ("version", "said"),
    [
        ("", "Dom0 has no fio: apt-get install fio there"),
        ("fio-2.21\n", "Dom0 has fio-2.21, and 3.0 or newer is needed: update it"),
    ],
)
def test_a_dom0_without_a_usable_fio_is_refused(version: str, said: str) -> None:
    with pytest.raises(BlockedError) as caught:
        require_fio(Dom0WithFio(version))
    assert str(caught.value) == said


@pytest.mark.parametrize("version", ["fio-3.0", "fio-3.33", "fio-3.39-dirty"])
def test_a_newer_fio_will_do(version: str) -> None:
    require_fio(Dom0WithFio(version))


def test_a_file_without_a_block_device_of_its_own_is_refused() -> None:
    with pytest.raises(BlockedError, match="does not lie on one block device"):
        device_of(LocalShell(), "/proc/version")


@pytest.mark.parametrize(("said", "found"), [("write back", 1.0), ("write through", 0.0)])
def test_the_cache_of_a_device_is_told_and_of_a_partition_that_of_its_disk(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, said: str, found: float
) -> None:
    (tmp_path / "sda/sda1").mkdir(parents=True)
    (tmp_path / "sda/queue").mkdir()
    (tmp_path / "sda/queue/write_cache").write_text(f"{said}\n")
    for number, folder in (("8:0", "sda"), ("8:1", "sda/sda1")):
        (tmp_path / number).symlink_to(tmp_path / folder)
    monkeypatch.setattr(
        block, "_WRITE_CACHE", block._WRITE_CACHE.replace("/sys/dev/block", str(tmp_path))
    )
    assert write_cache_of(LocalShell(), "8:0") == {"write_back": found}
    assert write_cache_of(LocalShell(), "8:1") == {"write_back": found}
    assert write_cache_of(LocalShell(), "8:2") == {}


def test_a_peer_that_is_the_machine_itself_or_does_not_answer_is_refused() -> None:
    with pytest.raises(BlockedError, match=r"127\.0\.0\.1 is the measured machine's own"):
        require_peer(LocalShell(), Peer(address="127.0.0.1"))
    with pytest.raises(
        BlockedError, match=r"no way leads to peer\.example: name the peer by an IP"
    ):
        require_peer(LocalShell(), Peer(address="peer.example"))
    with pytest.raises(UsageError, match="no address"):
        Peer(address="a; reboot")
