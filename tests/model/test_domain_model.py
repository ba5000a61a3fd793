"""What can be a Xen guest, and what cannot."""

from __future__ import annotations

import dataclasses

import pytest

from xenvm.errors import SpecError, UsageError
from xenvm.model.domain import (
    DiskBacking,
    DiskFormat,
    DomainConfig,
    GuestType,
    Vbd,
    Vnif,
)
from xenvm.model.quantities import MacAddress

GUEST = DomainConfig(name="guest", memory_kib=98304, kernel="/boot/vmlinuz")
DISK = Vbd(target="xvda", source="/dev/vg/root", backing=DiskBacking.BLOCK)


def test_the_most_memory_and_vcpus_are_what_the_guest_starts_with_unless_said() -> None:
    assert (GUEST.max_memory_kib, GUEST.max_vcpus) == (98304, 1)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "a/b"),
        ("name", "x" * 201),
        ("name", "line\nbreak"),
        ("name", " space"),
        ("memory_kib", 0),
        ("memory_kib", 98305),
        ("vcpus", 2),
        ("kernel", None),
        ("kernel", "boot/vmlinuz"),
        ("initrd", "initrd.img"),
        ("cmdline", "a\x00b"),
        ("bootloader", "/usr/bin/pygrub"),
        ("vbds", (DISK, DISK)),
    ],
)
def test_a_config_that_cannot_be_a_guest_is_refused_by_the_fields_name(
    field: str, value: object
) -> None:
    with pytest.raises(SpecError, match=field):
        dataclasses.replace(GUEST, **{field: value})  # type: ignore[arg-type]


def test_two_vnifs_of_one_guest_cannot_share_a_mac() -> None:
    nic = Vnif(bridge="xenbr0", mac=MacAddress("00:16:3e:00:00:01"))
    with pytest.raises(SpecError, match="vnifs has 00:16:3e:00:00:01 more than once"):
        dataclasses.replace(GUEST, vnifs=(nic, nic))


def test_a_pv_guest_may_have_a_bootloader_instead_of_a_kernel() -> None:
    guest = dataclasses.replace(GUEST, kernel=None, bootloader="/usr/bin/pygrub")
    with pytest.raises(SpecError, match="bootloader"):
        dataclasses.replace(guest, guest_type=GuestType.PVH)


@pytest.mark.parametrize("target", ["", "vda", "xvd", "xvdA", "../x"])
def test_a_vbd_needs_a_name_that_a_guest_knows(target: str) -> None:
    with pytest.raises(SpecError, match="target"):
        dataclasses.replace(DISK, target=target)


def test_a_qcow2_image_needs_qemu() -> None:
    with pytest.raises(SpecError, match="needs driver qemu"):
        dataclasses.replace(DISK, format=DiskFormat.QCOW2)


@pytest.mark.parametrize("bridge", ["", "x" * 16, "a b", ".", "a/b", "-x", "ü"])
def test_a_bridge_name_is_one_that_linux_accepts(bridge: str) -> None:
    with pytest.raises(SpecError):
        Vnif(bridge=bridge)


def test_a_vnif_cannot_have_a_multicast_address() -> None:
    with pytest.raises(SpecError, match="multicast"):
        Vnif(bridge="xenbr0", mac=MacAddress("01:00:5e:00:00:01"))


def test_a_spec_error_is_a_usage_error() -> None:
    assert issubclass(SpecError, UsageError)
