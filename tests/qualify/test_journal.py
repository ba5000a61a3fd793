from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xenvm.errors import OutputError, UsageError
from xenvm.model.verdict import Evidence, Tier, Verdict, VerdictKind
from xenvm.qualify.documents import shortened, verdict_from_json, verdict_to_json
from xenvm.qualify.journal import Event, Journal, Ledger, Tail, parse_records

plain_values = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(), st.floats(allow_nan=False, width=32)
)
verdicts = st.builds(
    Verdict,
    requirement_id=st.text(min_size=1),
    kind=st.sampled_from(VerdictKind),
    observed=plain_values,
    expected=plain_values,
    unit=st.text(),
    source=st.text(),
    detail=st.text(),
    evidence=st.lists(st.builds(Evidence, command=st.text(), output=st.text())).map(tuple),
    duration_s=st.integers(0, 1000).map(float),
    tier=st.one_of(st.none(), st.sampled_from(Tier)),
)


@given(verdicts)
def test_a_verdict_survives_the_journal(verdict: Verdict) -> None:
    text = json.dumps(verdict_to_json(verdict))
    assert verdict_from_json(json.loads(text)) == verdict


@given(st.lists(st.text(), min_size=1, max_size=5), st.data())
def test_a_journal_cut_off_anywhere_keeps_the_lines_before(
    notes: list[str], data: st.DataObject
) -> None:
    lines = [json.dumps({"t": "", "event": "note", "text": text}) + "\n" for text in notes]
    whole = "".join(lines)
    cut = data.draw(st.integers(0, len(whole)))
    kept = sum(len("".join(lines[: n + 1])) <= cut + 1 for n in range(len(lines)))
    assert [r["text"] for r in parse_records(whole[:cut])][:kept] == notes[:kept]


def test_a_line_that_a_crash_cut_short_is_ended_by_the_next_run(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_text('{"t": "", "event": "note", "text": "whole"}\n{"t": "", "ev')
    Journal(path).note("after")
    assert [r["text"] for r in parse_records(path.read_text())] == ["whole", "after"]


def test_what_is_made_is_announced_before_it_is_made(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    tail = Tail(journal.path)
    with Ledger(journal, "ab12").making("bridge", "xenvm-ab12-b1"):
        assert [r["event"] for r in tail.read()] == ["making"]
    assert [r["event"] for r in tail.read()] == ["made"]


def test_what_could_not_be_made_stays_announced(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    with pytest.raises(RuntimeError), Ledger(journal, "ab12").making("bridge", "xenvm-ab12-b1"):
        raise RuntimeError
    assert [r["event"] for r in Tail(journal.path).read()] == ["making"]


@pytest.mark.parametrize("name", ["br0", "xenvm-zz99-b1", "xenvm-ab1", ""])
def test_a_name_that_no_restore_would_find_is_refused(tmp_path: Path, name: str) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    with pytest.raises(UsageError, match="xenvm-ab12-"):
        Ledger(journal, "ab12").making("bridge", name).__enter__()
    assert not journal.path.read_text()


def test_a_file_in_the_runs_folder_may_be_made(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    with Ledger(journal, "ab12").making("file", "/var/lib/xenvm/runs/ab12/disk"):
        pass


def test_half_a_line_waits_for_its_end(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_text('{"event": "note", "te')
    tail = Tail(path)
    assert tail.read() == []
    with path.open("a") as file:
        file.write('xt": "now"}\n')
    assert [r["text"] for r in tail.read()] == ["now"]


def test_writers_at_once_do_not_mix_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"

    def write(word: str) -> None:
        journal = Journal(path)
        for _ in range(20):
            journal.note(word * 500)

    threads = [threading.Thread(target=write, args=(word,)) for word in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(parse_records(path.read_text())) == 60


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the kernel has no /dev/full")
def test_a_full_disk_is_one_clear_error_and_hinders_no_removal(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.symlink_to("/dev/full")
    journal = Journal(path)
    with pytest.raises(OutputError, match="No space left"):
        journal.note("lost")
    with Ledger(journal, "ab12").removing("bridge", "xenvm-ab12-b1"):
        removed = True
    assert removed


def test_a_number_that_json_lacks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        Journal(tmp_path / "j").write(Event.PROGRESS, fraction=float("nan"))


def test_long_output_loses_its_middle_only() -> None:
    text = shortened("a" * 30_000 + "z", 100)
    assert text.startswith("a" * 50)
    assert text.endswith("z")
    assert "29901 characters left out" in text
