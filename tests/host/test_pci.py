"""PCI functions of this machine, which may have some; Xen's part is for the lab."""

from __future__ import annotations

from pathlib import Path

import pytest

from xenvm.errors import (
    CommandError,
    DeviceInUseError,
    NotFoundError,
    NotSupportedError,
    ResourceBusyError,
)
from xenvm.host.pci import PciDevices
from xenvm.host.shell import LocalShell
from xenvm.model.kinds import GuestType
from xenvm.model.quantities import PciAddress

from .conftest import FakeNet, put_on_path

HERE = Path("/sys/bus/pci/devices")
NOWHERE = PciAddress(domain=0xFFFF, bus=0xFF, slot=0x1F, function=7)


@pytest.fixture
def pci() -> PciDevices:
    return PciDevices(LocalShell())


def test_every_function_is_listed_with_its_driver(pci: PciDevices) -> None:
    drivers = {
        place.name: (place / "driver").resolve().name if (place / "driver").exists() else ""
        for place in (HERE.iterdir() if HERE.exists() else ())
    }
    assert {str(device.address): device.driver for device in pci.list_all()} == drivers


def test_a_function_that_is_not_there_is_not_found(pci: PciDevices) -> None:
    for deed in (pci.find, pci.modules_for, pci.require_group, pci.make_assignable):
        with pytest.raises(NotFoundError, match=r"ffff:ff:1f\.7"):
            deed(NOWHERE)


def test_what_is_dom0s_goes_to_no_guest(pci: PciDevices) -> None:
    for device in pci.list_all():
        with pytest.raises((DeviceInUseError, NotSupportedError)):
            pci.require_group(device.address)


def test_without_an_iommu_nothing_is_passed_through(
    pci: PciDevices, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    xl = tmp_path / "xl"
    xl.write_text("#!/bin/sh\necho pv hvm hvm_directio\n")
    xl.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    pci.require_iommu(GuestType.HVM)
    with pytest.raises(NotSupportedError, match="no IOMMU for pv guests"):
        pci.require_iommu(GuestType.PV)


@pytest.fixture
def with_nic(fake_net: FakeNet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeNet:
    """A Dom0 in which the function that is nowhere else is eth1."""
    sys = fake_net.root / "sys"
    (sys / f"bus/pci/devices/{NOWHERE}/net/eth1").mkdir(parents=True)
    (sys / "bus/pci/drivers/pciback").mkdir(parents=True)
    fake_net.add_nic("eth1")
    put_on_path(monkeypatch, tmp_path / "bin", "xl", f"echo $2 >{fake_net.root}/assigned")
    monkeypatch.setattr(PciDevices, "find", lambda *_: None)
    return fake_net


def test_a_nic_that_nothing_uses_is_made_assignable(with_nic: FakeNet) -> None:
    PciDevices(with_nic).make_assignable(NOWHERE)
    assert (with_nic.root / "assigned").read_text() == f"{NOWHERE}\n"


def test_a_nic_with_a_vlan_above_it_is_dom0s(with_nic: FakeNet) -> None:
    with_nic.add_upper("eth1", "eth1.5", "vlan")
    with pytest.raises(ResourceBusyError, match="is Dom0's eth1"):
        PciDevices(with_nic).make_assignable(NOWHERE)


def test_a_nic_whose_addresses_cannot_be_told_is_not_taken(
    with_nic: FakeNet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_on_path(monkeypatch, tmp_path / "broken", "ip", "echo no netlink >&2; exit 1")
    with pytest.raises(CommandError, match="no netlink"):
        PciDevices(with_nic).make_assignable(NOWHERE)
    assert not (with_nic.root / "assigned").exists()
