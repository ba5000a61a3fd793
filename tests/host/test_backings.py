"""A second writer is refused: libvirt's test driver has the domains, this machine the images."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from xenvm.errors import CommandError, DeviceInUseError, NotFoundError
from xenvm.formats.domain_xml import format_domain_xml
from xenvm.host.backings import refuse_second_writer
from xenvm.host.connection import Connection
from xenvm.host.shell import LocalShell
from xenvm.model.domain import DomainConfig
from xenvm.model.kinds import DiskBacking
from xenvm.model.vbd import Vbd

from .conftest import put_on_path

UUIDS = [UUID(int=number) for number in (1, 2)]


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "a.img"
    path.write_bytes(bytes(4096))
    return path


def vbd(path: Path, *, target: str = "xvda", shareable: bool = False) -> Vbd:
    return Vbd(target=target, source=str(path), backing=DiskBacking.FILE, shareable=shareable)


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    node = tmp_path / "node.xml"
    node.write_text("<node><memory>1048576</memory></node>")
    made = Connection(f"test://{node}", deadline_s=20)
    yield made
    made.close()


def define(connection: Connection, owned: Vbd) -> None:
    config = DomainConfig(name="web", uuid=UUIDS[0], memory_kib=98304, kernel="/k", vbds=(owned,))
    connection.raw.defineXMLFlags(format_domain_xml(config))


def ask(connection: Connection, wanted: Vbd, *, own: bool = False, starting: bool = False) -> None:
    uuid = str(UUIDS[0] if own else UUIDS[1])
    refuse_second_writer(connection, LocalShell(), [wanted], uuid=uuid, starting=starting)


def test_the_error_names_who_has_it(connection: Connection, image: Path) -> None:
    define(connection, vbd(image))
    with pytest.raises(
        DeviceInUseError, match=r"a\.img is in use by domain web \(xvda\)"
    ) as caught:
        ask(connection, vbd(image))
    assert caught.value.users == ("domain web (xvda)",)


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_another_name_of_the_same_bytes_does_not_get_past(
    connection: Connection, image: Path, link: object
) -> None:
    assert callable(link)
    alias = image.with_name("alias of it.img")
    link(image, alias)
    define(connection, vbd(image))
    with pytest.raises(DeviceInUseError, match="domain web"):
        ask(connection, vbd(alias))


def test_readers_may_be_many(connection: Connection, image: Path) -> None:
    reader = dataclasses.replace(vbd(image), readonly=True)
    define(connection, reader)
    ask(connection, reader)
    with pytest.raises(DeviceInUseError):
        ask(connection, vbd(image))


def test_it_is_shared_only_when_both_say_so(connection: Connection, image: Path) -> None:
    define(connection, vbd(image, shareable=True))
    with pytest.raises(DeviceInUseError):
        ask(connection, vbd(image))
    ask(connection, vbd(image, shareable=True))


def test_a_domain_does_not_exclude_itself(connection: Connection, image: Path) -> None:
    define(connection, vbd(image))
    ask(connection, vbd(image), own=True)
    ask(connection, vbd(image), own=True, starting=True)
    with pytest.raises(DeviceInUseError):
        ask(connection, vbd(image, target="xvdb"), own=True)


def test_a_start_does_not_mind_domains_that_do_not_run(connection: Connection, image: Path) -> None:
    define(connection, vbd(image))
    ask(connection, vbd(image), starting=True)
    connection.raw.lookupByUUIDString(str(UUIDS[0])).createWithFlags(0)
    with pytest.raises(DeviceInUseError):
        ask(connection, vbd(image), starting=True)


def test_what_is_not_there_is_not_found(connection: Connection, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="make it first"):
        ask(connection, vbd(tmp_path / "nowhere"))


def test_when_xenstore_cannot_be_asked_nobody_is_said_to_be_absent(
    connection: Connection, image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_on_path(monkeypatch, tmp_path / "bin", "xenstore-ls", "echo no xenstored >&2; exit 1")
    with pytest.raises(CommandError, match="no xenstored"):
        ask(connection, vbd(image))
