"""No more external bridges than NICs: section 3.4 of the white paper."""

from __future__ import annotations

import pytest

from xenvm.host import Host
from xenvm.host.inventory import gather
from xenvm.model.inventory import InterfaceKind, Inventory
from xenvm.model.profile import Profile
from xenvm.model.verdict import Evidence, Verdict, VerdictKind
from xenvm.qualify.checking import Check, audited
from xenvm.qualify.workshop import Workshop

REQUIREMENT = "WP-3.4-13"


@pytest.fixture
def one_bridge_too_many(
    inventory: Inventory, workshop: Workshop, allow_list: frozenset[str]
) -> str:
    """Return the NIC on which external bridges were built, one more than there are NICs, or ""."""
    nics = [nic.name for nic in inventory.network.of_kind(InterfaceKind.NIC)]
    allowed = next((nic for nic in nics if nic in allow_list), "")
    if allowed:
        workshop.external_bridges(allowed, len(nics) + 1)
    return allowed


@pytest.mark.timeout(300)
@pytest.mark.requirement(REQUIREMENT)
def test_one_external_bridge_too_many_is_found(
    host: Host, inventory: Inventory, profile: Profile, check: Check, one_bridge_too_many: str
) -> None:
    """Count external bridges; build one too many on an allowed NIC, and see the audit find it."""
    now = audited(REQUIREMENT, inventory, profile)
    found = audited(REQUIREMENT, gather(host), profile) if one_bridge_too_many else None
    detail = (
        f"with one too many on {one_bridge_too_many} the audit said {found.kind}: {found.observed}"
        if found
        else "no NIC is in the allow-list (--allow NIC), so no bridge was built on one"
    )
    check(
        observed=now.observed,
        expected=now.expected,
        passed=now.kind is VerdictKind.PASS and (found is None or found.kind is VerdictKind.FAIL),
        unit=now.unit,
        source=now.source,
        detail=detail,
        evidence=[*now.evidence, *_told(found)],
    )


def _told(found: Verdict | None) -> list[Evidence]:
    return (
        [Evidence(command=f"then: {e.command}", output=e.output) for e in found.evidence]
        if found
        else []
    )
