"""No MAC address twice: section 5.7 of the white paper."""

from __future__ import annotations

import pytest

from xenvm.errors import LibvirtError
from xenvm.host import Host
from xenvm.host.inventory import gather
from xenvm.host.probe.guest import probe_config
from xenvm.model.inventory import Inventory
from xenvm.model.profile import Profile
from xenvm.model.verdict import Evidence, VerdictKind
from xenvm.model.vnif import Vnif
from xenvm.qualify.checking import Check, audited
from xenvm.qualify.workshop import Workshop, link_addresses

REQUIREMENT = "WP-5.7-06"


def refusal_of_twins(workshop: Workshop) -> str:
    """Define two guests with one MAC address on one bridge; return who refused it, or ""."""
    (bridge,) = workshop.bridges(["b0"], [link_addresses(0)[0]])
    vnif = Vnif(bridge=bridge, mac=workshop.next_mac())
    try:
        for suffix in ("g0", "g1"):
            workshop.definition(probe_config(workshop.name(suffix), workshop.image, vnifs=[vnif]))
    except LibvirtError as exc:
        return str(exc)
    return ""


@pytest.mark.timeout(300)
@pytest.mark.requirement(REQUIREMENT)
def test_a_duplicate_mac_address_is_refused_or_found(
    host: Host, inventory: Inventory, profile: Profile, check: Check, workshop: Workshop
) -> None:
    """Give two guests one MAC address; the host refuses it, or the audit finds it."""
    now = audited(REQUIREMENT, inventory, profile)
    refusal = refusal_of_twins(workshop)
    twins = None if refusal else audited(REQUIREMENT, gather(host), profile)
    noticed = twins is None or twins.kind is VerdictKind.FAIL
    said = f"the audit said {twins.kind}: {twins.observed}" if twins else f"refused: {refusal}"
    check(
        observed=now.observed,
        expected=now.expected,
        passed=now.kind is VerdictKind.PASS and noticed,
        unit=now.unit,
        source=now.source,
        detail=f"with two guests of one address {said}",
        evidence=[
            *now.evidence,
            *(Evidence(command=f"with twins: {e.command}", output=e.output)
              for e in (twins.evidence if twins else ())),
        ],
    )  # fmt: skip
