"""Many VNIFs on one bridge at once: section 3.4 of the white paper."""

from __future__ import annotations

import pytest

from xenvm.host.probe import ProbeGuest
from xenvm.host.probe.guest import ANSWER_DEADLINE_S
from xenvm.model.inventory import Inventory
from xenvm.model.profile import Profile
from xenvm.model.quantities import MacAddress
from xenvm.model.verdict import Evidence, Tier
from xenvm.model.vnif import Vnif
from xenvm.qualify.checking import Check
from xenvm.qualify.journal import Ledger
from xenvm.qualify.workshop import Workshop, link_addresses, targets
from xenvm.spec.limits import number_of

QUICK_VNIFS = 2
PING_TRIES = 20
"""Two seconds each: an emulated Dom0 is busy for a while after 64 VNIFs came up."""
VNIFS_PER_GUEST = 8
"""A guest starts with one and the rest is plugged into it, one after the other: libxl ends a
hotplug script after 40 s, and on an emulated host scripts side by side take that long, and so do
those beside guests that run."""


class Ports:
    """VNIFs on one bridge, spread over probe guests; each has its own link to Dom0."""

    def __init__(self, workshop: Workshop, journal: Ledger, wanted: int):
        self._workshop = workshop
        self._journal = journal
        self._wanted = wanted
        self.guests: list[tuple[ProbeGuest, dict[MacAddress, int]]] = []
        (self.bridge,) = workshop.bridges(["b0"], [link_addresses(0)[0]])
        addresses = [link_addresses(number)[0] for number in range(1, wanted)]
        adding = "".join(f"address add {address} dev {self.bridge}\n" for address in addresses)
        workshop.host.shell.run("ip -batch -", stdin=adding)

    def plug_all(self, per_guest: int) -> None:
        """Make guests, plug in their VNIFs while they are paused, and let all boot at once."""
        for start in range(0, self._wanted, per_guest):
            numbers = range(start, min(start + per_guest, self._wanted))
            links = {self._workshop.next_mac(): number for number in numbers}
            first, *late = (Vnif(bridge=self.bridge, mac=mac) for mac in links)
            self._told(start)
            guest = self._workshop.guest(f"g{len(self.guests)}", vnifs=[first], paused=True)
            for done, vnif in enumerate(late, start + 1):
                self._told(done)
                guest.domain.vnifs.attach(vnif)
            self.guests.append((guest, links))
        self._workshop.unpause_all([guest for guest, _ in self.guests])

    def _told(self, done: int) -> None:
        self._journal.progress(0.8 * done / self._wanted, f"VNIF {done + 1} of {self._wanted}")

    def reached(self) -> int:
        """Ask one guest after the other, as 64 pings at once starve each other on few CPUs."""
        total = 0
        for number, (guest, links) in enumerate(self.guests):
            self._journal.progress(
                0.8 + 0.2 * number / len(self.guests), f"traffic of {guest.name}"
            )
            guest.hello = guest.facts()
            reply = guest.ask(
                "ping", targets=targets(guest, links), tries=PING_TRIES,
                deadline_s=4 * ANSWER_DEADLINE_S,
            )  # fmt: skip
            said = reply.fields.get("reached")
            total += len(said) if isinstance(said, list) else 0
        return total


@pytest.mark.timeout(1500)
@pytest.mark.requirement("WP-3.4-14")
def test_vnifs_on_one_bridge(
    inventory: Inventory,
    profile: Profile,
    tier: Tier,
    journal: Ledger,
    check: Check,
    workshop: Workshop,
) -> None:
    """Plug VNIFs into one bridge up to the limit; traffic passes on each."""
    limit = number_of(profile, "vnifs_per_bridge_max")
    wanted = limit if tier is Tier.FULL else min(limit, QUICK_VNIFS)
    per_guest = VNIFS_PER_GUEST if tier is Tier.FULL else 1
    workshop.require_memory(-(-wanted // per_guest))
    ports = Ports(workshop, journal, wanted)
    ports.plug_all(per_guest)
    reached = ports.reached()
    command = f"ls /sys/class/net/{ports.bridge}/brif"
    listing = workshop.host.shell.run(command).stdout
    plugged = sum(port.startswith("vif") and "-emu" not in port for port in listing.split())
    counters = f"grep -H . /sys/class/net/{ports.bridge}/brif/vif*/../statistics/rx_packets"
    packets = workshop.host.shell.run(counters, check=False).stdout
    check(
        observed=min(plugged, reached),
        expected=wanted,
        limit=limit if tier is Tier.QUICK else None,
        unit="VNIFs",
        source=profile.limits["vnifs_per_bridge_max"].source,
        detail=f"{plugged} VNIFs on {ports.bridge} at once by Dom0, from {len(ports.guests)} guests"
        f" on {inventory.hypervisor.cores} cores; traffic passed on {reached}",
        evidence=[
            Evidence(command=command, output=listing),
            Evidence(command=counters, output=packets),
        ],
    )
