"""What every folder of the suite shares: the workshop."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from xenvm.host import Host
from xenvm.host.probe import ProbeImage, deploy
from xenvm.qualify.journal import Ledger
from xenvm.qualify.workshop import Workshop


@pytest.fixture(scope="session")
def probe_image(host: Host) -> ProbeImage:
    """The probe's kernel and initramfs; the first run on a host uploads them, and they stay."""
    return deploy(host.shell)


@pytest.fixture
def workshop(host: Host, journal: Ledger, probe_image: ProbeImage) -> Iterator[Workshop]:
    """Makes what the test needs on the host; all of it is gone afterwards."""
    made = Workshop(host, journal, probe_image)
    try:
        yield made
    finally:
        made.close()
