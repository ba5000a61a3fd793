"""A device of a guest's own: section 5.5.2 of the white paper."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from xenvm.errors import DeviceInUseError
from xenvm.host import Host
from xenvm.host.probe import ProbeGuest, ProbeImage, deploy
from xenvm.host.probe.guest import probe_config
from xenvm.model.hostdev import Hostdev
from xenvm.model.pci_device import PciDevice
from xenvm.model.verdict import Evidence
from xenvm.qualify.checking import Check
from xenvm.qualify.direct_io import (
    allowed_function,
    driver_at_last,
    drivers_in,
    nic_with_carrier,
    sent_between,
    sent_by_dom0,
)
from xenvm.qualify.workshop import Workshop

PACKETS = 100
OURS, EVERYBODY = "198.18.0.2/30", "198.18.0.3"
"""Addresses for tests of network devices (RFC 2544); the second is the broadcast address."""


@pytest.fixture
def function(host: Host, allow_list: Collection[str]) -> PciDevice:
    """The PCI function that the user lets us use."""
    return host.devices.pci.find(allowed_function(allow_list))


@pytest.fixture
def native(host: Host, function: PciDevice) -> tuple[str, ...]:
    """The modules of Dom0's kernel that drive the function."""
    modules: tuple[str, ...] = host.devices.pci.modules_for(function.address)
    return modules


@pytest.fixture
def image(host: Host, native: tuple[str, ...]) -> ProbeImage:
    """A probe that brings those drivers along."""
    return deploy(host.shell, drivers=native)


@pytest.mark.timeout(600)
@pytest.mark.requirement("WP-5.5.2-02", "WP-5.5.2-01")
def test_a_guest_drives_a_device_of_its_own_past_dom0(
    check: Check,
    workshop: Workshop,
    function: PciDevice,
    native: tuple[str, ...],
    image: ProbeImage,
) -> None:
    """Give a guest the user's PCI function; see its driver, and its packets past Dom0."""
    workshop.require_memory(1)
    workshop.borrow(function.address)
    guest = workshop.started(probe_config(workshop.name("g0"), image, passthrough=True))
    guest.wait_until_up()
    guest.domain.hostdevs.attach(Hostdev(pci=function.address))
    driver = driver_at_last(guest, function)
    drives = check(
        "WP-5.5.2-02",
        observed=driver,
        expected=" or ".join(native),
        passed=driver in native,
        detail=f"{function.address} is {function.vendor:04x}:{function.device:04x}",
        evidence=[Evidence(command="the guest's /sys/bus/pci", output=guest.transcript)],
    )
    assert drives, f"nothing passes a function for which the guest has {driver}"
    check_the_path(check, workshop.host, guest)


def check_the_path(check: Check, host: Host, guest: ProbeGuest) -> None:
    """Check that what the guest sends is sent by its own NIC, and by none of Dom0's."""
    nic = nic_with_carrier(guest)
    before = sent_by_dom0(host)
    reply = guest.ask(
        "broadcast", nic=nic, address=OURS, peer=EVERYBODY, packets=PACKETS, seconds=30
    )
    after = sent_by_dom0(host)
    by_dom0 = sent_between(before, after)
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
    owners = [guest.name for guest in guests if drivers_in(guest, function)]
    check(
        observed=", ".join(owners),
        expected=first.name,
        passed=owners == [first.name] and asked.returncode != 0,
        unit="owners",
        detail=f"Xen's toolstack {'refused' if asked.returncode else 'took'} the second one",
        evidence=[Evidence(command="xl pci-attach", output=asked.stdout + asked.stderr)],
    )
