"""libvirt's test data for tests, and a table of what they tried on it."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import NamedTuple

import pytest

from tests.corpora.corpus import Corpus, corpus
from tests.corpora.debian_source import NoCorpusError

CorpusOf = Callable[[str], Corpus]


class Tally(NamedTuple):
    """What a test tried on a folder."""

    what: str
    folder: str
    tried: int
    lost: int
    note: str = ""


Count = Callable[[Tally], None]
TALLIES = pytest.StashKey[list[Tally]]()


@pytest.fixture(scope="session")
def corpus_of() -> CorpusOf:
    """Return a function from a libvirt's version to its test data; without it, the test skips.

    In CI it fails instead: there, a corpus that nobody can fetch must not pass for one that holds.
    """

    known: dict[str, Corpus | str] = {}

    def find(version: str) -> Corpus:
        if version not in known:
            try:
                known[version] = corpus(version)
            except NoCorpusError as exc:
                known[version] = str(exc)
        found = known[version]
        if isinstance(found, Corpus):
            return found
        if os.environ.get("CI"):
            pytest.fail(found, pytrace=False)
        pytest.skip(found)

    return find


@pytest.fixture
def count(request: pytest.FixtureRequest) -> Count:
    """Return a function that adds a line to the table at the end."""
    return request.config.stash.setdefault(TALLIES, []).append


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    tallies = config.stash.get(TALLIES, [])
    if not tallies:
        return
    terminalreporter.section("libvirt's test data")
    for what in dict.fromkeys(tally.what for tally in tallies):
        rows = [tally for tally in tallies if tally.what == what]
        rows.append(Tally(what, "all", sum(r.tried for r in rows), sum(r.lost for r in rows)))
        terminalreporter.write_line(f"{what:44} tried  lost")
        for row in rows:
            terminalreporter.write_line(f"{row.folder:44} {row.tried:5} {row.lost:5}  {row.note}")
