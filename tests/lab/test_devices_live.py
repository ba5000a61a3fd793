"""Consoles, screens and passed-through devices on a real Xen."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from xenvm.errors import DeviceInUseError, NotFoundError, NotSupportedError, ResourceBusyError
from xenvm.host import Host
from xenvm.host.pci import PciDevices
from xenvm.host.probe import ProbeImage
from xenvm.host.probe.guest import probe_config, remove
from xenvm.model.devices import Input
from xenvm.model.graphics import Graphics, Video
from xenvm.model.hostdev import Hostdev, ScsiAddress
from xenvm.model.kinds import GraphicsKind, HostdevKind

pytestmark = [pytest.mark.timeout(1800), pytest.mark.thorough]


def test_a_guests_console_is_expected_and_logged_and_its_screen_shown(
    host: Host, image: ProbeImage, tmp_path: Path
) -> None:
    config = dataclasses.replace(
        probe_config("xenvm-live-c0", image),
        graphics=(Graphics(kind=GraphicsKind.VNC, autoport=True, listen="127.0.0.1"),),
        inputs=(Input(kind="mouse", bus="xen"), Input(kind="keyboard", bus="xen")),
        videos=(Video(model="xen"),),
    )
    domain = host.define(config)
    try:
        domain.start(paused=True)
        with domain.open_console() as console, console.logged_to(tmp_path / "log"):
            domain.unpause()
            assert console.expect('"say":"hello"', deadline_s=120)
            console.send(b'{"id":1,"do":"facts"}\n')
            assert '"say":"done"' in console.expect('"id":1,[^\n]*\n', deadline_s=60)
        assert b'"say":"hello"' in (tmp_path / "log").read_bytes()
        assert domain.vnc_version().startswith("RFB 003.")
        kinds = {device.kind: device for device in domain.xen_devices()}
        assert {"vfb", "vkbd"} <= {*kinds}
    finally:
        remove(domain)


def test_a_guest_without_a_screen_shows_none(host: Host, image: ProbeImage) -> None:
    domain = host.define(probe_config("xenvm-live-c1", image))
    try:
        with pytest.raises(NotFoundError, match="no VNC"):
            domain.vnc_version()
        scsi = Hostdev(
            kind=HostdevKind.SCSI,
            scsi_adapter="scsi_host0",
            scsi=ScsiAddress(bus=0, target=0, unit=0),
        )
        with pytest.raises(NotSupportedError, match="VSCSI"):
            domain.hostdevs.attach(scsi)
    finally:
        domain.undefine()


def test_pci_functions_are_listed_and_dom0_keeps_what_it_lives_by(
    host: Host, image: ProbeImage
) -> None:
    pci: PciDevices = host.devices.pci
    devices = pci.list_all()
    nic, spare = [d for d in devices if d.device_class >> 16 == 2][:2]
    disk = next(d for d in devices if d.device_class >> 16 == 1 and d.driver == "virtio-pci")
    with pytest.raises(ResourceBusyError, match="eth0"):
        pci.make_assignable(nic.address)
    with pytest.raises(ResourceBusyError, match="disk"):
        pci.make_assignable(disk.address)
    domain = host.define(probe_config("xenvm-live-c2", image))
    try:
        with pytest.raises((NotSupportedError, DeviceInUseError)):
            domain.hostdevs.attach(Hostdev(pci=spare.address))
    finally:
        domain.undefine()
