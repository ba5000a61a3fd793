"""Two labs of a pair know of each other, and go together."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from xenvm.cli.root import xenvm
from xenvm.errors import LabStateError
from xenvm.lab import LabState, down, list_labs, pair_of, state_of
from xenvm.lab.link import Link
from xenvm.lab.snapshot import wires_in
from xenvm.target import migration_uri


@pytest.fixture
def labs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A pair whose QEMUs are gone."""
    monkeypatch.setenv("XENVM_STATE_DIR", str(tmp_path))
    for name, peer, number in (("move", "move-2", 1), ("move-2", "move", 2)):
        facts = {"release": "bookworm", "shape": {}, "port": 1, "key": "/k",
                 "link": {"peer": peer, "number": number}}  # fmt: skip
        (tmp_path / "labs" / name).mkdir(parents=True)
        (tmp_path / "labs" / name / "lab.json").write_text(json.dumps(facts))
    return tmp_path / "labs"


@pytest.mark.parametrize("name", ["move", "move-2"])
def test_down_takes_both_whichever_is_named(labs: Path, name: str) -> None:
    assert pair_of(name) == ("move", "move-2")
    assert list_labs() == [("move", LabState.CRASHED), ("move-2", LabState.CRASHED)]
    assert down(name) is True
    assert not list(labs.iterdir())


@pytest.mark.usefixtures("labs")
def test_status_tells_of_both() -> None:
    said = CliRunner().invoke(xenvm, ["lab", "status", "move", "--json"])
    assert said.exit_code == 3
    facts = json.loads(said.output)
    assert (facts["name"], facts["peer"]["name"]) == ("move", "move-2")
    assert facts["peer"]["state"] == "crashed"
    assert state_of("move-2") is LabState.CRASHED


def test_the_two_ends_of_a_link_have_addresses_of_their_own() -> None:
    one, other = Link(peer="b", number=1), Link(peer="a", number=2)
    assert one.address == other.peer_address != other.address == one.peer_address


def test_a_path_that_no_socket_can_have_is_refused(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 120)
    with pytest.raises(LabStateError, match="too long for a socket"):
        wires_in(deep, deep, deep)


@pytest.mark.usefixtures("labs")
@pytest.mark.parametrize(
    ("source", "destination", "uri"),
    [
        ("xen:///system", "xen+ssh://root@b.example/system", "tcp://b.example"),
        ("xen:///system", "xen+ssh://root@[2001:db8::7]/system", "tcp://[2001:db8::7]"),
        ("xen+ssh://root@a/system", "xen:///system", None),
        ("lab:never", "lab:never-2", None),
    ],
)
def test_memory_goes_to_the_name_by_which_the_destination_is_reached(
    source: str, destination: str, uri: str | None
) -> None:
    assert migration_uri(source, destination) == uri
