"""The lab's machine, as values and as QEMU's command line."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xenvm.errors import UsageError
from xenvm.lab import Lab, Release, Shape
from xenvm.lab.qemu import SPARE_FUNCTION, Disks, Wires, qemu_argv
from xenvm.lab.recipe import recipe_for
from xenvm.lab.shape import digest

DISKS = Disks(root=Path("/r,1.qcow2"), volume_group=Path("/v"), scratch=Path("/s"))


def argv(shape: Shape) -> list[str]:
    return qemu_argv(
        name="x", shape=shape, disks=DISKS, ssh_port=2222, console=Path("/console.log")
    )


def option(words: list[str], name: str) -> str:
    return words[words.index(name) + 1]


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("sockets", 0, "--sockets 0"),
        ("threads", 3, "--threads 3"),
        ("memory_mib", 100, "--memory-mib 100"),
        ("nics", 99, "--nics 99"),
        ("dom0_memory_mib", 2500, "needs a machine of 2884 MiB"),
        ("xen_args", "a,b", "--xen-args"),
        ("xen_args", "a\nb", "--xen-args"),
    ],
)
def test_a_shape_that_cannot_be_is_refused_by_its_option(
    field: str, value: object, said: str
) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        Shape(**{field: value})  # type: ignore[arg-type]


def test_the_default_shape_has_two_sockets_and_no_smt() -> None:
    shape = Shape()
    assert (shape.sockets, shape.cores, shape.threads) == (2, 1, 1)
    assert shape.dom0_memory_mib >= 1024


def test_ssh_is_forwarded_on_loopback_alone() -> None:
    words = argv(Shape(nics=3))
    forwards = [word for word in words if "hostfwd" in word]
    assert len(forwards) == 1
    assert "hostfwd=tcp:127.0.0.1:2222-" in forwards[0]
    assert sum(word.startswith("virtio-net") for word in words) == 3


def test_a_comma_in_a_path_is_quoted_for_qemu() -> None:
    assert any("file=/r,,1.qcow2" in word for word in argv(Shape()))


def test_what_makes_emulated_xen_unstable_is_off() -> None:
    cpu = option(argv(Shape()), "-cpu")
    assert all(f"-{flag}" in cpu.split(",") for flag in ("avx", "xsave", "monitor", "smap", "smep"))


def test_smt_needs_a_model_that_shows_it() -> None:
    words = argv(Shape(threads=2))
    assert option(words, "-cpu") == "Nehalem"
    assert option(words, "-smp") == "4,sockets=2,cores=1,threads=2"


def test_dom0_memory_is_fixed_on_xens_command_line() -> None:
    line = option(argv(Shape(dom0_memory_mib=512, xen_args="sched=credit")), "-append")
    assert "dom0_mem=512M,max:512M" in line
    assert line.endswith("sched=credit")


def test_an_iommu_comes_before_what_is_behind_it_and_its_nic_moves_no_other() -> None:
    plain, words = argv(Shape()), argv(Shape(iommu=True))
    devices = [word for option, word in itertools.pairwise(words) if option == "-device"]
    assert devices[0].startswith("intel-iommu")
    assert devices[-1] == "virtio-rng-pci,rng=rng"
    assert [word for word in devices if word in plain] == [
        word for option, word in itertools.pairwise(plain) if option == "-device"
    ]
    (nic,) = [word for word in devices if word.startswith("e1000e")]
    assert f"addr={int(SPARE_FUNCTION[8:10], 16):#x}" in nic
    assert f"modprobe.blacklist={nic.partition(',')[0]}" in option(words, "-initrd")
    assert "restrict=on" in words[words.index(nic) - 1 - 1]
    assert "iommu=no-sharept" in option(words, "-append")


def test_the_function_behind_the_iommu_is_spare_and_its_nic_is_not() -> None:
    plain, other = (
        Lab(name="x", release=Release.BOOKWORM, shape=shape, port=0, key=Path("/k"))
        for shape in (Shape(), Shape(iommu=True))
    )
    assert other.spare_devices == (*plain.spare_devices, SPARE_FUNCTION)


SHAPES = st.builds(
    Shape,
    sockets=st.integers(1, 8),
    cores=st.integers(1, 16),
    threads=st.integers(1, 2),
    nics=st.integers(1, 8),
    iommu=st.booleans(),
)


@given(SHAPES, SHAPES)
def test_two_shapes_share_a_digest_only_if_they_are_one(one: Shape, other: Shape) -> None:
    assert (digest(one) == digest(other)) == (one == other)


def test_each_release_has_an_image_of_its_own() -> None:
    names = {recipe_for(release).image_id for release in Release}
    assert len(names) == len(Release)
    assert all(re.fullmatch(r"[a-z]+-[0-9a-f]{16}", name) for name in names)


def test_a_pair_has_one_nic_and_one_disk_more_and_listens_nowhere() -> None:
    wires = Wires(ours=Path("/a/link,1"), theirs=Path("/b/link"), disk=Path("/a/shared"))
    words = qemu_argv(
        name="x", shape=Shape(), disks=DISKS, ssh_port=2222, console=Path("/c"), wires=wires
    )
    assert sum(word.startswith("virtio-net") for word in words) == Shape().nics + 1
    (link,) = [word for word in words if "id=link" in word]
    assert link == (
        "dgram,id=link,local.type=unix,local.path=/a/link,,1,remote.type=unix,remote.path=/b/link"
    )
    assert any("file=/a/shared" in word and "locking=off" in word for word in words)
    assert argv(Shape()) == [word for word in argv(Shape()) if "link" not in word]
