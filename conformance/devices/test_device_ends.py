"""A guest's paravirtual devices, and their ends in Dom0: section 5.5 of the white paper."""

from __future__ import annotations

import dataclasses

import pytest

from xenvm.errors import NotFoundError, NotSupportedError
from xenvm.host import Domain
from xenvm.host.probe.guest import probe_config
from xenvm.model.devices import Input
from xenvm.model.domain import DomainConfig
from xenvm.model.graphics import Graphics, Video
from xenvm.model.hostdev import Hostdev, ScsiAddress
from xenvm.model.kinds import DiskBacking, GraphicsKind, HostdevKind
from xenvm.model.quantities import MacAddress
from xenvm.model.vbd import Vbd
from xenvm.model.verdict import Evidence
from xenvm.model.vnif import Vnif
from xenvm.model.xenbus import XenDevice
from xenvm.qualify.checking import Check, held_against_host
from xenvm.qualify.disks import SIZE_MIB
from xenvm.qualify.workshop import Workshop, link_addresses, reached_over

CLASSES = {"vbd": "VBD", "vif": "VNIF", "vfb": "VFB"}
FEATURES = ("feature-", "multi-queue", "max-ring-page-order")
"""How keys begin by which the two ends agree."""


def line(device: XenDevice) -> str:
    """Return a device in words, with the features that its ends agreed on."""
    found = {**device.back, **device.front}
    features = (f"{key}={found[key]}" for key in sorted(found) if key.startswith(FEATURES))
    states = f"front {device.front_state!r}, back {device.back_state!r}"
    return f"{device.kind} {device.number} by {device.served_by}: {states} {' '.join(features)}"


def vscsi_refusal(domain: Domain) -> str:
    """Return what is said to a VSCSI device, or nothing when it was taken."""
    scsi = ScsiAddress(bus=0, target=0, unit=0)
    try:
        domain.hostdevs.attach(Hostdev(kind=HostdevKind.SCSI, scsi_adapter="scsi_host0", scsi=scsi))
    except NotSupportedError as exc:
        return str(exc)
    return ""


def screen_greeting(domain: Domain) -> str:
    """Return what the guest's screen greets with, or nothing when nobody answers."""
    try:
        return domain.vnc_version()
    except NotFoundError:
        return ""


def dressed(workshop: Workshop, mac: MacAddress) -> DomainConfig:
    """Return a probe guest with a disk, a NIC and a screen."""
    image = workshop.image_file("disk.img", SIZE_MIB)
    (bridge,) = workshop.bridges(["b0"], [link_addresses(0)[0]])
    config = probe_config(
        workshop.name("g0"),
        workshop.image,
        vbds=[Vbd(target="xvda", source=image, backing=DiskBacking.FILE)],
        vnifs=[Vnif(bridge=bridge, mac=mac)],
    )
    return dataclasses.replace(
        config,
        graphics=(Graphics(kind=GraphicsKind.VNC, autoport=True, listen="127.0.0.1"),),
        inputs=(Input(kind="mouse", bus="xen"), Input(kind="keyboard", bus="xen")),
        videos=(Video(model="xen"),),
    )


@pytest.mark.timeout(600)
@pytest.mark.requirement("WP-5.5-01", "WP-5.5.1-01", "WP-5.5.1-02")
def test_every_device_of_a_guest_has_its_end_in_dom0(check: Check, workshop: Workshop) -> None:
    """Start a guest with a disk, a NIC and a screen; look at both ends of each."""
    workshop.require_memory(1)
    mac = workshop.next_mac()
    guest = workshop.started(dressed(workshop, mac))
    guest.wait_until_up()
    with held_against_host():
        guest.ask("write", device="xvda", seed="ends", kib=64)
    passed = mac in reached_over(guest, {mac: 0})
    devices = [d for d in guest.domain.xen_devices() if d.kind in {*CLASSES, "vkbd"}]
    told = Evidence(command="xenstore-ls -f /local/domain", output="\n".join(map(line, devices)))
    orphans = [d.kind for d in devices if not (d.front_state and d.back_state and d.served_by)]
    missing = sorted({*CLASSES} - {d.kind for d in devices})
    check(
        "WP-5.5-01",
        observed=len(devices) - len(orphans),
        expected=len(devices) + len(missing),
        unit="devices with a back-end in Dom0",
        detail=f"without: {', '.join(orphans + missing)}" if orphans or missing else "",
        evidence=[told],
    )
    working = {d.kind for d in devices if d.is_connected} & ({"vbd", "vif"} if passed else {"vbd"})
    check(
        "WP-5.5.1-02",
        observed=", ".join(CLASSES[kind] for kind in CLASSES if kind in working),
        expected="VBD, VNIF",
        unit="devices whose both ends are connected",
        detail=f"bytes were written, and {'packets' if passed else 'no packets'} passed",
        evidence=[told],
    )
    check_the_classes(check, guest.domain, devices, told)


def check_the_classes(
    check: Check, domain: Domain, devices: list[XenDevice], told: Evidence
) -> None:
    """Check which classes of devices attach; the screen must answer, VSCSI must be told of."""
    greeting, refusal = screen_greeting(domain), vscsi_refusal(domain)
    # Whether a guest's kernel has a driver for a screen is the guest's affair.
    attached = {d.kind for d in devices if d.back_state} & {*CLASSES}
    attached -= set() if greeting.startswith("RFB") else {"vfb"}
    check(
        "WP-5.5.1-01",
        observed=", ".join(CLASSES[kind] for kind in CLASSES if kind in attached),
        expected=", ".join(CLASSES.values()),
        passed=attached == {*CLASSES} and bool(refusal),
        unit="classes of devices",
        detail="VSCSI is not available: Xen's tools dropped it" if refusal else "",
        evidence=[
            told,
            Evidence(command="the VNC port in Dom0", output=greeting),
            Evidence(command="a VSCSI device", output=refusal),
        ],
    )
