"""Storage pools and volumes: read, edited, written, and taken by libvirt."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import libvirt
import pytest

from xenvm import formats
from xenvm.errors import ParseError
from xenvm.model.kinds import DiskFormat
from xenvm.model.storage import (
    PoolHost,
    PoolKind,
    PoolSource,
    StoragePermissions,
    StoragePoolConfig,
    StorageVolumeConfig,
    VolumeBacking,
    VolumeKind,
    VolumeTarget,
)

LVM = """\
<pool type="logical">
  <name>vg0</name>
  <capacity unit="bytes">1073741824</capacity>
  <source>
    <device path="/dev/sda3"/>
    <device path="/dev/sdb"/>
    <name>vg0</name>
    <format type="lvm2"/>
    <!-- two disks, no mirror -->
  </source>
  <target>
    <path>/dev/vg0</path>
    <future/>
  </target>
</pool>"""

CLONE = StorageVolumeConfig(
    name="web.img",
    capacity_bytes=2**30,
    allocation_bytes=0,
    target=VolumeTarget(
        format=DiskFormat.QCOW2, permissions=StoragePermissions(mode="0600", owner=0, group=0)
    ),
    backing=VolumeBacking(path="/srv/base.img", format=DiskFormat.RAW),
)


@pytest.fixture
def driver() -> Iterator[libvirt.virConnect]:
    """Connect to libvirt's test driver, whose host is a dream of its own."""
    connection = libvirt.open("test:///default")
    yield connection
    connection.close()


def test_a_volume_group_is_read() -> None:
    assert formats.parse_storage_pool_xml(LVM) == StoragePoolConfig(
        kind=PoolKind.LOGICAL,
        name="vg0",
        capacity_bytes=2**30,
        source=PoolSource(devices=("/dev/sda3", "/dev/sdb"), name="vg0", format="lvm2"),
        target_path="/dev/vg0",
    )


def test_one_more_disk_is_one_more_line() -> None:
    pool = formats.parse_storage_pool_xml(LVM)
    source = dataclasses.replace(pool.source, devices=(*pool.source.devices, "/dev/sdc"))
    written = formats.format_storage_pool_xml(dataclasses.replace(pool, source=source))
    last = '    <device path="/dev/sdb"/>\n'
    assert written == LVM.replace(last, f'{last}    <device path="/dev/sdc"/>\n')


def test_a_served_pool_names_its_servers() -> None:
    pool = formats.parse_storage_pool_xml(
        "<pool type='rbd'><name>ceph</name><source><name>rbd</name>"
        "<host name='a' port='6789'/><host name='b'/></source></pool>"
    )
    assert pool.source.hosts == (PoolHost(name="a", port=6789), PoolHost(name="b"))


@pytest.mark.parametrize(
    ("capacity", "size_bytes"),
    [
        ("<capacity>5</capacity>", 5),
        ("<capacity unit='KB'>5</capacity>", 5000),
        ("<capacity unit='G'>5</capacity>", 5 * 2**30),
        ("<capacity unit='TiB'>1</capacity>", 2**40),
        ("<capacity/>", None),
        ("", None),
    ],
)
def test_sizes_are_told_in_bytes(capacity: str, size_bytes: int | None) -> None:
    volume = formats.parse_storage_volume_xml(f"<volume><name>v</name>{capacity}</volume>")
    assert volume.capacity_bytes == size_bytes


@pytest.mark.parametrize(
    ("size_bytes", "written"), [(6 * 2**30, 'unit="G">6<'), (7, 'unit="bytes">7<')]
)
def test_a_size_keeps_its_unit_where_that_can_say_it(size_bytes: int, written: str) -> None:
    text = "<volume><name>v</name><capacity unit='G'>5</capacity></volume>"
    volume = formats.parse_storage_volume_xml(text)
    edited = dataclasses.replace(volume, capacity_bytes=size_bytes)
    assert written in formats.format_storage_volume_xml(edited)


@pytest.mark.parametrize("capacity", ["x", "-1", "5 G", "99999999999999999999999"])
def test_a_size_that_is_none_is_told_with_its_place(capacity: str) -> None:
    text = f"<volume><capacity unit='G'>{capacity}</capacity></volume>"
    with pytest.raises(ParseError, match="/volume/capacity: "):
        formats.parse_storage_volume_xml(text)


def test_a_clone_is_written_and_read() -> None:
    assert formats.parse_storage_volume_xml(formats.format_storage_volume_xml(CLONE)) == CLONE


def test_libvirt_takes_a_pool_and_a_volume_that_we_write(driver: libvirt.virConnect) -> None:
    pool = dataclasses.replace(formats.parse_storage_pool_xml(LVM), capacity_bytes=None)
    made = driver.storagePoolDefineXML(formats.format_storage_pool_xml(pool), 0)
    told = formats.parse_storage_pool_xml(made.XMLDesc())
    assert (told.kind, told.source, told.target_path) == (pool.kind, pool.source, "/dev/vg0")

    volumes = driver.storagePoolLookupByName("default-pool")
    volume = volumes.createXML(formats.format_storage_volume_xml(CLONE), 0)
    told_volume = formats.parse_storage_volume_xml(volume.XMLDesc())
    assert (told_volume.kind, told_volume.capacity_bytes) == (VolumeKind.FILE, 2**30)
    assert told_volume.backing == CLONE.backing
