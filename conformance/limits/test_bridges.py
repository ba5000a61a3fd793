"""Many virtual bridges at once: section 3.4 of the white paper."""

from __future__ import annotations

import pytest

from xenvm.host import Host
from xenvm.host.bridges import plug
from xenvm.host.probe import ProbeGuest
from xenvm.model.profile import Profile
from xenvm.model.quantities import MacAddress
from xenvm.model.verdict import Evidence, Tier
from xenvm.model.vnif import Vnif
from xenvm.qualify.checking import Check
from xenvm.qualify.journal import Ledger
from xenvm.qualify.workshop import Workshop, link_addresses, reached_over
from xenvm.spec.limits import number_of

QUICK_BRIDGES = 8
VNIFS = 2
"""So many carry the traffic of all bridges, moved from one to the next: libxl gives a hotplug
script 40 s, and an emulated host needs 4 s for each that runs beside it."""
COUNT = "ls -d /sys/class/net/*/bridge"


def bridges_that_carried(
    workshop: Workshop, guest: ProbeGuest, macs: list[MacAddress], names: list[str], journal: Ledger
) -> list[str]:
    """Move the guest's VNIFs over all bridges; return those over which it reached Dom0."""
    domid = guest.domain.domid
    carried = []
    for start in range(0, len(names), len(macs)):
        journal.progress(0.3 + 0.7 * start / len(names), f"traffic on bridge {start + 1}")
        numbers = range(start, min(start + len(macs), len(names)))
        plug(
            workshop.host.shell,
            {f"vif{domid}.{index}": names[number] for index, number in enumerate(numbers)},
        )
        links = dict(zip(macs, numbers, strict=False))
        reached = reached_over(guest, links)
        carried += [names[number] for mac, number in links.items() if mac in reached]
    return carried


@pytest.mark.timeout(900)
@pytest.mark.requirement("WP-3.4-12")
def test_bridges_at_once(
    host: Host, profile: Profile, tier: Tier, journal: Ledger, check: Check, workshop: Workshop
) -> None:
    """Build bridges up to the limit; all exist at once, and each carries a guest's traffic."""
    workshop.require_memory(1)
    there = len(host.list_bridges())
    limit = number_of(profile, "bridges_max") if tier is Tier.FULL else there + QUICK_BRIDGES
    suffixes = [f"b{number}" for number in range(max(limit - there, 0))]
    journal.progress(0.0, f"building {len(suffixes)} bridges")
    names = workshop.bridges(suffixes, [link_addresses(n)[0] for n in range(len(suffixes))])
    macs = [workshop.next_mac() for _ in range(min(VNIFS, len(names)))]
    vnifs = [Vnif(bridge=name, mac=mac) for name, mac in zip(names, macs, strict=False)]
    guest = workshop.guest("g0", vnifs=vnifs)
    guest.wait_until_up()
    carried = bridges_that_carried(workshop, guest, macs, names, journal)
    listing = host.shell.run(COUNT).stdout
    check(
        observed=len(listing.splitlines()) if len(carried) == len(names) else len(carried),
        expected=limit,
        limit=number_of(profile, "bridges_max") if tier is Tier.QUICK else None,
        passed=len(listing.splitlines()) == limit and len(carried) == len(names),
        unit="bridges",
        source=profile.limits["bridges_max"].source,
        detail=f"{len(listing.splitlines())} at once ({there} were there); traffic passed on"
        f" {len(carried)} of the {len(names)} built",
        evidence=[
            Evidence(command=COUNT, output=listing),
            Evidence(command="probe guest: ping Dom0 on each", output="\n".join(carried)),
        ],
    )
