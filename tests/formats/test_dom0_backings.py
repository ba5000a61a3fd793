"""Dom0's devices and images, as backings with an identity."""

from __future__ import annotations

import pytest

from xenvm.errors import ParseError
from xenvm.formats.dom0_backings import backing_path, parse_backings

TEXT = """\
below 254:1 254:0
below 253:0 254:1
loop 7:0 /srv/a.img
loop 7:1 /srv/gone.img (deleted)
mount 253:0 rw,noatime /srv/with space
mount 254:9 ro /mnt
swap /swap.img
/local/domain/0/backend/vbd/3/51712/params = "/dev/loop0"
/local/domain/0/backend/vbd/3/51712/dev = "xvda"
/local/domain/0/backend/vbd/3/51712/mode = "r"
/local/domain/0/backend/qdisk/4/51712/params = "aio:/srv/a.img"
/local/domain/0/backend/qdisk/4/51712/dev = "xvda"
path 6660 fd:0 5 100 /dev/vg/lv
path 61b0 7:0 5 101 /dev/loop0
path 81a4 0:0 65025 131 /srv/a.img
path 81a4 0:0 65025 9 /swap.img
path 6660 7:1 5 102 /dev/loop1
path 41ed 0:0 65025 2 /srv
"""


def test_a_loop_device_overlaps_the_file_below_it() -> None:
    backings = parse_backings(TEXT)
    loop, image = backings.find("/dev/loop0"), backings.find("/srv/a.img")
    assert loop is not None
    assert image is not None
    assert image.identity == "file 254:1 131"
    assert loop.overlaps(image)


def test_a_loop_device_whose_file_was_deleted_stands_on_nothing() -> None:
    loop = parse_backings(TEXT).find("/dev/loop1")
    assert loop is not None
    assert loop.beneath == frozenset()


def test_a_volume_stands_on_its_partition_and_that_on_its_disk() -> None:
    volume = parse_backings(TEXT).find("/dev/vg/lv")
    assert volume is not None
    assert volume.beneath == {"block 254:1", "block 254:0"}


def test_neither_a_folder_nor_what_is_not_there_is_a_backing() -> None:
    backings = parse_backings(TEXT)
    assert backings.find("/srv") is None
    assert backings.find("/nowhere") is None


def test_dom0_uses_what_it_mounts_and_swaps_to() -> None:
    uses = {use.user: use for use in parse_backings(TEXT).dom0_uses()}
    assert uses["Dom0 (mounted on /srv/with space)"].writes
    assert not uses["Dom0 (mounted on /mnt)"].writes
    assert uses["Dom0 (to swap to)"].backing.identity == "file 254:1 9"


def test_guests_have_what_their_back_ends_serve() -> None:
    served = parse_backings(TEXT).served
    assert [(s.domid, s.target, s.path, s.writes) for s in served] == [
        (3, "xvda", "/dev/loop0", False),
        (4, "xvda", "/srv/a.img", True),
    ]


@pytest.mark.parametrize("text", ["path zz fd:0 5 1 /a", "below 1:1", "loop 7:0"])
def test_what_dom0_did_not_print_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        parse_backings(text)


def test_an_image_may_have_a_colon_in_its_path() -> None:
    assert backing_path("qcow2:/srv/a:b") == ("qcow2", "/srv/a:b")
    assert backing_path("/srv/a:b") == ("raw", "/srv/a:b")
    assert backing_path("") == ("raw", "")
