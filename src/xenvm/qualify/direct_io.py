"""A PCI function of a guest's, for live tests: which one, who drives it, what passes Dom0."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from xenvm.errors import BlockedError, SpecError, WaitTimeoutError
from xenvm.host import Host
from xenvm.host.probe import ProbeGuest
from xenvm.model.pci_device import PciDevice
from xenvm.model.quantities import PciAddress
from xenvm.waiting import wait_until

SEEN_WITHIN_S = 60.0
NO_FUNCTION = "no such function"
NO_DRIVER = "no driver"

_SENT = """\
for nic in /sys/class/net/*; do
  [ -e "$nic/device" ] && read -r bytes <"$nic/statistics/tx_bytes" && echo "${nic##*/} $bytes"
done
:
"""
"""Prints what each NIC of Dom0's has sent, and each of its ends of a VNIF."""


def allowed_function(allow_list: Collection[str]) -> PciAddress:
    """Return the PCI function that the user lets the suite use: the first by its address.

    Raises:
        BlockedError: There is none.
    """
    addresses = []
    for word in allow_list:
        try:
            addresses.append(PciAddress.parse(word))
        except SpecError:  # a disk's or a NIC's name
            continue
    if not addresses:
        raise BlockedError(
            "no PCI function is in the allow-list: name one that nothing uses, --allow 0000:03:00.0"
        )
    return min(addresses)


def drivers_of(function: PciDevice, rows: object) -> list[str]:
    """Return the driver of each device like a function, empty for one without.

    Args:
        function: By its maker's number and its own, as a guest sees it at another address.
        rows: What a probe guest's ``pci`` tells.
    """
    wanted = f"{function.vendor:#06x} {function.device:#06x}"
    found: list[Mapping[str, str]] = rows if isinstance(rows, list) else []
    return [row["driver"] for row in found if f"{row['vendor']} {row['device']}" == wanted]


def drivers_in(guest: ProbeGuest, function: PciDevice) -> list[str]:
    """Return the guest's driver of each function of that kind that it has now."""
    return drivers_of(function, guest.ask("pci").fields.get("pci"))


def driver_at_last(guest: ProbeGuest, function: PciDevice) -> str:
    """Return the guest's driver of its function once there is one, or what it lacks in the end."""
    seen: list[str] = []

    def driven() -> bool:
        nonlocal seen
        seen = drivers_in(guest, function)
        return any(seen)

    try:
        wait_until("the guest to drive its function", driven, deadline_s=SEEN_WITHIN_S)
    except WaitTimeoutError:
        return NO_DRIVER if seen else NO_FUNCTION
    return next(filter(None, seen))


def nic_with_carrier(guest: ProbeGuest) -> str:
    """Return the name of the guest's first NIC, once it has a carrier.

    Raises:
        BlockedError: It has no NIC, or that has no carrier.
    """
    nics = guest.facts().nics
    if not nics:
        raise BlockedError("what passes Dom0 by is seen on a NIC: allow the function of one")

    def has_carrier() -> bool:
        return guest.ask("link", nic=nics[0].name).fields.get("carrier") is True

    try:
        wait_until("a carrier", has_carrier, deadline_s=SEEN_WITHIN_S)
    except WaitTimeoutError as exc:
        raise BlockedError("the NIC that is allowed has no carrier: plug a cable in") from exc
    return nics[0].name


def sent_by_dom0(host: Host) -> dict[str, int]:
    """Return the bytes that each NIC of Dom0's has sent, and each of its ends of a VNIF."""
    return parse_sent(host.shell.run(_SENT).stdout)


def parse_sent(text: str) -> dict[str, int]:
    """Return bytes by NIC, out of lines ``NIC BYTES``."""
    rows = map(str.split, text.splitlines())
    return {name: int(sent_bytes) for name, sent_bytes in rows}


def sent_between(before: Mapping[str, int], after: Mapping[str, int]) -> int:
    """Return the bytes that were sent between two looks; one that came or went counts nothing."""
    return sum(after[name] - sent for name, sent in before.items() if name in after)
