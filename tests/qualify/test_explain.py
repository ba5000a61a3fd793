from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from xenvm.errors import ParseError, UsageError
from xenvm.qualify.explain import explain, read_results
from xenvm.qualify.results import Results, results_to_json

MakeResults = Callable[..., Results]


def test_an_explanation_goes_from_the_requirement_to_the_deed_by_hand(
    make_results: MakeResults,
) -> None:
    lines = explain(results_to_json(make_results()), "WP-3.4-04").splitlines()
    assert lines[0].startswith("nested evidence")
    words = [line.split()[0] for line in lines if line.strip()]
    order = ["WP-3.4-04:", "requirement", "verdict", "limit", "observed", "$", "|", "by"]
    assert [words.index(word) for word in order] == sorted(words.index(w) for w in order)
    assert "  observed     8 guests" in lines
    assert "    xl info | grep nr_cpus" in lines


def test_an_unknown_requirement_names_the_closest(make_results: MakeResults) -> None:
    with pytest.raises(UsageError, match=r"did you mean .*WP-3\.4-12"):
        explain(results_to_json(make_results()), "wp-3.4-112")


def test_a_folder_without_results_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no run's folder"):
        read_results(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": "xenvm-results/9"}'])
def test_a_file_that_is_no_results_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "results.json").write_text(text)
    with pytest.raises(ParseError):
        read_results(tmp_path)


def test_what_was_written_can_be_explained(tmp_path: Path, make_results: MakeResults) -> None:
    document = results_to_json(make_results())
    (tmp_path / "results.json").write_text(json.dumps(document))
    assert read_results(tmp_path) == document
