"""Runs to look at: a profile of five requirements on a nested host."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from xenvm.model.inventory import HostIdentity
from xenvm.model.profile import CheckKind, Profile, Requirement
from xenvm.model.verdict import Evidence, EvidenceClass, RunVerdict, Tier, Verdict, VerdictKind
from xenvm.qualify.results import RESTORED, Conclusion, Restoration, Results, run_verdict

HARDWARE_ONLY = frozenset({EvidenceClass.HARDWARE})
REAL = frozenset({EvidenceClass.HARDWARE, EvidenceClass.NESTED})


def make_requirement(
    id_: str,
    title: str,
    check: CheckKind = CheckKind.STATIC,
    observable_on: frozenset[EvidenceClass] = REAL,
) -> Requirement:
    return Requirement(
        id=id_,
        title=title,
        statement=f"{title}, on every host.",
        section="3.4",
        quote="",
        check=check,
        observable_on=observable_on,
        by_hand="xl info | grep nr_cpus",
    )


REQUIREMENTS = (
    make_requirement("WP-3.4-01", "The CPU has VT-x", observable_on=HARDWARE_ONLY),
    make_requirement("WP-3.4-02", "Two sockets or more"),
    make_requirement("WP-3.4-04", "Four guests per core run at once", CheckKind.LIVE),
    make_requirement("WP-3.4-07", "Dom0 keeps 1024 MiB all along", CheckKind.LIVE),
    make_requirement("WP-3.4-12", "128 bridges exist and carry traffic", CheckKind.LIVE),
)


def make_verdict(id_: str, kind: VerdictKind, **fields: object) -> Verdict:
    return Verdict(requirement_id=id_, kind=kind, **fields)  # type: ignore[arg-type]


VERDICTS = (
    make_verdict("WP-3.4-01", VerdictKind.NOT_OBSERVABLE, detail="a nested host cannot show this"),
    make_verdict(
        "WP-3.4-02", VerdictKind.PASS, observed=2, expected=2, unit="sockets", source="table 3.4"
    ),
    make_verdict(
        "WP-3.4-04",
        VerdictKind.PASS,
        observed=8,
        expected=8,
        unit="guests",
        tier=Tier.FULL,
        duration_s=92.5,
        evidence=(Evidence(command="xl list", output="Name ID\nDomain-0 0\nxenvm-ab12-g1 1"),),
    ),
    make_verdict(
        "WP-3.4-07", VerdictKind.PASS, observed=1024, expected=1024, unit="MiB", tier=Tier.FULL
    ),
    make_verdict(
        "WP-3.4-12", VerdictKind.PASS, observed=128, expected=128, unit="bridges", tier=Tier.FULL
    ),
)

MakeResults = Callable[..., Results]


@pytest.fixture
def requirements() -> tuple[Requirement, ...]:
    return REQUIREMENTS


@pytest.fixture
def make_results() -> MakeResults:
    def make(
        *changed: Verdict,
        tier: Tier = Tier.FULL,
        evidence: EvidenceClass = EvidenceClass.NESTED,
        interrupted: bool = False,
        restored: VerdictKind = VerdictKind.PASS,
    ) -> Results:
        by_id = {v.requirement_id: v for v in (*VERDICTS, *changed)}
        kinds = {id_: v.kind for id_, v in by_id.items()} | {RESTORED.id: restored}
        verdict = run_verdict(kinds, (*REQUIREMENTS, RESTORED), evidence)
        return Results(
            run_id="ab12",
            evidence=evidence,
            verdict=RunVerdict.UNDECIDED if interrupted else verdict,
            tier=tier,
            partial=False,
            interrupted=interrupted,
            target="lab",
            host=HostIdentity(
                uri="xen+ssh://root@127.0.0.1:41022/system?keyfile=/root/.cache/xenvm/lab/id",
                collected_at="2026-11-23T16:00:00Z",
                hostname="xenvm-lab",
                manufacturer="QEMU",
                product_name="Standard PC (Q35 + ICH9, 2009)",
                kernel_release="6.1.0-31-amd64",
                xen_version="4.17.5",
                libvirt_version="9.0.0",
            ),
            profile=Profile(
                name="fujitsu-2008",
                title="Fujitsu 2008, section 3.4",
                source="white paper of March 2008",
                requirement_ids=tuple(r.id for r in REQUIREMENTS),
            ),
            started="2026-11-23T16:00:00.000Z",
            ended="2026-11-23T16:03:20.000Z",
            duration_s=200.0,
            conclusions=tuple(Conclusion(requirement=r, verdict=by_id[r.id]) for r in REQUIREMENTS),
            restoration=Restoration(
                verdict=make_verdict(RESTORED.id, restored, detail="Nothing was left behind."),
            ),
        )

    return make
