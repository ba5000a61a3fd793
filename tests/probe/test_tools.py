"""The tools disk: programs of a host, with all that their loader wants."""

from __future__ import annotations

import subprocess
import tarfile
from pathlib import Path

import pytest

from xenvm.errors import BlockedError
from xenvm.host.probe import deploy_tools, tools
from xenvm.host.probe.image import DIRECTORY
from xenvm.host.shell import LocalShell
from xenvm.model.kinds import DiskDriver


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "_BUILD", tools._BUILD.replace(DIRECTORY, str(tmp_path)))


def test_it_holds_a_program_its_loader_and_its_libraries() -> None:
    disk = deploy_tools(LocalShell(), ("tar", "gzip"))
    with tarfile.open(disk.path) as tar:
        names = tar.getnames()
        assert all(member.isfile() for member in tar.getmembers())
    assert [name for name in names if name.endswith("/tar")]
    wanted = subprocess.run(
        ["ldd", "/bin/tar"], capture_output=True, text=True, check=True, timeout=30
    ).stdout
    paths = [word[1:] for word in wanted.split() if word.startswith("/")]
    assert {*paths} <= {*names}


def test_it_is_built_once(tmp_path: Path) -> None:
    first = deploy_tools(LocalShell(), ("tar",))
    stamp = Path(first.path).stat().st_ino
    again = deploy_tools(LocalShell(), ("tar",))
    assert (again, Path(again.path).stat().st_ino) == (first, stamp)
    assert deploy_tools(LocalShell(), ("tar", "gzip")).path != first.path
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        Path(deploy_tools(LocalShell(), each).path).name for each in (("tar",), ("tar", "gzip"))
    )


def test_a_program_that_dom0_lacks_is_named() -> None:
    with pytest.raises(BlockedError, match="Dom0 has no no-such-thing: apt-get install"):
        deploy_tools(LocalShell(), ("tar", "no-such-thing"))


def test_any_number_of_guests_may_read_it_without_a_qemu() -> None:
    vbd = deploy_tools(LocalShell(), ("tar",)).vbd
    assert (vbd.readonly, vbd.shareable, vbd.driver) == (True, True, DiskDriver.PHY)


def test_a_disk_that_could_not_be_built_leaves_nothing(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = tmp_path_factory.mktemp("bin")
    tar = programs / "tar"
    tar.write_text(
        '#!/bin/sh\nfor word; do case $word in *.tar.*) echo half >"$word" ;; esac; done\n'
        "echo No space left >&2\nexit 2\n"
    )
    tar.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    with pytest.raises(BlockedError, match="could not be built in Dom0: No space left"):
        deploy_tools(LocalShell(), ("gzip",))
    assert list(tmp_path.iterdir()) == []
