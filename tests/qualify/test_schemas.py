from __future__ import annotations

import json
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tests.qualify.test_bench_report import broken, found, results
from xenvm.formats.inventory_json import schema
from xenvm.model.verdict import Evidence, EvidenceClass, Tier, Verdict, VerdictKind
from xenvm.qualify.bench_results import bench_to_json
from xenvm.qualify.journal import JOURNAL_FILE, Event, Journal, Ledger, Tail
from xenvm.qualify.results import Results, results_to_json

MakeResults = Callable[..., Results]


def validator(name: str) -> Draft202012Validator:
    folder = resources.files("xenvm.qualify") / "schemas"
    document = json.loads((folder / f"{name}.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(document)
    return Draft202012Validator(document)


FAILED = Verdict(
    requirement_id="WP-3.4-12",
    kind=VerdictKind.FAIL,
    observed=1.5,
    expected="words",
    evidence=(Evidence(command="c", output="o"),),
    tier=Tier.QUICK,
)


@pytest.mark.parametrize("evidence", EvidenceClass)
def test_results_are_as_their_schema_says(
    make_results: MakeResults, evidence: EvidenceClass
) -> None:
    document = json.loads(json.dumps(results_to_json(make_results(FAILED, evidence=evidence))))
    validator("results").validate(document)


@pytest.mark.parametrize("evidence", [EvidenceClass.HARDWARE, EvidenceClass.NESTED])
def test_a_run_of_benchmarks_is_as_its_schema_says(evidence: EvidenceClass) -> None:
    run = results(found(0.5), broken(VerdictKind.BLOCKED), evidence=evidence)
    document = json.loads(json.dumps(bench_to_json(run)))
    validator("bench").validate(document)
    del document["gate"]
    assert not validator("bench").is_valid(document)


def test_results_without_a_verdict_are_refused(make_results: MakeResults) -> None:
    document = results_to_json(make_results())
    del document["verdict"]
    assert not validator("results").is_valid(document)


def test_every_event_of_a_journal_is_as_its_schema_says(tmp_path: Path) -> None:
    journal = Journal(tmp_path / JOURNAL_FILE)
    ledger = Ledger(journal, "ab12")
    journal.write(
        Event.RUN_STARTED, run_id="ab12", target="lab", profile="p 1", tier="quick", only=[]
    )
    journal.write(Event.HOST_SEEN, host="h", evidence="nested")
    journal.write(Event.SUITE_COLLECTED, tests=[{"test": "t", "requirements": ["R"]}])
    journal.write(
        Event.ATTEMPT_STARTED, test="t", requirements=["R"], text="does it", step=1, steps=1
    )
    with ledger.making("bridge", "xenvm-ab12-b1"):
        ledger.progress(7, "too much")
    with ledger.removing("bridge", "xenvm-ab12-b1"):
        ledger.note("remark")
    journal.verdict(FAILED)
    journal.write(Event.ATTEMPT_ENDED, test="t", requirements=["R"])
    journal.write(Event.RUN_ENDED, verdict="qualified", error=None)
    records = Tail(journal.path).read()
    assert {r["event"] for r in records} == {event.value for event in Event}
    for record in records:
        validator("journal").validate(record)


def test_the_shipped_inventory_schema_is_the_one_that_is_read() -> None:
    assert validator("inventory").schema == json.loads(json.dumps(schema()))
