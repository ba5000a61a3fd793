"""PCI functions of a host, given to guests and taken back."""

from __future__ import annotations

from collections.abc import Mapping

from xenvm.errors import (
    CommandError,
    DeviceInUseError,
    NotFoundError,
    NotSupportedError,
    ResourceBusyError,
)
from xenvm.formats.dom0_pci import parse_pci_devices
from xenvm.model.kinds import GuestType
from xenvm.model.pci_device import PciDevice, group_of
from xenvm.model.quantities import PciAddress

from .nic_users import NIC_USER
from .shell import HostShell

_BUSY = 16
DEADLINE_S = 60.0

_LIST = r"""
word() { [ -r "$1" ] && read -r value <"$1" || value=-; }
target() { cd -P "$1" 2>/dev/null && echo "${PWD##*/}" || echo -; }
for place in /sys/bus/pci/devices/*; do
  word "$place/vendor" && vendor=$value
  word "$place/device" && device=$value
  word "$place/class" && class=$value
  links="$(target "$place/driver") $(target "$place/iommu_group")"
  echo "pci ${place##*/} $vendor $device $class $links"
done
xl pci-assignable-list 2>/dev/null | while read -r address _; do echo "assignable $address"; done
:
"""

# What Dom0 lives by: a disk of any kind, and a NIC with a master, an address or links above it.
_ADD = f"""\
{NIC_USER}
place=$(readlink -f /sys/bus/pci/devices/%s)
for disk in /sys/block/*; do
  case $(readlink -f "$disk") in "$place"/*) echo "disk ${{disk##*/}}"; exit {_BUSY} ;; esac
done
for nic in $(find "$place/" -maxdepth 3 -path '*/net/*' -prune 2>/dev/null); do
  nic=${{nic##*/}}
  user=$(nic_user "$nic") || exit 1
  [ -z "$user" ] || {{ echo $nic; exit {_BUSY}; }}
done
[ -d /sys/bus/pci/drivers/pciback ] || modprobe xen-pciback
xl pci-assignable-add %s
"""

_MODULES = "modprobe --resolve-alias $(cat /sys/bus/pci/devices/%s/modalias)"

_HVM_IOMMU = "hvm_directio"
_IOMMU_WORDS: Mapping[str, str] = {GuestType.PV: "pv_directio"}


class PciDevices:
    """The PCI functions of a host."""

    def __init__(self, shell: HostShell):
        self._shell = shell

    def list_all(self) -> tuple[PciDevice, ...]:
        """Return all functions, by address."""
        return parse_pci_devices(self._shell.run(_LIST, deadline_s=DEADLINE_S).stdout)

    def list_assignable(self) -> tuple[PciDevice, ...]:
        """Return the functions that guests may get, by address."""
        return tuple(device for device in self.list_all() if device.is_assignable)

    def find(self, address: PciAddress) -> PciDevice:
        """Return the function at an address.

        Raises:
            NotFoundError: There is none.
        """
        for device in self.list_all():
            if device.address == address:
                return device
        raise NotFoundError(f"the host has no PCI function {address}: see list_all()")

    def modules_for(self, address: PciAddress) -> tuple[str, ...]:
        """Return the modules of Dom0's kernel that drive a function, whoever has it now.

        Raises:
            NotFoundError: There is no such function, or the kernel has no driver for it.
        """
        device = self.find(address)
        said = self._shell.run(_MODULES, str(device.address), check=False).stdout.split()
        if not said:
            raise NotFoundError(f"Dom0's kernel has no driver for {address}: see lspci -nn")
        return tuple(said)

    def require_iommu(self, guest_type: GuestType | str) -> None:
        """Refuse pass-through where nothing keeps the device out of others' memory.

        Raises:
            NotSupportedError: Xen has no IOMMU in use for that type of guest.
        """
        words = self._shell.run("xl info virt_caps").stdout.split()
        if _IOMMU_WORDS.get(guest_type, _HVM_IOMMU) not in words:
            raise NotSupportedError(
                f"Xen has no IOMMU for {guest_type} guests (virt_caps: {' '.join(words)}): enable"
                " VT-d or AMD-Vi in the firmware"
            )

    def require_group(self, address: PciAddress) -> None:
        """Refuse a function whose group is not free to go with it.

        Raises:
            NotFoundError: There is no such function.
            NotSupportedError: It is a bridge.
            DeviceInUseError: It, or one of its group, is Dom0's; names which, and its driver.
        """
        devices = self.list_all()
        found = next((device for device in devices if device.address == address), None)
        if found is None:
            raise NotFoundError(f"the host has no PCI function {address}: see list_all()")
        if found.is_bridge:
            raise NotSupportedError(f"{address} is a bridge, and no guest can drive it")
        held = [device for device in group_of(found, devices) if not device.is_assignable]
        if held:
            users = [f"Dom0 ({d.address}, driver {d.driver or 'none'})" for d in held]
            raise DeviceInUseError(
                f"PCI function {address}", users, cure="make its whole group assignable first"
            )

    def make_assignable(self, address: PciAddress) -> None:
        """Take a function away from Dom0, for guests; not one that Dom0 lives by.

        Raises:
            NotFoundError: There is no such function.
            ResourceBusyError: A disk is on it, or a NIC that has an address or is part of a link.
            CommandError: Xen's toolstack refused.
        """
        self.find(address)
        try:
            self._shell.run(_ADD, str(address), str(address), deadline_s=DEADLINE_S)
        except CommandError as exc:
            if exc.returncode == _BUSY:
                raise ResourceBusyError(
                    f"{address} is Dom0's {exc.stdout.strip()}: stop using it there first"
                ) from exc
            raise

    def take_back(self, address: PciAddress) -> None:
        """Give a function back to Dom0 and its driver.

        Raises:
            CommandError: Xen's toolstack refused, such as while a guest has it.
        """
        self._shell.run("xl pci-assignable-remove -r %s", str(address), deadline_s=DEADLINE_S)
