"""The host's devices that a domain drives itself."""

from __future__ import annotations

import contextlib
import functools
from dataclasses import replace

from xenvm.errors import DeviceInUseError, NotFoundError, NotSupportedError
from xenvm.formats.domain_xml import format_hostdev_xml, parse_domain_xml
from xenvm.model.domain import DomainConfig
from xenvm.model.hostdev import Hostdev
from xenvm.model.kinds import HostdevKind
from xenvm.model.quantities import PciAddress

from . import _libvirt
from .pci import PciDevices
from .plug import Devices
from .refusal import refuse_errors

VSCSI = (
    "Xen's tools dropped VSCSI: libvirt's Xen driver refuses a SCSI device for a running guest and"
    " silently leaves it out of one that starts; give the guest the disk as a VBD"
)


class DomainHostdevs(Devices[Hostdev, PciAddress]):
    """The PCI functions of a domain, by their addresses on the host.

    A running guest takes one only if it was started with ``passthrough``, or has one already: Xen
    decides at a domain's start whether an IOMMU knows its memory. SCSI devices stay in a
    description, as data; none can be plugged in.
    """

    noun = "PCI function"
    field = "hostdevs"
    kind = "pci"
    mark = ""

    def _key(self, device: Hostdev) -> PciAddress | None:
        return device.pci if device.kind == HostdevKind.PCI else None

    def _xml(self, device: Hostdev) -> str:
        return format_hostdev_xml(device)

    def _refuse(self, device: Hostdev) -> None:
        if device.kind == HostdevKind.SCSI:
            raise NotSupportedError(VSCSI)
        config = self._plug.config()
        refuse_errors(replace(config, hostdevs=(device,)), below="hostdevs")
        if device.pci is None:
            raise NotSupportedError(f"we plug in PCI functions only, and no {device.kind} devices")
        pci = PciDevices(self._plug.shell)
        pci.require_iommu(config.guest_type)
        self._refuse_unmapped(config)
        self._refuse_second_owner(device.pci)
        pci.require_group(device.pci)

    def _refuse_unmapped(self, config: DomainConfig) -> None:
        """Refuse a running guest whose memory no device could reach.

        Raises:
            NotSupportedError: It was started without.

        Source:
            xl.cfg(5) ``passthrough``; Xen 4.17, tools/libs/light/libxl_create.c.
        """
        mapped = config.passthrough or any(map(self._key, config.hostdevs))
        if not mapped and self._plug.domid() is not None:
            raise NotSupportedError(
                f"{self._plug.name} was started without passthrough, and no device reaches its"
                " memory: set passthrough in its definition, or attach there, and start it again"
            )

    def _refuse_second_owner(self, address: PciAddress) -> None:
        """Refuse a function that another running domain has.

        Raises:
            DeviceInUseError: One has; names it.
        """
        connection = self._plug.connection
        for raw in connection.read("listing domains", lambda raw: raw.listAllDomains()):
            with contextlib.suppress(NotFoundError):  # gone since it was listed
                owns = functools.partial(_has, raw, address)
                if connection.call("reading another domain's devices", owns):
                    raise DeviceInUseError(
                        f"PCI function {address}",
                        [f"domain {raw.name()}"],
                        cure="detach it there first, as a function has one owner",
                    )


def _has(raw: _libvirt.RawDomain, address: PciAddress) -> bool:
    return bool(raw.isActive()) and any(
        hostdev.pci == address for hostdev in parse_domain_xml(raw.XMLDesc()).hostdevs
    )
