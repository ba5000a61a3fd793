"""What every folder of the suite shares: the workshop."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from xenvm.host import Host
from xenvm.qualify.journal import Ledger
from xenvm.qualify.workshop import Workshop


@pytest.fixture
def workshop(host: Host, journal: Ledger) -> Iterator[Workshop]:
    """Makes what the test needs on the host; all of it is gone afterwards."""
    made = Workshop.of(host, journal)
    try:
        yield made
    finally:
        made.close()
