"""What tests of several packages share: inventories of real hosts, out of captures."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from xenvm.formats.dom0_inventory import read_inventory
from xenvm.formats.dom0_sections import Sections, split_sections
from xenvm.model.inventory import Inventory

settings.register_profile("unhurried", settings.default, deadline=None, max_examples=50)
settings.load_profile("unhurried")
"""A test is no clock: how long an example takes is the machine's business."""

HOSTS = Path(__file__).parent / "fixtures" / "hosts"
"""One folder per host; tests/fixtures/capture.py writes them."""

Captured = Callable[[str], Inventory]


def captured_sections(name: str) -> Sections:
    """Return what the gathering script printed on a captured host."""
    text = (HOSTS / name / "dom0.txt").read_text(encoding="utf-8")
    return split_sections(text, "xenvm-capture")


def captured_inventory(name: str) -> Inventory:
    """Return the inventory of a captured host."""
    text = (HOSTS / name / "domains.xml").read_text(encoding="utf-8")
    xmls = [xml for xml in text.split("<!-- next domain -->\n") if xml.strip()]
    uri = f"xen+ssh://root@{name}/system"
    return read_inventory(
        captured_sections(name), xmls, uri=uri, collected_at="2026-11-23T00:00:00+00:00"
    )


@pytest.fixture(autouse=True, scope="session")
def _interrupts_are_heard() -> None:
    """Tests interrupt themselves and xenvm; a script that runs them may have that ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def captured() -> Captured:
    """Return a function from a captured host's name to its inventory."""
    return captured_inventory


@pytest.fixture
def sections_of() -> Callable[[str], Sections]:
    """Return a function from a captured host's name to what its script printed."""
    return captured_sections
