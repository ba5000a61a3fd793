"""A device of a guest's own: section 5.5.2 of the white paper."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import pytest

from xenvm.errors import BlockedError, DeviceInUseError, SpecError, WaitTimeoutError
from xenvm.host import Host
from xenvm.host.probe import ProbeGuest, ProbeImage, deploy
from xenvm.host.probe.guest import probe_config
from xenvm.model.hostdev import Hostdev
from xenvm.model.pci_device import PciDevice
from xenvm.model.quantities import PciAddress
from xenvm.model.verdict import Evidence
from xenvm.qualify.checking import Check
from xenvm.qualify.workshop import Workshop
from xenvm.waiting import wait_until

SEEN_WITHIN_S = 60.0
PACKETS = 100
OURS, EVERYBODY = "198.18.0.2/30", "198.18.0.3"
"""Addresses for tests of network devices (RFC 2544); the second is the broadcast address."""
SENT = """\
for nic in /sys/class/net/*; do
  [ -e "$nic/device" ] && read -r bytes <"$nic/statistics/tx_bytes" && echo "${nic##*/} $bytes"
done
:
"""
"""Prints what each NIC of Dom0's has sent, and each of its ends of a VNIF."""


@pytest.fixture
def function(host: Host, allow_list: Collection[str]) -> PciDevice:
    """The PCI function that the user lets us use."""
    return host.devices.pci.find(allowed_function(allow_list))


@pytest.fixture
def image(host: Host, function: PciDevice) -> ProbeImage:
    """A probe that brings Dom0's own drivers for the function."""
    return deploy(host.shell, drivers=host.devices.pci.modules_for(function.address))


def allowed_function(allow_list: Collection[str]) -> PciAddress:
    for word in sorted(allow_list):
        try:
            return PciAddress.parse(word)
        except SpecError:
            continue
    raise BlockedError(
        "no PCI function is in the allow-list: name one that nothing uses, --allow 0000:03:00.0"
    )


def drivers_seen(guest: ProbeGuest, function: PciDevice) -> list[str]:
    """Return the guest's driver of each such function that it has; empty for one without."""
    seen = guest.ask("pci").fields.get("pci")
    rows: list[Mapping[str, str]] = seen if isinstance(seen, list) else []
    wanted = f"{function.vendor:#06x} {function.device:#06x}"
    return [row["driver"] for row in rows if f"{row['vendor']} {row['device']}" == wanted]


def driver_at_last(guest: ProbeGuest, function: PciDevice) -> str:
    """Return the driver that the guest has for its function in the end, or what it lacks."""
    seen: list[str] = []

    def driven() -> bool:
        nonlocal seen
        seen = drivers_seen(guest, function)
        return any(seen)

    try:
        wait_until("the guest to drive its function", driven, deadline_s=SEEN_WITHIN_S)
    except WaitTimeoutError:
        return "no driver" if seen else "no such function"
    return seen[0]


def nic_with_carrier(guest: ProbeGuest) -> str:
    """Return the guest's NIC, once it has a carrier."""
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
    rows = map(str.split, host.shell.run(SENT).stdout.splitlines())
    return {name: int(sent_bytes) for name, sent_bytes in rows}


@pytest.mark.timeout(600)
@pytest.mark.requirement("WP-5.5.2-02", "WP-5.5.2-01")
def test_a_guest_drives_a_device_of_its_own_past_dom0(
    check: Check, workshop: Workshop, function: PciDevice, image: ProbeImage
) -> None:
    """Give a guest the user's PCI function; see its driver, and its packets past Dom0."""
    host, native = workshop.host, host_drivers(workshop.host, function)
    workshop.require_memory(1)
    workshop.borrow(function.address)
    guest = workshop.started(probe_config(workshop.name("g0"), image, passthrough=True))
    guest.wait_until_up()
    guest.domain.hostdevs.attach(Hostdev(pci=function.address))
    driver = driver_at_last(guest, function)
    check(
        "WP-5.5.2-02",
        observed=driver,
        expected=" or ".join(native),
        passed=driver in native,
        detail=f"{function.address} is {function.vendor:04x}:{function.device:04x}",
        evidence=[Evidence(command="the guest's /sys/bus/pci", output=guest.transcript)],
    )
    assert driver in native, "the guest has no driver for its function, so no data passes"
    check_the_path(check, host, guest)


def host_drivers(host: Host, function: PciDevice) -> list[str]:
    """Return the modules that a machine drives the function with, as sysfs calls them."""
    return [name.replace("-", "_") for name in host.devices.pci.modules_for(function.address)]


def check_the_path(check: Check, host: Host, guest: ProbeGuest) -> None:
    """Check that what the guest sends is sent by its own NIC, and by none of Dom0's."""
    nic = nic_with_carrier(guest)
    before = sent_by_dom0(host)
    reply = guest.ask(
        "broadcast", nic=nic, address=OURS, peer=EVERYBODY, packets=PACKETS, seconds=30
    )
    after = sent_by_dom0(host)
    by_dom0 = sum(after[name] - sent for name, sent in before.items() if name in after)
    packets, sent_bytes = reply.number("sent_packets"), reply.number("sent_bytes")
    behind = {device.kind for device in guest.domain.xen_devices()} & {"vif", "vbd"}
    check(
        "WP-5.5.2-01",
        observed=round(by_dom0 / 1024),
        expected=f"less than half of the {sent_bytes / 1024:.0f} KiB that the guest sent",
        passed=packets >= PACKETS and by_dom0 < sent_bytes / 2 and not behind,
        unit="KiB sent by Dom0 meanwhile",
        detail=f"the guest's {nic} sent {packets:.0f} packets; Dom0 serves it no disk and no VNIF",
        evidence=[
            Evidence(command="/sys/class/net/*/statistics/tx_bytes", output=f"{before}\n{after}")
        ],
    )


@pytest.mark.timeout(600)
@pytest.mark.requirement("WP-5.5.2-05")
def test_a_device_has_one_owner(
    check: Check, workshop: Workshop, function: PciDevice, image: ProbeImage
) -> None:
    """Give a PCI function to one guest, and ask libvirt and Xen to give it to another too."""
    workshop.require_memory(2)
    workshop.borrow(function.address)
    configs = [probe_config(workshop.name(f"g{n}"), image, passthrough=True) for n in range(2)]
    guests = [workshop.started(config) for config in configs]
    for guest in guests:
        guest.wait_until_up()
    first, second = guests
    first.domain.hostdevs.attach(Hostdev(pci=function.address))
    driver_at_last(first, function)
    with pytest.raises(DeviceInUseError, match=first.name):
        second.domain.hostdevs.attach(Hostdev(pci=function.address))
    # Xen itself is asked past all that we look at first.
    asked = workshop.host.shell.run(
        "xl pci-attach %s %s", second.name, str(function.address), deadline_s=60, check=False
    )
    owners = [guest.name for guest in guests if drivers_seen(guest, function)]
    check(
        observed=", ".join(owners),
        expected=first.name,
        passed=owners == [first.name] and asked.returncode != 0,
        unit="owners",
        detail=f"Xen's toolstack {'refused' if asked.returncode else 'took'} the second one",
        evidence=[Evidence(command="xl pci-attach", output=asked.stdout + asked.stderr)],
    )
