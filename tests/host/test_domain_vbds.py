"""Who serves a VBD, and how it is cached; by what xenstore says of it."""

from __future__ import annotations

import pytest

from xenvm.errors import ParseError
from xenvm.host.domain_vbds import _backend
from xenvm.model.vbd_backend import VbdBackend, VbdCache, VbdServer
from xenvm.model.xenbus import XenbusState, XenDevice


def told(served_by: str, **back: str) -> VbdBackend:
    device = XenDevice(
        kind="vbd",
        number=51712,
        served_by=served_by,
        front_state=XenbusState.CONNECTED,
        back_state=XenbusState.CONNECTED,
        back={"dev": "xvda", **{key.replace("_", "-"): value for key, value in back.items()}},
    )
    return _backend(device, frozenset({"7:3"}))


def test_a_block_device_goes_past_the_page_cache() -> None:
    backend = told("vbd", params="/dev/vg/a", physical_device="fd:1f", mode="w")
    assert (backend.server, backend.number, backend.cache) == (
        VbdServer.PHY,
        "253:31",
        VbdCache.DIRECT,
    )
    assert not backend.readonly


@pytest.mark.parametrize(
    ("number", "cache"), [("7:2", VbdCache.PAGE_CACHE), ("7:3", VbdCache.DIRECT)]
)
def test_a_loop_device_goes_through_it_unless_told_not_to(number: str, cache: VbdCache) -> None:
    assert told("vbd", params="/srv/a.img", physical_device=number, mode="r").cache is cache


@pytest.mark.parametrize(
    ("safe", "cache"),
    [("", VbdCache.PAGE_CACHE), ("0", VbdCache.PAGE_CACHE), ("1", VbdCache.DIRECT)],
)
def test_qemu_goes_through_it_unless_direct_io_is_safe(safe: str, cache: VbdCache) -> None:
    backend = told("qdisk", params="qcow2:/srv/a.qcow2", mode="r", direct_io_safe=safe)
    assert (backend.server, backend.format, backend.path) == (
        VbdServer.QDISK,
        "qcow2",
        "/srv/a.qcow2",
    )
    assert backend.cache is cache
    assert backend.readonly


def test_an_empty_drive_has_no_path() -> None:
    assert told("qdisk", params="aio:", mode="r").path is None


def test_a_server_that_nobody_knows_is_no_guess() -> None:
    with pytest.raises(ParseError, match="served by tap"):
        told("tap", params="aio:/srv/a")
