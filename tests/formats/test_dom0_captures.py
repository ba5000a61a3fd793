"""Captured hosts: the facts that are read out of them, and what the rules make of those.

A new capture (tests/fixtures/capture.py) needs a line in HOSTS.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import pytest

from xenvm.formats import dom0_commands
from xenvm.formats.dom0_sections import Sections
from xenvm.model.inventory import Inventory
from xenvm.model.kinds import GuestType
from xenvm.model.verdict import EvidenceClass, VerdictKind
from xenvm.spec import evaluate, load_profile, requirement

HOSTS: dict[str, set[str]] = {
    "bookworm-default": set(),
    "bookworm-one-guest": set(),
    "bookworm-one-socket": {"WP-3.4-02"},
    "bookworm-two-threads": {"WP-3.4-21"},
    "bookworm-dom0-512": {"WP-3.4-07"},
    "trixie-default": set(),
    "trixie-one-socket": {"WP-3.4-02"},
    "trixie-two-threads": {"WP-3.4-21"},
    "trixie-dom0-512": {"WP-3.4-07"},
}
"""What each captured host breaks of fujitsu-2008; folders that are not there are not tested."""

FOLDER = Path(__file__).parent.parent / "fixtures" / "hosts"
CAPTURED = sorted(path.name for path in FOLDER.iterdir())

Captured = Callable[[str], Inventory]


def test_every_capture_has_its_expectation() -> None:
    assert CAPTURED
    assert set(CAPTURED) <= set(HOSTS)


@pytest.mark.parametrize("name", CAPTURED)
def test_a_captured_host_fails_exactly_what_its_shape_breaks(name: str, captured: Captured) -> None:
    verdicts = evaluate(captured(name), load_profile("fujitsu-2008"))
    failing = {v.requirement_id for v in verdicts if v.kind is VerdictKind.FAIL}
    assert failing == HOSTS[name]


@pytest.mark.parametrize("name", CAPTURED)
def test_a_captured_host_shows_all_that_a_nested_host_can(name: str, captured: Captured) -> None:
    inventory = captured(name)
    assert inventory.evidence is EvidenceClass.NESTED
    unseen = {
        v.requirement_id
        for v in evaluate(inventory, load_profile("fujitsu-2008"))
        if v.kind is VerdictKind.NOT_OBSERVABLE
    }
    assert not {id_ for id_ in unseen if EvidenceClass.NESTED in requirement(id_).observable_on}


@pytest.mark.parametrize("name", CAPTURED)
def test_every_section_that_is_read_was_captured(
    name: str, sections_of: Callable[[str], Sections]
) -> None:
    wanted = {value for key, value in vars(dom0_commands).items() if key.isupper()}
    assert wanted - {dom0_commands.DOMAIN_XML} <= set(sections_of(name))


def test_the_script_and_the_parsers_agree_on_names() -> None:
    script = resources.files("xenvm.host").joinpath("gather.sh").read_text(encoding="utf-8")
    script = script.replace("\\\n", " ")
    named = set(re.findall(r"^section '([^']+)'", script, re.MULTILINE))
    for kind, words in re.findall(r"^(file|program) (.+)$", script, re.MULTILINE):
        assert kind
        named.add(" ".join(words.split()))
    wanted = {value for key, value in vars(dom0_commands).items() if key.isupper()}
    assert named == wanted - {dom0_commands.DOMAIN_XML}


def test_the_default_lab_is_read_as_it_was_built(captured: Captured) -> None:
    inventory = captured("bookworm-default")
    xen = inventory.hypervisor
    assert (xen.nr_cpus, xen.sockets, xen.cores, xen.threads_per_core) == (2, 2, 2, 1)
    assert (xen.total_memory_mib, xen.scheduler, xen.brought_up_cpus) == (2559, "credit2", 2)
    assert inventory.firmware.cpu_threads == 2
    assert inventory.firmware.installed_memory_mib == 2560
    assert inventory.dom0.memory_kib == 1024 * 1024
    assert inventory.dom0.control_domain
    assert inventory.domains == ()
    assert "CPUID has the hypervisor bit" in (inventory.firmware.signs or ())


def test_a_running_guest_is_known_by_xen_and_by_libvirt_as_one(captured: Captured) -> None:
    (guest,) = captured("bookworm-one-guest").domains or ()
    assert guest.domid == 8
    assert guest.guest_type is GuestType.PV
    assert guest.memory_kib == 96 * 1024
    assert guest.own


def test_a_hosts_capture_survives_the_loss_of_any_section(
    captured: Captured, sections_of: Callable[[str], Sections]
) -> None:
    from xenvm.formats.dom0_inventory import read_inventory  # noqa: PLC0415

    sections = sections_of("bookworm-default")
    profile = load_profile("fujitsu-2008")
    before = {v.requirement_id: v.kind for v in evaluate(captured("bookworm-default"), profile)}
    for lost in sections:
        rest = {name: section for name, section in sections.items() if name != lost}
        inventory = read_inventory(rest, [], uri="xen:///system", collected_at="")
        for verdict in evaluate(inventory, profile):
            if verdict.kind in {VerdictKind.PASS, VerdictKind.FAIL}:
                assert verdict.kind is before[verdict.requirement_id], (lost, verdict)
