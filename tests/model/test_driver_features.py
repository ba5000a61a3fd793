"""What a driver lacks is told before it is asked."""

from __future__ import annotations

import pytest

from xenvm.errors import NotSupportedError
from xenvm.host import connect
from xenvm.model.driver_features import LIBXL, TEST, Feature


def test_a_refusal_says_who_cannot_do_what_and_what_to_do_instead() -> None:
    assert LIBXL.refusal(Feature.RENAME) == (
        "libvirt's libxl driver cannot rename a domain: define it anew while it is shut off"
    )
    assert LIBXL.refusal(Feature.IO_THREADS) == (
        "libvirt's libxl driver cannot give a domain I/O threads"
    )
    assert LIBXL.refusal(Feature.START_PAUSED) == ""


def test_a_host_refuses_what_its_driver_lacks_before_any_call() -> None:
    with connect("test:///default") as host:
        assert host.driver is TEST
        host.driver.require(Feature.RENAME)
        with pytest.raises(NotSupportedError, match="cannot migrate a domain: use a lab"):
            host.driver.require(Feature.MIGRATE)
        for refused in (
            lambda: host.domain("test").open_console(),
            lambda: host.domain("test").saving.dump_core("/nowhere", live=True),
            lambda: host.restore("/nowhere", paused=True),
        ):
            with pytest.raises(NotSupportedError, match="libvirt's test driver cannot"):
                refused()
