"""One domain on a host: its life, and its devices."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from xenvm.errors import NotFoundError
from xenvm.formats.dom0_movement import activity_of
from xenvm.formats.domain_xml import parse_domain_xml
from xenvm.model.domain import DomainConfig
from xenvm.model.driver_features import Feature
from xenvm.model.kinds import DomainState
from xenvm.model.lifecycle import Ending, ShutdownVia
from xenvm.model.xenbus import XenDevice
from xenvm.waiting import wait_until

from . import _libvirt
from .connection import Connection
from .console import Console
from .definition import Definition
from .domain_hostdevs import DomainHostdevs
from .domain_memory import DomainMemory
from .domain_vbds import DomainVbds
from .domain_vcpus import DomainVcpus
from .domain_vnifs import DomainVnifs
from .free_memory import require_free
from .interrupted import settled
from .libxl_log import libxl_log
from .plug import HOTPLUG_DEADLINE_S, Plug
from .running import ANSWER_DEADLINE_S, refuse_deaf
from .saving import Saving
from .screen import vnc_version
from .shell import HostShell

T = TypeVar("T")

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
        self._handle = raw
        self._generation = connection.generation
        with _libvirt.translated_errors():  # Both are in the handle: no round trip.
            self.name = raw.name()
            self.uuid = UUID(raw.UUIDString())

    @property
    def domid(self) -> int | None:
        """Return Xen's number for it, or None when it is shut off."""
        # A handle keeps the domid of when it was made, so ask with a new one.
        domid = self._connection.read(
            f"looking up {self.name}", lambda raw: raw.lookupByUUIDString(str(self.uuid)).ID()
        )
        return domid if domid >= 0 else None

    @property
    def state(self) -> DomainState:
        """Return what it is doing now; a crashed guest that is kept for a look is CRASHED."""
        number, reason = self._read(f"asking for {self.name}'s state", lambda raw: raw.state())
        state = _libvirt.DOMAIN_STATES.get(number, DomainState.NO_STATE)
        if state is DomainState.SHUT_OFF and _libvirt.ENDINGS.get(reason) is Ending.CRASHED:
            # libxl's driver says «shut off», whether or not on_crash keeps the domain.
            return DomainState.CRASHED if self.is_active else state
        return state

    @property
    def ending(self) -> Ending | None:
        """Return why it does not run, or None when it does; libvirtd forgets it when it ends."""
        number, reason = self._read(f"asking for {self.name}'s state", lambda raw: raw.state())
        if _libvirt.DOMAIN_STATES.get(number) is not DomainState.SHUT_OFF:
            return None
        return _libvirt.ENDINGS.get(reason, Ending.UNKNOWN)

    @property
    def is_active(self) -> bool:
        """Return whether it is more than a definition: running, paused or ending."""
        # libxl's driver says «shut off» a moment before it has let go of the domain.
        return bool(self._read(f"asking for {self.name}", lambda raw: raw.isActive()))

    @property
    def definition(self) -> Definition:
        """Return what stays of it when its guest ends."""
        return Definition(self._connection, self.name, lambda: self._raw)

    @property
    def saving(self) -> Saving:
        """Return what takes its memory elsewhere: to Dom0's disk, or to another host."""
        return Saving(self._connection, self._shell, self.name, lambda: self._raw)

    @property
    def vcpus(self) -> DomainVcpus:
        """Return its vCPUs: how many, where they run, and their share of CPU time."""
        return DomainVcpus(self._connection, self._shell, self.name, lambda: self._raw)

    @property
    def memory(self) -> DomainMemory:
        """Return its memory."""
        return DomainMemory(self._connection, self._shell, self.name, lambda: self._raw)

    def xml(self, *, defined: bool = False) -> str:
        """Return libvirt's document for it as it is now.

        Args:
            defined: Whether to tell of its next start instead, its screens' passwords included.
        """
        flags = _libvirt.XML_INACTIVE | _libvirt.XML_SECURE if defined else 0
        return self._read(f"reading {self.name}'s XML", lambda raw: raw.XMLDesc(flags))

    def config(self, *, defined: bool = False) -> DomainConfig:
        """Return what it is made of now, hot-plugged devices included; whoever defined it.

        Args:
            defined: Whether to tell of its next start instead, its screens' passwords included.
        """
        return parse_domain_xml(self.xml(defined=defined))

    def start(self, *, paused: bool = False, deadline_s: float = START_DEADLINE_S) -> None:
        """Start it from its definition; with the cap that we remember for it, if any.

        Args:
            paused: Whether its vCPUs wait for :meth:`unpause`.
            deadline_s: Seconds for Xen's toolstack to build it.

        Raises:
            InvalidStateError: It runs already.
            NotSupportedError: The driver cannot start it paused, as it is with a cap.
            DeviceInUseError: A running domain or Dom0 has what one of its VBDs would write to.
            OvercommitError: The host has less memory free than it needs.
            ToolstackError: libxl could not build it; its log's end is in the detail.
        """
        config = self.config()
        if config.domid is None:
            require_free(self._connection, self._shell, self.name, config.memory_kib, starts=True)
        # A cap is set before the guest's first instruction, so that it is never exceeded.
        if waits := paused or bool(config.cap_percent):
            self._connection.driver.require(Feature.START_PAUSED)
        self.vbds.refuse_second_writers()
        flags = _libvirt.START_PAUSED if waits else 0
        with (
            settled(self._connection, self._shell, self._end_stray),
            libxl_log(self._shell, self.name),
        ):
            self._connection.call(
                f"starting {self.name}",
                lambda: self._raw.createWithFlags(flags),
                deadline_s=deadline_s,
            )
        if config.cap_percent:
            self._start_capped(paused=paused)

    def pause(self) -> None:
        """Stop scheduling its vCPUs; what is paused stays so.

        libvirt then forgets a crash that it had kept for a look.

        Raises:
            InvalidStateError: It does not run.
        """
        self._connection.call(f"pausing {self.name}", self._raw.suspend)

    def unpause(self) -> None:
        """Schedule its vCPUs again; what runs goes on.

        Raises:
            InvalidStateError: It does not run at all.
        """
        self._connection.call(f"unpausing {self.name}", self._raw.resume)

    def shutdown(self, *, via: ShutdownVia | None = None) -> None:
        """Ask the guest to end; it may take its time, or refuse: see :meth:`wait_until_off`.

        Args:
            via: How to ask; None asks as a PV guest is asked, else by ACPI.

        Raises:
            InvalidStateError: It does not run, is paused, or has crashed.
            NotSupportedError: The driver leaves no choice.
            ToolstackError: The guest cannot be asked so, such as a PV guest by ACPI, or does not
                answer within a minute.
        """
        if via is not None:
            self._connection.driver.require(Feature.SHUTDOWN_VIA)
        refuse_deaf(self._connection, self.name, lambda: self._raw)
        flags = _libvirt.SHUTDOWN_FLAGS[via] if via else 0
        with libxl_log(self._shell, self.name):
            self._connection.call(
                f"shutting down {self.name}",
                lambda: self._raw.shutdownFlags(flags),
                deadline_s=ANSWER_DEADLINE_S,
            )

    def reboot(self) -> None:
        """Ask the guest to boot anew; it may take its time, and has another domid then.

        Raises:
            InvalidStateError: It does not run, is paused, or has crashed.
            ToolstackError: The guest has no PV drivers, or does not answer within a minute.
        """
        refuse_deaf(self._connection, self.name, lambda: self._raw)
        with libxl_log(self._shell, self.name):
            self._connection.call(
                f"rebooting {self.name}", self._raw.reboot, deadline_s=ANSWER_DEADLINE_S
            )

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
        with libxl_log(self._shell, self.name):
            self._connection.call(
                f"destroying {self.name}", self._raw.destroy, deadline_s=deadline_s
            )

    def undefine(self) -> None:
        """Forget its definition.

        Raises:
            InvalidStateError: It has none, or a managed save: remove that first.
            NotFoundError: It is gone.
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
            NotSupportedError: The driver has no consoles.
        """
        self._connection.driver.require(Feature.CONSOLE)
        flags = _libvirt.CONSOLE_FORCE if force else 0
        raw, handle = self._connection.raw, self._raw

        def open_stream() -> _libvirt.RawStream:
            stream = raw.newStream(_libvirt.STREAM_NONBLOCK)
            handle.openConsole(None, stream, flags)
            return stream

        stream = self._connection.call(f"opening the console of {self.name}", open_stream)
        return Console(self._connection, stream, self.name)

    def _end_stray(self) -> None:
        """End what Xen has of it, where libvirt says that it does not run."""
        if self.is_active:
            return
        _, domid = activity_of(self._shell.run("xl list -v").stdout, self.uuid)
        if domid is not None:
            self._shell.run("xl destroy %s", str(domid), deadline_s=HOTPLUG_DEADLINE_S)

    def _start_capped(self, *, paused: bool) -> None:
        try:
            self.vcpus.put_back_cap()
            if not paused:
                self.unpause()
        except BaseException:
            self.destroy()
            raise

    @property
    def _plug(self) -> Plug:
        return Plug(
            name=self.name,
            uuid=str(self.uuid),
            connection=self._connection,
            shell=self._shell,
            raw=lambda: self._raw,
            config=self.config,
            domid=lambda: self.domid,
        )

    @property
    def _raw(self) -> _libvirt.RawDomain:
        """Return libvirt's handle; looked up anew when the connection was opened again."""
        if self._generation != self._connection.generation:
            generation, raw = self._connection.generation, self._connection.raw
            self._handle = self._connection.call(
                f"looking up {self.name}", lambda: raw.lookupByUUIDString(str(self.uuid))
            )
            self._generation = generation
        return self._handle

    def _read(self, what: str, ask: Callable[[_libvirt.RawDomain], T]) -> T:
        return self._connection.read(what, lambda _: ask(self._raw))

    def _is_off(self) -> bool:
        try:
            return not self.is_active
        except NotFoundError:  # a transient domain goes with its guest
            return True
