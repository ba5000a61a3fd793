"""Image files in this machine's Dom0, which is this machine; volumes are for the lab."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from xenvm.errors import (
    AlreadyExistsError,
    CommandError,
    DeviceInUseError,
    NotAllowedError,
    NotFoundError,
    OutOfSpaceError,
    SpecError,
)
from xenvm.formats.dom0_volumes import parse_groups, parse_volumes
from xenvm.formats.domain_xml import format_domain_xml
from xenvm.host.connection import Connection
from xenvm.host.shell import LocalShell
from xenvm.host.storage import Storage
from xenvm.model.dom0_storage import check_lvm_name
from xenvm.model.domain import DomainConfig
from xenvm.model.kinds import DiskBacking, DiskFormat
from xenvm.model.vbd import Vbd

from .conftest import put_on_path

MIB = 1 << 20


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    node = tmp_path / "node.xml"
    node.write_text("<node><memory>1048576</memory></node>")
    made = Connection(f"test://{node}", deadline_s=20)
    yield made
    made.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "it's images"
    made.mkdir()
    return made


@pytest.fixture
def storage(connection: Connection, folder: Path) -> Storage:
    return Storage(connection, LocalShell(), [str(folder)])


def test_an_image_is_made_whole_and_deleted(storage: Storage, folder: Path) -> None:
    image = storage.create_image(f"{folder}/a.img", 1)
    assert (image.format, image.size_bytes) == ("raw", MIB)
    assert image.allocated_bytes >= MIB
    assert storage.list_images(str(folder)) == (image,)
    storage.delete_image(image.path)
    assert list(folder.iterdir()) == []


def test_a_sparse_image_takes_no_room_yet(storage: Storage, folder: Path) -> None:
    assert storage.create_image(f"{folder}/a.img", 64, sparse=True).allocated_bytes < MIB


@pytest.mark.skipif(shutil.which("qemu-img") is None, reason="qemu-img is not installed")
def test_a_qcow2_image_tells_the_size_that_a_guest_sees(storage: Storage, folder: Path) -> None:
    image = storage.create_image(f"{folder}/a.qcow2", 64, layout=DiskFormat.QCOW2, sparse=True)
    assert (image.format, image.size_bytes) == ("qcow2", 64 * MIB)
    assert image.allocated_bytes < 2 * MIB


def test_a_copy_is_as_the_image_was(storage: Storage, folder: Path) -> None:
    Path(folder, "a.img").write_bytes(b"x" * 4096)
    storage.snapshot_image(f"{folder}/a.img", f"{folder}/b.img")
    Path(folder, "a.img").write_bytes(b"y" * 4096)
    assert Path(folder, "b.img").read_bytes() == b"x" * 4096


def test_nothing_is_changed_unless_it_is_allowed(connection: Connection, folder: Path) -> None:
    nobody = Storage(connection, LocalShell())
    with pytest.raises(NotAllowedError, match="pass allow="):
        nobody.create_image(f"{folder}/a.img", 1)
    Path(folder, "a.img").write_bytes(b"x")
    with pytest.raises(NotAllowedError, match="allow-list"):
        nobody.delete_image(f"{folder}/a.img")
    assert Path(folder, "a.img").exists()


def test_a_link_out_of_the_folder_does_not_get_past(
    storage: Storage, folder: Path, tmp_path: Path
) -> None:
    Path(tmp_path, "secret").write_bytes(b"x")
    Path(folder, "out").symlink_to(tmp_path)
    Path(folder, "file").symlink_to(tmp_path / "secret")
    with pytest.raises(NotAllowedError):
        storage.delete_image(f"{folder}/out/secret")
    with pytest.raises(NotAllowedError):
        storage.delete_image(f"{folder}/../secret")
    with pytest.raises(NotFoundError, match="symbolic link"):
        storage.delete_image(f"{folder}/file")
    assert Path(tmp_path, "secret").exists()


def test_an_image_is_not_made_over_another(storage: Storage, folder: Path) -> None:
    Path(folder, "a.img").write_bytes(b"x")
    with pytest.raises(AlreadyExistsError):
        storage.create_image(f"{folder}/a.img", 1)
    assert Path(folder, "a.img").read_bytes() == b"x"


def test_out_of_space_is_one_error_and_leaves_nothing(
    storage: Storage, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The real one takes all the room there is before it says so, from whoever else writes.
    says = 'echo >"$3"; echo "fallocate: fallocate failed: No space left on device" >&2; exit 1'
    put_on_path(monkeypatch, tmp_path / "bin", "fallocate", says)
    with pytest.raises(OutOfSpaceError, match="no room"):
        storage.create_image(f"{folder}/a.img", 12 << 20)
    assert list(folder.iterdir()) == []


def test_an_image_that_a_domain_has_stays(
    storage: Storage, folder: Path, connection: Connection
) -> None:
    image = storage.create_image(f"{folder}/a.img", 1)
    vbd = Vbd(target="xvda", source=image.path, backing=DiskBacking.FILE)
    config = DomainConfig(name="web", memory_kib=98304, kernel="/k", vbds=(vbd,))
    connection.raw.defineXMLFlags(format_domain_xml(config))
    with pytest.raises(DeviceInUseError, match="domain web"):
        storage.delete_image(image.path)
    with pytest.raises(DeviceInUseError, match="domain web"):
        storage.snapshot_image(image.path, f"{folder}/b.img")
    assert [found.path for found in storage.list_images(str(folder))] == [image.path]


@pytest.mark.parametrize("path", ["a.img", "/", "/srv/..", "/srv/a\nb"])
def test_what_is_no_path_of_a_file_is_refused(storage: Storage, path: str) -> None:
    with pytest.raises(SpecError):
        storage.create_image(path, 1)


def test_a_folder_that_is_not_there_is_not_found(storage: Storage, folder: Path) -> None:
    with pytest.raises(NotFoundError, match="no folder"):
        storage.create_image(f"{folder}/deeper/a.img", 1)
    with pytest.raises(NotFoundError, match="no folder"):
        storage.list_images(f"{folder}/deeper")


def test_a_size_of_nothing_is_refused(storage: Storage, folder: Path) -> None:
    with pytest.raises(SpecError, match="size"):
        storage.create_image(f"{folder}/a.img", 0)


@pytest.mark.parametrize("name", ["", "-x", "a/b", "..", "snapshot1", "a_tdata", "x" * 128, "a b"])
def test_what_lvm_does_not_take_is_refused(name: str) -> None:
    with pytest.raises(SpecError):
        check_lvm_name(name)


def test_lvms_words_become_values() -> None:
    (group,) = parse_groups("  vg|aB-1|4290772992|4282384384\n")
    assert (group.name, group.free_bytes) == ("vg", 4282384384)
    text = "  vg|b|u2|4194304|a||/dev/vg/b\n  vg|a|u1|8388608|||/dev/vg/a\n"
    assert [(v.name, v.origin, v.path) for v in parse_volumes(text)] == [
        ("a", "", "/dev/vg/a"),
        ("b", "a", "/dev/vg/b"),
    ]


def test_a_file_system_without_links_is_not_told_as_a_name_that_is_taken(
    storage: Storage, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    ln = tmp_path / "bin" / "ln"
    ln.write_text("#!/bin/sh\necho Operation not permitted >&2\nexit 1\n")
    ln.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    with pytest.raises(CommandError, match="Operation not permitted"):
        storage.create_image(f"{folder}/a.img", 1)
    assert list(folder.iterdir()) == []
