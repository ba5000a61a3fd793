"""No MAC address twice: section 5.7 of the white paper."""

from __future__ import annotations

import pytest

from xenvm.errors import LibvirtError
from xenvm.host import Host
from xenvm.host.inventory import gather
from xenvm.model.domain import Vnif
from xenvm.model.inventory import Inventory
from xenvm.model.profile import Profile
from xenvm.model.verdict import Evidence, VerdictKind
from xenvm.qualify.checking import Check
from xenvm.qualify.workshop import Workshop
from xenvm.spec import RULES

REQUIREMENT = "WP-5.7-06"


def plug_twins(workshop: Workshop) -> str:
    """Plug two VNIFs of one address into one bridge; return what refused it, or ""."""
    (bridge,) = workshop.bridges(["b0"], ["198.18.0.1/30"])
    vnif = Vnif(bridge=bridge, mac=workshop.next_mac())
    try:
        workshop.guest("g0", vnifs=[vnif])
        workshop.guest("g1", vnifs=[vnif])
    except LibvirtError as exc:
        return str(exc)
    return ""


@pytest.mark.timeout(300)
@pytest.mark.requirement(REQUIREMENT)
def test_a_duplicate_mac_address_is_refused_or_found(
    host: Host, inventory: Inventory, profile: Profile, check: Check, workshop: Workshop
) -> None:
    """Give two guests one MAC address; the host refuses it, or the audit finds it."""
    workshop.require_memory(2)
    now = RULES[REQUIREMENT](inventory, profile)
    refused = plug_twins(workshop)
    twins = None if refused else RULES[REQUIREMENT](gather(host), profile)
    noticed = twins is None or twins.kind is VerdictKind.FAIL
    check(
        observed=now.observed,
        expected=now.expected,
        passed=now.kind is VerdictKind.PASS and noticed,
        unit=now.unit,
        source=now.source,
        detail=f"the host refused a double: {refused}"
        if refused
        else f"a double was found: {noticed}",
        evidence=[
            *now.evidence,
            *(
                Evidence(command=f"with twins: {e.command}", output=e.output)
                for e in (twins.evidence if twins else ())
            ),
        ],
    )
