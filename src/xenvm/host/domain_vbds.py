"""The virtual block devices of a domain, and who serves them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from xenvm.errors import NotSupportedError, ParseError, SpecError
from xenvm.formats.dom0_backings import backing_path
from xenvm.formats.domain_xml import format_vbd_xml
from xenvm.model.kinds import DiskBacking, DiskDevice, DiskDriver, GuestType
from xenvm.model.vbd import Vbd
from xenvm.model.vbd_backend import VbdBackend, VbdCache, VbdServer
from xenvm.model.xenbus import XenDevice

from .backings import refuse_second_writer
from .plug import HOTPLUG_DEADLINE_S, Devices
from .refusal import refuse_errors

_LOOPS_THAT_ARE_DIRECT = r"""
for dio in /sys/block/loop*/loop/dio; do
  [ -r "$dio" ] && read -r on <"$dio" && [ "$on" = 1 ] && cat "${dio%/loop/dio}/dev"
done
:
"""
_SERVED_BY_QEMU = frozenset({DiskDriver.QEMU, DiskDriver.FILE})
_SERVERS: Mapping[str, VbdServer] = {"vbd": VbdServer.PHY, "qdisk": VbdServer.QDISK}
_LOOP_MAJOR = "7"


class DomainVbds(Devices[Vbd, str]):
    """The VBDs of a domain, by their names in the guest, such as ``xvda``.

    Each that is plugged in is first looked for elsewhere: what another domain or Dom0 has, by
    device number or inode and whatever its path, is refused unless both only read it or both
    call it shareable.
    """

    noun = "VBD"
    field = "vbds"
    kind = "vbd"
    mark = "dev"
    xl_noun = "block"

    def _key(self, device: Vbd) -> str:
        return device.target

    def _xml(self, device: Vbd) -> str:
        return format_vbd_xml(device)

    def _refuse(self, device: Vbd) -> None:
        refuse_errors(replace(self._plug.config(), vbds=(device,)), below="vbds")
        self._refuse_second_writer((device,), starting=False)
        if device.driver in _SERVED_BY_QEMU:
            self._require_qemu(device.target)

    def _require_qemu(self, target: str) -> None:
        """Refuse a disk that nobody would serve: Xen starts a guest's QEMU with the guest only.

        Raises:
            NotSupportedError: The running guest has no QEMU.

        Source:
            Xen 4.17, tools/libs/light/libxl_dm.c, libxl__dm_check_start.
        """
        domid = self._plug.domid()
        if domid is None:
            return
        path = f"/local/domain/{domid}/image/device-model-pid"
        if self._plug.shell.run(f"xenstore-read {path}", check=False).returncode != 0:
            raise NotSupportedError(
                f"{self._plug.name} runs without QEMU, which would have to serve {target}, and Xen"
                " starts one with a guest only: give it a screen or such a disk before its start,"
                " or a raw disk with driver phy now"
            )

    def refuse_second_writers(self) -> None:
        """Refuse to start the domain over devices that others have now.

        Raises:
            DeviceInUseError: A running domain or Dom0 has one; names who.
            NotFoundError: There is nothing at a VBD's source.
        """
        self._refuse_second_writer(tuple(self), starting=True)

    def _refuse_second_writer(self, vbds: tuple[Vbd, ...], *, starting: bool) -> None:
        plug = self._plug
        refuse_second_writer(plug.connection, plug.shell, vbds, uuid=plug.uuid, starting=starting)

    def change_media(
        self, target: str, source: str | None, *, deadline_s: float = HOTPLUG_DEADLINE_S
    ) -> None:
        """Put another medium into a drive, or none.

        Args:
            target: The drive's name, such as ``hdc``.
            source: The device or image in Dom0; None to eject.
            deadline_s: Seconds that it may take.

        Raises:
            NotFoundError: It has no such drive, or Dom0 no such medium.
            SpecError: The VBD is a disk, and no drive.
            NotSupportedError: The guest is none of HVM: only those have a drive whose medium
                changes. Others see a medium change as one disk that goes and another that comes.
            DeviceInUseError: Somebody writes to the medium; names who.
            ToolstackError: libxl could not; its log's end is in the detail.
        """
        drive = self.find(target)
        if drive.device not in {DiskDevice.CDROM, DiskDevice.FLOPPY}:
            raise SpecError(
                f"{target} is a {drive.device}, and no drive: detach it, attach another"
            )
        config = self._plug.config()
        if config.guest_type is not GuestType.HVM:
            raise NotSupportedError(
                f"{self._plug.name} is a {config.guest_type} guest, and Xen changes media for HVM "
                "only: attach the medium as a read-only disk, and detach it when it is done with"
            )
        backing = DiskBacking.BLOCK if (source or "").startswith("/dev/") else DiskBacking.FILE
        loaded = replace(drive, source=source, backing=backing)
        self._refuse(loaded)
        self._plug.change(
            f"changing the medium in {target} of {self._plug.name}",
            lambda raw, xml, flags: raw.updateDeviceFlags(xml, flags),
            format_vbd_xml(loaded),
            persist=False,
            deadline_s=deadline_s,
        )

    def backends(self) -> tuple[VbdBackend, ...]:
        """Return who really serves each VBD of the running guest, by their numbers.

        Raises:
            NotSupportedError: The domain does not run, or the host is simulated.
        """
        devices = [device for device in self._plug.xen_devices() if device.kind == "vbd"]
        direct = frozenset(self._plug.shell.run(_LOOPS_THAT_ARE_DIRECT).stdout.split())
        return tuple(_backend(device, direct) for device in devices if device.served_by)


def _backend(device: XenDevice, direct_loops: frozenset[str]) -> VbdBackend:
    back = device.back
    layout, path = backing_path(back.get("params", ""))
    number = _number(back.get("physical-device", ""))
    if device.served_by not in _SERVERS:
        raise ParseError(f"{back.get('dev')} is served by {device.served_by}, which we do not know")
    server = _SERVERS[device.served_by]
    if server is VbdServer.QDISK:
        is_direct = back.get("direct-io-safe") == "1"
    else:  # a loop device goes through the page cache unless it was told not to
        is_loop = number is not None and number.startswith(f"{_LOOP_MAJOR}:")
        is_direct = not is_loop or number in direct_loops
    return VbdBackend(
        target=back.get("dev", ""),
        server=server,
        path=path or None,
        format=layout,
        number=number,
        cache=VbdCache.DIRECT if is_direct else VbdCache.PAGE_CACHE,
        readonly="w" not in back.get("mode", ""),
        device=device,
    )


def _number(hexadecimal: str) -> str | None:
    major, separator, minor = hexadecimal.partition(":")
    return f"{int(major, 16)}:{int(minor, 16)}" if separator else None
