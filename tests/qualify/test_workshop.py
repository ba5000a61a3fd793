"""What a run makes on its hosts."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from xenvm.host import Host
from xenvm.host.probe import ProbeImage
from xenvm.qualify.journal import Journal, Ledger
from xenvm.qualify.workshop import Workshop

NO_HOST = cast("Host", None)
IMAGE = cast("ProbeImage", None)


def test_no_two_guests_of_a_run_have_one_mac_on_whichever_host(tmp_path: Path) -> None:
    ledger = Ledger(Journal(tmp_path / "journal"), "ab1c")
    here, there = (Workshop(NO_HOST, ledger, IMAGE) for _ in range(2))
    macs = [shop.next_mac() for shop in (here, there, there, here)]
    assert len(set(macs)) == len(macs)


def test_guests_of_two_runs_have_other_macs(tmp_path: Path) -> None:
    ledgers = [Ledger(Journal(tmp_path / run), run) for run in ("ab1c", "ab1d")]
    one, other = (Workshop(NO_HOST, ledger, IMAGE).next_mac() for ledger in ledgers)
    assert one != other
