"""This machine in place of a Dom0: it has a xenstore, with nothing in it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from xenvm.host.shell import CommandResult, LocalShell


def put_on_path(patch: pytest.MonkeyPatch, folder: Path, name: str, script: str) -> None:
    """Let a shell script be what a command's name finds."""
    folder.mkdir(exist_ok=True)
    program = folder / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    patch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture(autouse=True)
def xenstore(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    put_on_path(monkeypatch, tmp_path_factory.mktemp("bin"), "xenstore-ls", ":")


class FakeNet(LocalShell):
    """This machine's shell with other links: files below a folder, and an ``ip`` that moves them.

    Attributes:
        root: What is there of ``/sys``, ``/run`` and the addresses.
    """

    def __init__(self, root: Path):
        super().__init__()
        self.root = root
        self.net = root / "sys/class/net"
        self.net.mkdir(parents=True)

    def run(self, command: str, *args: str, **words: object) -> CommandResult:
        for top in ("/sys/", "/run/"):
            command = command.replace(top, f"{self.root}{top}")
        return super().run(command, *args, **words)  # type: ignore[arg-type]

    def add_nic(self, name: str, *, up: bool = False) -> None:
        (self.net / name / "device").mkdir(parents=True, exist_ok=True)
        (self.net / name / "flags").write_text("0x1003\n" if up else "0x1002\n")

    def add_upper(self, nic: str, name: str, kind: str) -> None:
        (self.net / name).mkdir()
        (self.net / name / "uevent").write_text(f"DEVTYPE={kind}\nINTERFACE={name}\n")
        (self.net / nic / f"upper_{name}").symlink_to(self.net / name)

    def is_up(self, name: str) -> bool:
        return (self.net / name / "flags").read_text() == "0x1003\n"


_IP = """\
cd {net}
case "$*" in
  "-oneline address show dev "*) [ -e $5 ] || exit 1; cat $5/address 2>/dev/null; : ;;
  "link add link "*" type vlan "*)
    [ ! -e $6 ] || {{ echo File exists >&2; exit 2; }}
    mkdir $6; echo DEVTYPE=vlan >$6/uevent; ln -s {net}/$6 $4/upper_$6 ;;
  "link add name "*) mkdir $4; echo DEVTYPE=bond >$4/uevent ;;
  "link delete dev "*)
    [ ! -e $4/stuck ] || {{ echo $4 is stuck >&2; exit 2; }}
    [ -e $4 ] || exit 1
    rm -rf $4; find . -xtype l -delete ;;
  "link set dev "*" master "*) [ -e $6 ] || exit 2; ln -s {net}/$6 $4/master ;;
  # A bond closes what it lets go of.
  "link set dev "*" nomaster")
    grep -qs bond $4/master/uevent && echo 0x1002 >$4/flags; rm -f $4/master ;;
  "link set dev "*" up") [ -e $4 ] && echo 0x1003 >$4/flags ;;
  "link set dev "*" down") [ -e $4 ] && echo 0x1002 >$4/flags ;;
  *) echo "ip $*" >&2; exit 255 ;;
esac
"""


@pytest.fixture
def fake_net(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeNet:
    shell = FakeNet(tmp_path / "root")
    put_on_path(monkeypatch, tmp_path / "bin", "ip", _IP.format(net=shell.net))
    return shell
