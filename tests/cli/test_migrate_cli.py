"""xenvm migrate says in one line what it cannot do."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from xenvm.cli.root import xenvm

HERE = ("--from", "test:///default", "--to", "test:///default")


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("test", "--from", "test:///default"), 2, "--to"),
        (("test", *HERE), 3, "libvirt's test driver cannot migrate a domain: use a lab"),
        (("test", *HERE, "--manner", "saved", "--name", "other"), 2, "a saved domain keeps its"),
        (("test", *HERE, "--manner", "by-post"), 2, "by-post"),
        (("test", *HERE, "--deadline-s", "0"), 2, "--deadline-s"),
    ],
)
def test_what_cannot_be_is_one_line_and_a_status(
    words: tuple[str, ...], status: int, said: str
) -> None:
    done = CliRunner().invoke(xenvm, ["migrate", *words])
    assert done.exit_code == status, done.output
    assert said in done.output
    assert "Traceback" not in done.output
