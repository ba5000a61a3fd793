from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xenvm.model.profile import CheckKind, Requirement
from xenvm.model.verdict import Evidence, EvidenceClass, RunVerdict, Tier, Verdict, VerdictKind
from xenvm.qualify.results import RESTORED, Results, concluded, merged, run_verdict

MakeResults = Callable[..., Results]

KINDS = st.sampled_from(VerdictKind)
CLASSES = st.sampled_from(EvidenceClass)
ALL = frozenset(EvidenceClass)
REAL = frozenset({EvidenceClass.HARDWARE, EvidenceClass.NESTED})


def requirement(
    id_: str, check: CheckKind = CheckKind.STATIC, on: frozenset[EvidenceClass] = REAL
) -> Requirement:
    return Requirement(
        id=id_, title="", statement="", section="", quote="", check=check, observable_on=on,
        by_hand="",
    )  # fmt: skip


def verdict(kind: VerdictKind, tier: Tier | None = None, **fields: object) -> Verdict:
    return Verdict(requirement_id="R", kind=kind, tier=tier, **fields)  # type: ignore[arg-type]


observable_sets = st.frozensets(CLASSES)
asked_lists = st.lists(st.builds(requirement, st.uuids().map(str), on=observable_sets), max_size=6)


@settings(max_examples=50)
@given(asked_lists, CLASSES, st.data())
def test_adding_a_fail_always_gives_not_qualified(
    asked: list[Requirement], evidence: EvidenceClass, data: st.DataObject
) -> None:
    kinds = {r.id: data.draw(KINDS) for r in asked}
    kinds["another"] = VerdictKind.FAIL
    assert run_verdict(kinds, asked, evidence) is RunVerdict.NOT_QUALIFIED


@settings(max_examples=50)
@given(asked_lists, CLASSES, st.data())
def test_a_run_qualifies_only_when_all_that_can_be_shown_is_good(
    asked: list[Requirement], evidence: EvidenceClass, data: st.DataObject
) -> None:
    kinds = {r.id: data.draw(KINDS) for r in asked}
    if run_verdict(kinds, asked, evidence) is RunVerdict.QUALIFIED:
        bad = {VerdictKind.FAIL, VerdictKind.BROKEN, VerdictKind.BLOCKED}
        assert not bad & {*kinds.values()}
        needed = [r.id for r in asked if evidence in r.observable_on]
        assert needed
        assert all(kinds[id_] is not VerdictKind.NOT_OBSERVABLE for id_ in needed)
        assert evidence is not EvidenceClass.SIMULATED


@settings(max_examples=50)
@given(asked_lists, CLASSES, st.data())
def test_taking_a_verdict_away_never_qualifies_a_host(
    asked: list[Requirement], evidence: EvidenceClass, data: st.DataObject
) -> None:
    kinds = {r.id: data.draw(KINDS.filter(lambda k: k is not VerdictKind.FAIL)) for r in asked}
    if kinds and run_verdict(kinds, asked, evidence) is not RunVerdict.QUALIFIED:
        needed = [id_ for id_, kind in kinds.items() if kind is VerdictKind.PASS]
        for id_ in needed:
            fewer = {key: kind for key, kind in kinds.items() if key != id_}
            assert run_verdict(fewer, asked, evidence) is not RunVerdict.QUALIFIED


@pytest.mark.parametrize("kind", [VerdictKind.BROKEN, VerdictKind.BLOCKED])
def test_what_is_broken_or_blocked_makes_a_run_undecided(kind: VerdictKind) -> None:
    asked = [requirement("A"), requirement("B")]
    kinds = {"A": VerdictKind.PASS, "B": kind}
    assert run_verdict(kinds, asked, EvidenceClass.NESTED) is RunVerdict.UNDECIDED


def test_what_this_class_cannot_show_does_not_hinder() -> None:
    hardware = requirement("B", on=frozenset({EvidenceClass.HARDWARE}))
    kinds = {"A": VerdictKind.PASS, "B": VerdictKind.NOT_OBSERVABLE}
    asked = [requirement("A"), hardware]
    assert run_verdict(kinds, asked, EvidenceClass.NESTED) is RunVerdict.QUALIFIED
    assert run_verdict(kinds, asked, EvidenceClass.HARDWARE) is RunVerdict.UNDECIDED


def test_a_restored_host_alone_is_not_qualified() -> None:
    kinds = {RESTORED.id: VerdictKind.PASS}
    assert run_verdict(kinds, [RESTORED], EvidenceClass.HARDWARE) is RunVerdict.UNDECIDED


@given(
    st.one_of(st.none(), KINDS.map(verdict)),
    st.lists(KINDS.map(lambda kind: verdict(kind, Tier.QUICK)), max_size=3),
    CLASSES,
    observable_sets,
    st.sampled_from(CheckKind),
)
def test_what_cannot_be_shown_never_becomes_a_pass(
    rule: Verdict | None,
    live: list[Verdict],
    evidence: EvidenceClass,
    on: frozenset[EvidenceClass],
    check: CheckKind,
) -> None:
    asked = requirement("R", check, on)
    kind = concluded(asked, rule=rule, live=live, evidence=evidence).kind
    if evidence not in on:
        assert kind in {VerdictKind.NOT_OBSERVABLE, VerdictKind.NOT_APPLICABLE}
    elif rule is not None and rule.kind is VerdictKind.NOT_OBSERVABLE:
        assert kind is not VerdictKind.PASS


def test_a_rule_alone_does_not_pass_a_live_requirement() -> None:
    asked = requirement("R", CheckKind.LIVE)
    rule = verdict(VerdictKind.PASS)
    found = concluded(asked, rule=rule, live=[], evidence=EvidenceClass.NESTED)
    assert found.kind is VerdictKind.BROKEN
    assert "did not run" in found.detail


def test_a_rule_alone_fails_a_live_requirement() -> None:
    asked = requirement("R", CheckKind.LIVE)
    rule = verdict(VerdictKind.FAIL, observed=129)
    found = concluded(asked, rule=rule, live=[], evidence=EvidenceClass.NESTED)
    assert (found.kind, found.observed) == (VerdictKind.FAIL, 129)


def test_a_requirement_without_any_verdict_is_broken() -> None:
    found = concluded(requirement("R"), rule=None, live=[], evidence=EvidenceClass.NESTED)
    assert found.kind is VerdictKind.BROKEN


def test_of_two_passes_the_live_one_speaks_and_all_evidence_is_kept() -> None:
    seen = Evidence(command="xl list", output="8")
    read = Evidence(command="xl info", output="2")
    rule = verdict(VerdictKind.PASS, observed=0, expected=8, evidence=(read,))
    live = verdict(VerdictKind.PASS, Tier.FULL, observed=8, expected=8, evidence=(seen,))
    both = merged([rule, live])
    assert (both.observed, both.tier) == (8, Tier.FULL)
    assert {*both.evidence} == {seen, read}


def test_words_of_several_live_tests_are_joined() -> None:
    found = [
        verdict(VerdictKind.PASS, Tier.QUICK, observed=word, expected=word)
        for word in ("disk", "file", "disk")
    ]
    assert merged(found).observed == "disk, file"


def test_the_gravest_verdict_speaks() -> None:
    found = merged([
        verdict(VerdictKind.PASS, Tier.QUICK, observed=2),
        verdict(VerdictKind.FAIL, Tier.QUICK, observed=1, detail="one is missing"),
    ])  # fmt: skip
    assert (found.kind, found.observed, found.detail) == (VerdictKind.FAIL, 1, "one is missing")


def test_a_quick_pass_is_labelled_quick(make_results: MakeResults) -> None:
    assert make_results(tier=Tier.QUICK).label == "qualified (quick)"
    assert make_results(tier=Tier.FULL).label == "qualified"


def test_every_verdict_has_its_count_of_requirements(make_results: MakeResults) -> None:
    counts = make_results().counts
    assert counts["pass"] == 4
    assert counts["not-observable"] == 1
    assert {*counts} == {kind.value for kind in VerdictKind}
    assert sum(counts.values()) == len(make_results().all_conclusions) - 1, "its own is not counted"


def test_a_leak_on_the_host_disqualifies(make_results: MakeResults) -> None:
    results = make_results(restored=VerdictKind.FAIL)
    assert results.verdict is RunVerdict.NOT_QUALIFIED
