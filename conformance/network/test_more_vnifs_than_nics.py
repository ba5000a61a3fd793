"""More VNIFs than NICs: sections 5.5 and 5.7 of the white paper."""

from __future__ import annotations

import pytest

from xenvm.errors import BlockedError
from xenvm.host.probe.guest import MEMORY_MIB
from xenvm.model.inventory import InterfaceKind, Inventory
from xenvm.model.verdict import Evidence
from xenvm.model.vnif import Vnif
from xenvm.qualify.checking import Check, held_against_host
from xenvm.qualify.journal import Ledger
from xenvm.qualify.workshop import Workshop, link_addresses, reached_over

VNIFS_ROOM = 8
"""As many as a small guest has buffers for."""
VNIF_MIB = 4
"""More than the buffers of one more take."""
VNIFS_MOST = 32


@pytest.mark.timeout(900)
@pytest.mark.requirement("WP-5.5-04", "WP-5.7-01")
def test_a_guest_has_more_vnifs_than_the_host_has_nics(
    inventory: Inventory, journal: Ledger, check: Check, workshop: Workshop
) -> None:
    """Plug one VNIF more than there are NICs into a running guest; packets pass on each."""
    nics = len(inventory.network.of_kind(InterfaceKind.NIC))
    wanted = nics + 1
    if wanted > VNIFS_MOST:
        raise BlockedError(
            f"the host has {nics} NICs, and our guest takes {VNIFS_MOST} VNIFs: turn virtual"
            " functions off"
        )
    workshop.require_memory(1)
    names = workshop.bridges(
        [f"b{n}" for n in range(wanted)], [link_addresses(n)[0] for n in range(wanted)]
    )
    more_mib = VNIF_MIB * max(0, wanted - VNIFS_ROOM)
    guest = workshop.guest("g0", memory_mib=MEMORY_MIB + more_mib)
    guest.wait_until_up()
    links = {}
    for number, bridge in enumerate(names):
        journal.progress(number / wanted, f"VNIF {number + 1} of {wanted}")
        mac = workshop.next_mac()
        with held_against_host():
            guest.domain.vnifs.attach(Vnif(bridge=bridge, mac=mac))
            guest.domain.vnifs.wait_until_connected(mac)
        links[mac] = number
    guest.hello = guest.facts()
    reached = reached_over(guest, links)
    ends = [device for device in guest.domain.xen_devices() if device.kind == "vif"]
    told = "\n".join(f"{d.back.get('mac')} {d.front_state!r} {d.back_state!r}" for d in ends)
    for id_ in ("WP-5.5-04", "WP-5.7-01"):
        check(
            id_,
            observed=len(reached),
            expected=wanted,
            unit="VNIFs with traffic",
            detail=f"in one guest, on a host of {nics} NICs",
            evidence=[Evidence(command="xenstore-ls -f /local/domain/0/backend/vif", output=told)],
        )
