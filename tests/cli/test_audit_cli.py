"""xenvm inventory, audit and profile: what they print and how they exit."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from xenvm.cli import xenvm
from xenvm.formats.inventory_json import inventory_from_json, inventory_to_json
from xenvm.model.inventory import Inventory
from xenvm.model.verdict import EvidenceClass

Captured = Callable[[str], Inventory]


def run(*args: str) -> Result:
    """Run the command line."""
    return CliRunner().invoke(xenvm, args, env={"COLUMNS": "80"})


@pytest.fixture
def stored(tmp_path: Path, captured: Captured) -> Path:
    """Return the file of a captured host's inventory."""
    path = tmp_path / "inventory.json"
    path.write_text(inventory_to_json(captured("bookworm-default")), encoding="utf-8")
    return path


def test_an_audit_of_the_default_lab_objects_to_nothing(stored: Path) -> None:
    result = run("audit", str(stored))
    assert result.exit_code == 0, result.output
    assert result.output.startswith("evidence: nested")
    assert "take live tests: xenvm qualify" in result.output
    assert max(map(len, result.output.splitlines())) <= 80


def test_an_audit_that_finds_a_fault_exits_1_and_names_it(stored: Path) -> None:
    document = json.loads(stored.read_text(encoding="utf-8"))
    document["dom0"]["memory_kib"] = 512 * 1024
    stored.write_text(json.dumps(document), encoding="utf-8")
    result = run("audit", str(stored), "--json")
    assert result.exit_code == 1
    printed = json.loads(result.output)
    failing = [r["id"] for r in printed["requirements"] if r["verdict"] == "fail"]
    assert (printed["verdict"], failing) == ("not-qualified", ["WP-3.4-07"])
    assert "WP-3.4-15" in printed["live_only"]


def test_an_audit_that_could_not_look_exits_3(stored: Path) -> None:
    document = json.loads(stored.read_text(encoding="utf-8"))
    document["hypervisor"]["cpus"] = None
    stored.write_text(json.dumps(document), encoding="utf-8")
    assert run("audit", str(stored)).exit_code == 3


def test_a_simulated_host_says_so_first_and_decides_nothing() -> None:
    result = run("audit", "test:///default")
    assert result.exit_code == 3
    assert result.output.startswith("evidence: simulated")


@pytest.mark.parametrize("text", ["{}", "\xff", '{"schema": "xenvm-inventory/1"}'])
def test_a_file_that_is_no_inventory_is_one_line_and_exit_2(tmp_path: Path, text: str) -> None:
    path = tmp_path / "inventory.json"
    path.write_bytes(text.encode("latin-1"))
    result = run("audit", str(path))
    assert result.exit_code == 2
    assert "inventory.json" in result.output
    assert result.output.count("\n") == 1


@pytest.mark.parametrize(
    "args",
    [
        ("audit", "none.json"),
        ("audit", "ftp://host"),
        ("audit", "test:///default", "--profile", "fujitsu"),
        ("inventory", "nonsense"),
        ("profile", "show", "fujitsu2008"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_2(args: tuple[str, ...]) -> None:
    result = run(*args)
    assert result.exit_code == 2, result.output
    assert result.output.count("\n") == 1


def test_an_inventory_is_written_whole_and_shown_short(tmp_path: Path) -> None:
    path = tmp_path / "inventory.json"
    result = run("inventory", "test:///default", "--output", str(path))
    assert result.exit_code == 0, result.output
    assert "simulated" in result.output
    stored = inventory_from_json(path.read_text(encoding="utf-8"))
    assert stored.evidence is EvidenceClass.SIMULATED
    printed = run("inventory", "test:///default", "--json").output
    assert inventory_from_json(printed).domains == stored.domains


def test_profiles_are_listed_and_shown() -> None:
    assert "fujitsu-2008" in run("profile", "list").output
    shown = run("profile", "show", "fujitsu-2008")
    assert "guests_per_core" in shown.output
    assert max(map(len, shown.output.splitlines())) <= 80
    document = json.loads(run("profile", "show", "fujitsu-2008", "--json").output)
    assert document["limits"]["bridges_max"]["value"] == 128
    assert json.loads(run("profile", "list", "--json").output)[0]["name"]
