"""xenvm domain list, show, start, stop, console, top and xenvm host info, on the test driver."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from xenvm.cli import xenvm
from xenvm.host import Domain, connect
from xenvm.model.domain import DomainConfig

DEFAULT = "test:///default"


def run(*words: str, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(xenvm, words, env=env)


def said(*words: str) -> dict[str, Any]:
    done = run(*words, "--json")
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    assert isinstance(document, dict)
    return document


@pytest.fixture
def node(tmp_path: Path) -> str:
    """A host of its own: what a command starts is gone with its connection."""
    file = tmp_path / "node.xml"
    domain = "<domain type='test'><name>web</name><memory>65536</memory>"
    file.write_text(
        f"<node><memory>1048576</memory>{domain}<os><type>hvm</type></os></domain></node>"
    )
    return f"test://{file}"


def test_the_list_tells_state_and_size() -> None:
    (domain,) = said("domain", "list", DEFAULT)["domains"]
    assert (domain["name"], domain["state"], domain["vcpus"]) == ("test", "running", 2)
    table = run("domain", "list", DEFAULT).stdout
    assert "test" in table
    assert "running" in table


def test_the_host_comes_from_the_environment_too() -> None:
    assert "running" in run("domain", "list", env={"XENVM_HOST": DEFAULT}).stdout


def test_a_domain_is_shown_with_what_it_is_made_of() -> None:
    domain = said("domain", "show", "test", DEFAULT)["domain"]
    assert (domain["state"], domain["persistent"], domain["ending"]) == ("running", True, None)
    assert domain["config"]["memory_kib"] == 2097152
    assert domain["counters"]["memory"]["source"] == "libvirt"
    assert "2097152" in run("domain", "show", "test", DEFAULT).stdout


def test_a_domain_is_stopped_and_says_so(node: str) -> None:
    assert run("domain", "stop", "web", node).stdout == "web is shut off\n"
    assert said("domain", "stop", "web", node, "--force")["state"] == "shut-off"


def test_a_guest_that_does_not_end_is_told_of_force(
    node: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Domain, "shutdown", lambda _domain: None)
    done = run("domain", "stop", "web", node, "--deadline-s", "0.1")
    assert done.exit_code == 3
    assert "web did not end (waited 0 s for web to shut off)" in done.stderr
    assert "--force" in done.stderr


def test_starting_what_runs_and_finding_nothing_end_in_one_line() -> None:
    for words in (("start", "test"), ("show", "nobody"), ("console", "test")):
        done = run("domain", *words, DEFAULT)
        assert (done.exit_code, done.stdout) == (3, "")
        assert done.stderr.startswith("xenvm: ")
        assert done.stderr.count("\n") == 1


def test_a_domain_is_started() -> None:
    with connect(DEFAULT) as host:  # the default host is one for all connections of a process
        made = host.define(DomainConfig(name="starts", memory_kib=1024, kernel="/boot/vmlinuz"))
        try:
            assert run("domain", "start", "starts", DEFAULT).stdout.startswith("starts is running")
            made.destroy()
            assert said("domain", "start", "starts", DEFAULT)["state"] == "running"
            made.destroy()
        finally:
            made.undefine()


def test_top_shows_rates_look_by_look() -> None:
    done = run("domain", "top", DEFAULT, "--count", "2", "--every-s", "0.2", "--json")
    looks = [json.loads(line) for line in done.stdout.splitlines()]
    assert [[rate["name"] for rate in look["domains"]] for look in looks] == [["test"], ["test"]]
    assert "%" in run("domain", "top", DEFAULT, "--count", "1", "--every-s", "0.2").stdout


def test_the_host_says_what_it_is_and_what_its_driver_lacks() -> None:
    facts = said("host", "info", DEFAULT)
    assert (facts["simulated"], facts["domains"]) == (True, 1)
    assert "migrate a domain" in facts["driver_lacks"]
    assert "libvirt's test driver" in run("host", "info", DEFAULT).stdout


def complete(line: str, host: str) -> list[str]:
    words = line.split(" ")
    env = {
        "_XENVM_COMPLETE": "bash_complete",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
        "XENVM_HOST": host,
    }
    done = CliRunner().invoke(xenvm, env=env, prog_name="xenvm")
    return [found.partition(",")[2] for found in done.stdout.split()]


def test_names_of_domains_and_hosts_complete(tmp_path: Path) -> None:
    assert complete("xenvm domain stop te", DEFAULT) == ["test"]
    assert complete("xenvm domain stop x", DEFAULT) == []
    assert complete("xenvm domain list lab", DEFAULT)[:1] == ["lab"]
    assert complete("xenvm domain stop ", "nonsense") == []
    del tmp_path
