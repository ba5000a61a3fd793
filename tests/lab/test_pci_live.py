"""PCI functions passed through on a real Xen: the guests that have them drive them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from xenvm import lab as xenvm_lab
from xenvm.errors import DeviceInUseError, NotSupportedError, SpecError
from xenvm.host import Host, connect
from xenvm.host.pci import PciDevices
from xenvm.host.probe import ProbeGuest, ProbeImage, deploy
from xenvm.host.probe.guest import probe_config, remove
from xenvm.host.probe.image import DIRECTORY
from xenvm.lab import Lab, Release, Shape
from xenvm.model.hostdev import Hostdev
from xenvm.model.kinds import GuestType
from xenvm.model.quantities import PciAddress
from xenvm.waiting import wait_until

from .conftest import Command

pytestmark = [pytest.mark.timeout(1800), pytest.mark.thorough]

DRIVER = "e1000e"
GATEWAY = "10.0.2.2"
"""Of QEMU's user network, which is behind the function: it answers pings."""
WITH_IOMMU = Shape(iommu=True)
IDS = ("WP-5.5.2-01", "WP-5.5.2-02", "WP-5.5.2-04", "WP-5.5.2-05")
MODULE = f"f=$(modinfo -n {DRIVER}) && rm -rf {DIRECTORY}"
TOOLSTACK = "/usr/local/bin/xl"
FLOOD = f"ping -q -i 0.002 -s 1400 {GATEWAY}"
SABOTAGE = {
    # Dom0 is as busy on its NICs as the guest.
    "WP-5.5.2-01": (f"systemd-run -q --unit=flood {FLOOD}", "systemctl stop flood"),
    # What the guest has for a driver is none.
    "WP-5.5.2-02": (
        f"{MODULE} && mv $f $f.kept && cp $(modinfo -n dummy) $f",
        f"{MODULE} && mv $f.kept $f",
    ),
    # The toolstack gives a function to whoever asks.
    "WP-5.5.2-05": (
        f"""cat >{TOOLSTACK} <<'END' && chmod 755 {TOOLSTACK}
#!/bin/sh
[ "$1" = pci-attach ] || exec /usr/sbin/xl "$@"
END""",
        f"rm {TOOLSTACK}",
    ),
}
"""By requirement, what breaks it in Dom0, and what mends that."""


@pytest.fixture(scope="module")
def lab(release: Release) -> Iterator[Lab]:
    yield xenvm_lab.up(f"iommu-{release}", release=release, shape=WITH_IOMMU)
    xenvm_lab.down(f"iommu-{release}")


@pytest.fixture(scope="module")
def host(lab: Lab) -> Iterator[Host]:
    with connect(lab.uri) as connected:
        yield connected


@pytest.fixture(scope="module")
def function(lab: Lab) -> PciAddress:
    return PciAddress.parse(lab.spare_devices[-1])


@pytest.fixture(scope="module")
def image(host: Host, function: PciAddress) -> ProbeImage:
    return deploy(host.shell, drivers=host.devices.pci.modules_for(function))


@pytest.fixture
def pci(host: Host, function: PciAddress) -> Iterator[PciDevices]:
    """The host's functions, the spare one assignable; Dom0 has it again afterwards."""
    devices: PciDevices = host.devices.pci
    devices.make_assignable(function)
    yield devices
    devices.take_back(function)
    assert devices.find(function).driver == DRIVER


def drivers(guest: ProbeGuest) -> list[str]:
    """Return the driver of each NIC that is a PCI function of the guest's, by its own word."""
    rows = guest.ask("pci").fields["pci"]
    assert isinstance(rows, list)
    return [row["driver"] for row in rows if row["device"] == "0x10d3"]


def reaches_the_gateway(guest: ProbeGuest) -> bool:
    """Return whether packets go out and come back over the guest's own NIC."""
    wait_until("the driver", lambda: drivers(guest) == [DRIVER], deadline_s=60)
    (nic,) = guest.facts().nics
    wait_until(
        "a carrier", lambda: guest.ask("link", nic=nic.name).fields["carrier"], deadline_s=60
    )
    said = guest.ask("ping", targets=f"{nic.name}=10.0.2.15/24={GATEWAY}")
    return said.fields["reached"] == [nic.name]


def test_a_running_guest_gets_a_function_and_gives_it_back(
    host: Host, pci: PciDevices, image: ProbeImage, function: PciAddress
) -> None:
    found = pci.find(function)
    assert (found.driver, found.is_assignable) == ("pciback", True)
    assert found in pci.list_assignable()
    guest = ProbeGuest.start(host, probe_config("xenvm-live-i0", image, passthrough=True))
    second = host.define(probe_config("xenvm-live-i1", image))
    try:
        guest.wait_until_up()
        assert drivers(guest) == []
        guest.domain.hostdevs.attach(Hostdev(pci=function))
        assert reaches_the_gateway(guest)
        assert [device.pci for device in guest.domain.hostdevs] == [function]
        with pytest.raises(DeviceInUseError, match="xenvm-live-i0"):
            second.hostdevs.attach(Hostdev(pci=function))
        guest.domain.hostdevs.detach(function)
        wait_until("the function to be gone", lambda: drivers(guest) == [], deadline_s=60)
    finally:
        guest.remove()
        remove(second)


def test_a_guest_that_starts_with_a_function_has_it_and_ends_without_trouble(
    host: Host, pci: PciDevices, image: ProbeImage, function: PciAddress
) -> None:
    domain = host.define(probe_config("xenvm-live-i2", image, passthrough=True))
    try:
        domain.hostdevs.attach(Hostdev(pci=function))
        guest = ProbeGuest.wake(domain)
        guest.wait_until_up()
        assert reaches_the_gateway(guest)
    finally:
        remove(domain)
    assert pci.find(function).is_assignable


def test_an_hvm_guest_drives_a_function_too(
    host: Host, pci: PciDevices, image: ProbeImage, function: PciAddress
) -> None:
    config = probe_config("xenvm-live-i3", image, guest_type=GuestType.HVM, passthrough=True)
    guest = ProbeGuest.start(host, config)
    try:
        guest.wait_until_up()
        guest.domain.hostdevs.attach(Hostdev(pci=function))
        assert reaches_the_gateway(guest)
        guest.domain.hostdevs.detach(function)
        wait_until("the function to be gone", lambda: drivers(guest) == [], deadline_s=60)
    finally:
        guest.remove()
    assert pci.find(function).is_assignable


def test_what_cannot_go_is_refused_before_libvirt_is_asked(
    host: Host, image: ProbeImage, function: PciAddress
) -> None:
    bridge = next(device for device in host.devices.pci.list_all() if device.is_bridge)
    domain = host.define(probe_config("xenvm-live-i4", image))
    pvh = host.define(probe_config("xenvm-live-i5", image, guest_type=GuestType.PVH))
    try:
        with pytest.raises(DeviceInUseError, match=f"Dom0 .*{DRIVER}"):
            domain.hostdevs.attach(Hostdev(pci=function))
        with pytest.raises(NotSupportedError, match="is a bridge"):
            domain.hostdevs.attach(Hostdev(pci=bridge.address))
        with pytest.raises(SpecError, match="PVH"):
            pvh.hostdevs.attach(Hostdev(pci=function))
    finally:
        domain.undefine()
        pvh.undefine()


def test_a_function_goes_with_all_of_its_group_or_not_at_all(host: Host, image: ProbeImage) -> None:
    devices = host.devices.pci
    sata, smbus = (PciAddress.parse(f"0000:00:1f.{number}") for number in (2, 3))
    domain = host.define(probe_config("xenvm-live-i6", image))
    devices.make_assignable(sata)
    try:
        with pytest.raises(DeviceInUseError, match=f"Dom0 .{smbus}, driver i801_smbus"):
            domain.hostdevs.attach(Hostdev(pci=sata))
        assert [*domain.hostdevs] == []
    finally:
        devices.take_back(sata)
        domain.undefine()
    assert devices.find(sata).driver == "ahci"


def verdicts(folder: Path) -> dict[str, tuple[str, object, str]]:
    rows = json.loads((folder / "results.json").read_text())["requirements"]
    return {row["id"]: (row["verdict"], row["observed"], row["detail"]) for row in rows}


def only(ids: tuple[str, ...]) -> list[str]:
    return [word for id_ in ids for word in ("--only", id_)]


def test_direct_io_is_qualified_and_leaves_nothing(
    lab: Lab, xenvm: Command, tmp_path: Path
) -> None:
    output = tmp_path / "out"
    done = xenvm(
        "qualify", f"lab:{lab.name}", "--tier", "full", *only(IDS), "--output", str(output)
    )
    found = verdicts(output)
    assert {found[id_][0] for id_ in IDS} == {"pass"}, (found, done.stdout)
    assert found["XENVM-RESTORED"][0] == "pass", found["XENVM-RESTORED"]


@pytest.mark.parametrize("requirement_id", SABOTAGE)
def test_a_broken_requirement_fails(
    lab: Lab, xenvm: Command, tmp_path: Path, requirement_id: str
) -> None:
    output = tmp_path / "out"
    breaking, mending = SABOTAGE[requirement_id]
    try:
        lab.ssh.run(breaking, deadline_s=60)
        done = xenvm("qualify", f"lab:{lab.name}", "--tier", "full", "--only", requirement_id,
                     "--output", str(output))  # fmt: skip
    finally:
        lab.ssh.run(mending, deadline_s=60)
    assert verdicts(output)[requirement_id][0] == "fail", (verdicts(output), done.stdout)
