"""One domain on a host: its life, and its devices."""

from __future__ import annotations

from uuid import UUID

from xenvm.errors import NotFoundError
from xenvm.formats.domain_xml import parse_domain_xml
from xenvm.model.domain import DomainConfig
from xenvm.model.kinds import DomainState
from xenvm.model.xenbus import XenDevice
from xenvm.waiting import wait_until

from . import _libvirt
from .connection import Connection
from .console import Console
from .domain_hostdevs import DomainHostdevs
from .domain_vbds import DomainVbds
from .domain_vnifs import DomainVnifs
from .libxl_log import libxl_log
from .plug import HOTPLUG_DEADLINE_S, Plug
from .screen import vnc_version
from .shell import HostShell

START_DEADLINE_S = 300.0
"""libxl waits up to 40 s for each hotplug script, and a guest may have many devices."""


class Domain:
    """A domain on a host, running or not; a guest that reboots is a new domid, and the same Domain.

    Attributes:
        name: Its name.
        uuid: What stays when everything else changes.
    """

    def __init__(self, connection: Connection, shell: HostShell, raw: _libvirt.RawDomain):
        self._connection = connection
        self._shell = shell
        self._raw = raw
        with _libvirt.translated_errors():  # Both are in the handle: no round trip.
            self.name = raw.name()
            self.uuid = UUID(raw.UUIDString())

    @property
    def domid(self) -> int | None:
        """Return Xen's number for it, or None when it is shut off."""
        # A handle keeps the domid of when it was made, so ask with a new one.
        raw = self._connection.raw
        domid = self._connection.call(
            f"looking up {self.name}", lambda: raw.lookupByUUIDString(str(self.uuid)).ID()
        )
        return domid if domid >= 0 else None

    @property
    def state(self) -> DomainState:
        """Return what it is doing now."""
        number, *_ = self._connection.call(f"asking for {self.name}'s state", self._raw.state)
        return _libvirt.DOMAIN_STATES.get(number, DomainState.NO_STATE)

    @property
    def is_active(self) -> bool:
        """Return whether it is more than a definition: running, paused or ending."""
        # libxl's driver says «shut off» a moment before it has let go of the domain.
        return bool(self._connection.call(f"asking for {self.name}", self._raw.isActive))

    def xml(self) -> str:
        """Return libvirt's document for it as it is now."""
        return self._connection.call(f"reading {self.name}'s XML", self._raw.XMLDesc)

    def config(self) -> DomainConfig:
        """Return what it is made of now, hot-plugged devices included; whoever defined it."""
        return parse_domain_xml(self.xml())

    def start(self, *, paused: bool = False, deadline_s: float = START_DEADLINE_S) -> None:
        """Start it from its definition.

        Args:
            paused: Whether its vCPUs wait for :meth:`unpause`.
            deadline_s: Seconds for Xen's toolstack to build it.

        Raises:
            InvalidStateError: It runs already.
            DeviceInUseError: A running domain or Dom0 has what one of its VBDs would write to.
            ToolstackError: libxl could not build it; its log's end is in the detail.
        """
        self.vbds.refuse_second_writers()
        flags = _libvirt.START_PAUSED if paused else 0
        with libxl_log(self._shell):
            self._connection.call(
                f"starting {self.name}",
                lambda: self._raw.createWithFlags(flags),
                deadline_s=deadline_s,
            )

    def pause(self) -> None:
        """Stop scheduling its vCPUs.

        Raises:
            InvalidStateError: It does not run.
        """
        self._connection.call(f"pausing {self.name}", self._raw.suspend)

    def unpause(self) -> None:
        """Schedule its vCPUs again.

        Raises:
            InvalidStateError: It is not paused.
        """
        self._connection.call(f"unpausing {self.name}", self._raw.resume)

    def shutdown(self) -> None:
        """Ask the guest to end; it may take its time, or refuse: see :meth:`wait_until_off`.

        Raises:
            InvalidStateError: It does not run.
        """
        self._connection.call(f"shutting down {self.name}", self._raw.shutdown)

    def wait_until_off(self, *, deadline_s: float) -> None:
        """Wait until it is shut off, or gone if it has no definition.

        Raises:
            WaitTimeoutError: It still runs after ``deadline_s``.
        """
        wait_until(f"{self.name} to shut off", self._is_off, deadline_s=deadline_s, every_s=0.5)

    def destroy(self, *, deadline_s: float = HOTPLUG_DEADLINE_S) -> None:
        """End it at once, whatever the guest does.

        Raises:
            InvalidStateError: It does not run.
        """
        with libxl_log(self._shell):
            self._connection.call(
                f"destroying {self.name}", self._raw.destroy, deadline_s=deadline_s
            )

    def undefine(self) -> None:
        """Forget its definition.

        Raises:
            NotFoundError: It has none any more.
        """
        self._connection.call(f"undefining {self.name}", self._raw.undefine)

    @property
    def vbds(self) -> DomainVbds:
        """Return its virtual block devices, to plug in and out."""
        return DomainVbds(self._plug)

    @property
    def vnifs(self) -> DomainVnifs:
        """Return its virtual network interfaces, to plug in and out."""
        return DomainVnifs(self._plug)

    @property
    def hostdevs(self) -> DomainHostdevs:
        """Return the host's PCI functions that it has, to plug in and out."""
        return DomainHostdevs(self._plug)

    def vnc_version(self) -> str:
        """Return what the VNC server of its screen greets with, such as ``RFB 003.008``.

        Raises:
            NotFoundError: It has no VNC screen, or nobody answers at its port.
        """
        return vnc_version(self._plug)

    def xen_devices(self) -> tuple[XenDevice, ...]:
        """Return the paravirtual devices of the running guest, both ends of each.

        Raises:
            NotSupportedError: It does not run, or the host is simulated.
        """
        return self._plug.xen_devices()

    def open_console(self, *, force: bool = False) -> Console:
        """Return its console; what the guest said before may be lost, so open it while paused.

        Args:
            force: Whether to take it from whoever has it open.

        Raises:
            InvalidStateError: It does not run.
            LibvirtError: Somebody else has it open.
        """
        flags = _libvirt.CONSOLE_FORCE if force else 0
        raw = self._connection.raw

        def open_stream() -> _libvirt.RawStream:
            stream = raw.newStream(_libvirt.STREAM_NONBLOCK)
            self._raw.openConsole(None, stream, flags)
            return stream

        stream = self._connection.call(f"opening the console of {self.name}", open_stream)
        return Console(self._connection, stream, self.name)

    @property
    def _plug(self) -> Plug:
        return Plug(
            name=self.name,
            uuid=str(self.uuid),
            connection=self._connection,
            shell=self._shell,
            raw=self._raw,
            config=self.config,
            domid=lambda: self.domid,
        )

    def _is_off(self) -> bool:
        try:
            return not self.is_active
        except NotFoundError:  # a transient domain goes with its guest
            return True
