"""VBDs and storage on a real Xen: what is plugged in, a probe guest sees from the inside."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator

import pytest

from xenvm.errors import (
    DeviceInUseError,
    GuestError,
    NotAllowedError,
    NotFoundError,
    NotSupportedError,
    OutOfSpaceError,
    SpecError,
)
from xenvm.host import Host
from xenvm.host.probe import ProbeGuest, ProbeImage, deploy, pattern
from xenvm.host.probe.guest import probe_config
from xenvm.host.probe.protocol import pattern_sha256
from xenvm.host.storage import Storage
from xenvm.model.graphics import Graphics
from xenvm.model.kinds import (
    DiskBacking,
    DiskDevice,
    DiskDriver,
    DiskFormat,
    GraphicsKind,
    GuestType,
)
from xenvm.model.vbd import Vbd
from xenvm.model.vbd_backend import VbdCache, VbdServer

pytestmark = [pytest.mark.timeout(1800), pytest.mark.thorough]

FOLDER = "/var/lib/xenvm-live"
MIB = 1 << 20
KIB = 64
CDROM_DRIVERS = ("ata_piix", "sr_mod")
"""Of the drive that QEMU shows to an HVM guest."""


@pytest.fixture(scope="module")
def group(host: Host) -> str:
    return host.devices.storage().list_groups()[0].name


@pytest.fixture(scope="module")
def storage(host: Host, group: str) -> Iterator[Storage]:
    host.shell.run(f"mkdir -p {FOLDER}")
    yield host.devices.storage(allow=[group, FOLDER])
    host.shell.run(f"rm -rf {FOLDER}")


@pytest.fixture(scope="module")
def guest(host: Host, image: ProbeImage) -> Iterator[ProbeGuest]:
    # A screen, as QEMU plugs disks only into a guest that it was started with.
    screen = (Graphics(kind=GraphicsKind.VNC, autoport=True, listen="127.0.0.1"),)
    config = dataclasses.replace(probe_config("xenvm-live-d0", image), graphics=screen)
    started = ProbeGuest.start(host, config)
    started.wait_until_up()
    yield started
    started.remove()


@pytest.fixture(autouse=True)
def _nothing_stays_plugged_in(guest: ProbeGuest) -> Iterator[None]:
    yield
    for vbd in tuple(guest.domain.vbds):
        guest.domain.vbds.detach(vbd.target)


def plug_in(guest: ProbeGuest, vbd: Vbd) -> None:
    guest.domain.vbds.attach(vbd)
    guest.domain.vbds.wait_until_connected(vbd.target)


@contextlib.contextmanager
def volume(storage: Storage, group: str, name: str) -> Iterator[str]:
    made = storage.create_volume(group, name, 16)
    try:
        yield made.path
    finally:
        storage.delete_volume(group, name)


def disks(guest: ProbeGuest) -> dict[str, int]:
    return {disk.name: disk.bytes for disk in guest.facts().disks}


def test_volumes_live_within_the_allow_list(host: Host, storage: Storage, group: str) -> None:
    before = storage.list_volumes()
    with pytest.raises(NotAllowedError, match="allow="):
        host.devices.storage().create_volume(group, "xenvm-live-v", 16)
    with volume(storage, group, "xenvm-live-v"):
        storage.snapshot_volume(group, "xenvm-live-v", "xenvm-live-s", 8)
        found = {v.name: v for v in storage.list_volumes() if v not in before}
        assert found["xenvm-live-s"].origin == "xenvm-live-v"
        assert found["xenvm-live-v"].size_bytes == 16 * MIB
        with pytest.raises(DeviceInUseError, match="xenvm-live-s"):
            storage.delete_volume(group, "xenvm-live-v")
        storage.delete_volume(group, "xenvm-live-s")
    free_mib = storage.list_groups()[0].free_bytes >> 20
    with pytest.raises(OutOfSpaceError, match=f"{free_mib} MiB free"):
        storage.create_volume(group, "xenvm-live-v", free_mib + 8)
    with pytest.raises(OutOfSpaceError, match="no room"):
        storage.create_image(f"{FOLDER}/a.img", 1 << 20)
    assert storage.list_volumes() == before
    assert storage.list_images(FOLDER) == ()


def test_a_volume_is_plugged_in_served_by_linux_and_unplugged(
    host: Host, storage: Storage, group: str, guest: ProbeGuest
) -> None:
    with volume(storage, group, "xenvm-live-v") as path:
        plug_in(guest, Vbd(target="xvdb", source=path, driver=DiskDriver.PHY))
        assert disks(guest) == {"xvdb": 16 * MIB}
        (backend,) = guest.domain.vbds.backends()
        assert (backend.server, backend.cache) == (VbdServer.PHY, VbdCache.DIRECT)
        assert backend.device.is_connected
        number = host.shell.run("stat -L -c '%%Hr:%%Lr' %s", path).stdout.strip()
        assert backend.number == number
        guest.ask("write", device="xvdb", seed="live", kib=64)
        read = f"dd if={path} bs=64k count=1 iflag=direct status=none | sha256sum"
        assert host.shell.run(read).stdout.split()[0] == pattern_sha256("live", 64)
        with pytest.raises(DeviceInUseError, match="xenvm-live-d0"):
            storage.delete_volume(group, "xenvm-live-v")
        guest.domain.vbds.detach("xvdb")
        assert disks(guest) == {}


def test_image_files_are_served_as_their_driver_says(storage: Storage, guest: ProbeGuest) -> None:
    raw = storage.create_image(f"{FOLDER}/raw.img", 8, sparse=True)
    qcow2 = storage.create_image(f"{FOLDER}/a.qcow2", 32, layout=DiskFormat.QCOW2, sparse=True)
    file = DiskBacking.FILE
    plug_in(guest, Vbd(target="xvdc", source=raw.path, backing=file, driver=DiskDriver.PHY))
    plug_in(
        guest,
        Vbd(
            target="xvdd",
            source=qcow2.path,
            backing=file,
            driver=DiskDriver.QEMU,
            format=DiskFormat.QCOW2,
        ),
    )
    assert disks(guest) == {"xvdc": 8 * MIB, "xvdd": 32 * MIB}
    loop, qemu = guest.domain.vbds.backends()
    assert (loop.server, loop.cache, loop.path) == (VbdServer.PHY, VbdCache.PAGE_CACHE, raw.path)
    assert loop.number is not None
    assert loop.number.startswith("7:")
    assert (qemu.server, qemu.format, qemu.path) == (VbdServer.QDISK, "qcow2", qcow2.path)
    assert qemu.cache is VbdCache.PAGE_CACHE
    for target in ("xvdc", "xvdd"):
        guest.ask("write", device=target, seed=target, kib=64)
        assert guest.ask("read", device=target, kib=64).fields["sha256"] == pattern_sha256(
            target, 64
        )
    assert next(i for i in storage.list_images(FOLDER) if i.path == qcow2.path).size_bytes == (
        32 * MIB
    )
    for target in ("xvdc", "xvdd"):
        guest.domain.vbds.detach(target)
    assert disks(guest) == {}
    for image in storage.list_images(FOLDER):
        storage.delete_image(image.path)


def test_a_second_writer_is_refused_by_whatever_name(
    host: Host, image: ProbeImage, storage: Storage, group: str, guest: ProbeGuest
) -> None:
    with volume(storage, group, "xenvm-live-v") as path, contextlib.ExitStack() as undo:
        other = host.define(probe_config("xenvm-live-d1", image))
        undo.callback(other.undefine)
        other.vbds.attach(Vbd(target="xvda", source=path))
        real = host.shell.run("readlink -f %s", path).stdout.strip()
        for name in (path, real, f"/dev/mapper/{group.replace('-', '--')}-xenvm--live--v"):
            with pytest.raises(DeviceInUseError, match=r"domain xenvm-live-d1 \(xvda\)"):
                guest.domain.vbds.attach(Vbd(target="xvdb", source=name))
        other.vbds.detach("xvda")
        host.shell.run("mkswap %s && swapon %s", path, path, deadline_s=60)
        undo.callback(host.shell.run, "swapoff %s", path)
        with pytest.raises(DeviceInUseError, match=r"Dom0 \(to swap to"):
            guest.domain.vbds.attach(Vbd(target="xvdb", source=real))
    with pytest.raises(DeviceInUseError, match=r"Dom0 \(mounted on /\)"):
        guest.domain.vbds.attach(Vbd(target="xvdb", source="/dev/vda"))
    with pytest.raises(NotFoundError, match="make it first"):
        guest.domain.vbds.attach(Vbd(target="xvdb", source="/dev/nowhere"))
    assert disks(guest) == {}


def test_a_start_over_what_another_guest_writes_is_refused(
    host: Host, image: ProbeImage, storage: Storage, group: str, guest: ProbeGuest
) -> None:
    with volume(storage, group, "xenvm-live-v") as path:
        other = host.define(
            probe_config("xenvm-live-d1", image, vbds=[Vbd(target="xvda", source=path)])
        )
        try:
            guest.domain.vbds.attach(Vbd(target="xvdb", source=path, readonly=True, shareable=True))
        except DeviceInUseError:
            pass
        else:
            pytest.fail("a definition that writes was not seen")
        other.vbds.detach("xvda")
        guest.domain.vbds.attach(Vbd(target="xvdb", source=path))
        other.undefine()
        other = host.define(
            probe_config("xenvm-live-d1", image, vbds=[Vbd(target="xvda", source=path)])
        )
        with pytest.raises(DeviceInUseError, match="domain xenvm-live-d0"):
            other.start()
        other.undefine()
        guest.domain.vbds.detach("xvdb")


def burnt(host: Host, storage: Storage, seed: str) -> str:
    """Return the path of a new image that begins with the pattern of a seed."""
    path = storage.create_image(f"{FOLDER}/{seed}.iso", 1, sparse=True).path
    command = "dd of=%s conv=notrunc bs=64k iflag=fullblock status=none"
    host.shell.run(command, path, stdin=pattern(seed, KIB).decode())
    return path


def test_a_drive_of_an_hvm_guest_gets_another_medium(host: Host, storage: Storage) -> None:
    first, second = (burnt(host, storage, seed) for seed in ("first", "second"))
    image = deploy(host.shell, drivers=CDROM_DRIVERS)
    drive = Vbd(
        target="hdc",
        device=DiskDevice.CDROM,
        backing=DiskBacking.FILE,
        driver=DiskDriver.QEMU,
        source=first,
        readonly=True,
    )
    config = probe_config("xenvm-live-d2", image, guest_type=GuestType.HVM, vbds=[drive])
    hvm = ProbeGuest.start(host, config)
    try:
        hvm.wait_until_up()
        assert medium(hvm) == pattern_sha256("first", KIB)
        hvm.domain.vbds.change_media("hdc", second)
        assert hvm.domain.vbds.find("hdc").source == second
        assert medium(hvm) == pattern_sha256("second", KIB)
        hvm.domain.vbds.change_media("hdc", None)
        assert hvm.domain.vbds.find("hdc").source is None
        assert medium(hvm) != pattern_sha256("second", KIB)
    finally:
        hvm.remove()
    for path in (first, second):
        storage.delete_image(path)


def medium(guest: ProbeGuest) -> object:
    """Return what a guest reads at the beginning of the medium in its drive."""
    try:
        return guest.ask("read", device="sr0", kib=KIB).fields["sha256"]
    except GuestError:
        return "nothing"


def test_a_guest_without_such_a_drive_has_none(guest: ProbeGuest) -> None:
    with pytest.raises(NotFoundError):
        guest.domain.vbds.change_media("hdc", None)


def test_a_pv_guest_takes_a_medium_as_a_readonly_disk(storage: Storage, guest: ProbeGuest) -> None:
    iso = storage.create_image(f"{FOLDER}/3.iso", 3, sparse=True).path
    medium = Vbd(target="xvde", source=iso, backing=DiskBacking.FILE, readonly=True)
    plug_in(guest, medium)
    assert guest.ask("disk", device="xvde").fields["readonly"] in {1, "1"}
    with pytest.raises((SpecError, NotSupportedError)):
        guest.domain.vbds.change_media("xvde", None)
    guest.domain.vbds.detach("xvde")
    storage.delete_image(iso)


def test_a_guest_without_qemu_is_plugged_in_no_disk_that_it_would_serve(
    host: Host, image: ProbeImage, storage: Storage
) -> None:
    qcow2 = storage.create_image(f"{FOLDER}/q.qcow2", 4, layout=DiskFormat.QCOW2, sparse=True)
    vbd = Vbd(
        target="xvdb",
        source=qcow2.path,
        backing=DiskBacking.FILE,
        driver=DiskDriver.QEMU,
        format=DiskFormat.QCOW2,
    )
    other = ProbeGuest.start(host, probe_config("xenvm-live-d3", image), paused=True)
    try:
        with pytest.raises(NotSupportedError, match="without QEMU"):
            other.domain.vbds.attach(vbd)
    finally:
        other.remove()
    storage.delete_image(qcow2.path)
