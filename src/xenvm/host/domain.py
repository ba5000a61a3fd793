"""One domain on a host: its life, and its devices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar
from uuid import UUID

from xenvm.errors import NotFoundError, SpecError
from xenvm.formats.domain_xml import format_vbd_xml, format_vnif_xml, parse_domain_xml
from xenvm.model.domain import DomainConfig
from xenvm.model.driver_features import Feature
from xenvm.model.kinds import DomainState
from xenvm.model.lifecycle import Ending, ShutdownVia
from xenvm.model.movement import Manner, MoveOptions
from xenvm.model.quantities import MacAddress
from xenvm.model.vbd import Vbd
from xenvm.model.vnif import Vnif
from xenvm.waiting import wait_until

from . import _libvirt
from .connection import Connection
from .console import Console
from .libxl_log import libxl_log
from .refusal import refuse_errors
from .saving import Saving
from .shell import HostShell

T = TypeVar("T")

START_DEADLINE_S = 300.0
"""libxl waits up to 40 s for each hotplug script, and a guest may have many devices."""

HOTPLUG_DEADLINE_S = 120.0


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
    def is_persistent(self) -> bool:
        """Return whether it has a definition, which stays when its guest ends."""
        return bool(self._read(f"asking for {self.name}", lambda raw: raw.isPersistent()))

    @property
    def autostart(self) -> bool:
        """Return whether the host starts it when it boots."""
        return bool(self._read(f"asking for {self.name}'s autostart", lambda raw: raw.autostart()))

    @property
    def saving(self) -> Saving:
        """Return what writes its memory to Dom0's disk."""
        return Saving(self._connection, self._shell, self.name, lambda: self._raw)

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
        """Start it from its definition.

        Args:
            paused: Whether its vCPUs wait for :meth:`unpause`.
            deadline_s: Seconds for Xen's toolstack to build it.

        Raises:
            InvalidStateError: It runs already.
            NotSupportedError: The driver cannot start it paused.
            ToolstackError: libxl could not build it; its log's end is in the detail.
        """
        if paused:
            self._connection.require(Feature.START_PAUSED)
        flags = _libvirt.START_PAUSED if paused else 0
        with libxl_log(self._shell):
            self._connection.call(
                f"starting {self.name}",
                lambda: self._raw.createWithFlags(flags),
                deadline_s=deadline_s,
            )

    def pause(self) -> None:
        """Stop scheduling its vCPUs; what is paused stays so.

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
            InvalidStateError: It does not run.
            NotSupportedError: The driver leaves no choice.
            ToolstackError: The guest cannot be asked so, such as a PV guest by ACPI.
        """
        if via is not None:
            self._connection.require(Feature.SHUTDOWN_VIA)
        flags = _libvirt.SHUTDOWN_FLAGS[via] if via else 0
        with libxl_log(self._shell):
            self._connection.call(
                f"shutting down {self.name}", lambda: self._raw.shutdownFlags(flags)
            )

    def reboot(self) -> None:
        """Ask the guest to boot anew; it may take its time, and has another domid then.

        Raises:
            InvalidStateError: It does not run.
            ToolstackError: The guest cannot be asked: it has no PV drivers.
        """
        with libxl_log(self._shell):
            self._connection.call(f"rebooting {self.name}", self._raw.reboot)

    def set_autostart(self, *, on: bool) -> None:
        """Say whether the host starts it when it boots.

        Raises:
            InvalidStateError: It has no definition that could be kept.
        """
        self._connection.call(
            f"setting the autostart of {self.name}", lambda: self._raw.setAutostart(int(on))
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
        with libxl_log(self._shell):
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

    def hand_over(self, to: Connection, options: MoveOptions, *, deadline_s: float) -> None:
        """Have libvirt migrate it, and that alone; :mod:`xenvm.movement` is what to use.

        Args:
            to: The destination's connection.
            options: How; its deadline is not looked at.
            deadline_s: Seconds after which both connections are given up.

        Raises:
            LibvirtError: It failed; what stands on which host is for the caller to find out.
        """
        asked = {
            _libvirt.MIGRATE_LIVE: options.manner is Manner.LIVE,
            _libvirt.MIGRATE_PAUSED: options.paused,
            _libvirt.MIGRATE_PERSIST_DEST: options.persist,
            _libvirt.MIGRATE_UNDEFINE_SOURCE: not options.keep_source and self.is_persistent,
        }
        flags = sum(flag for flag, wanted in asked.items() if wanted)
        given = {_libvirt.MIGRATE_NAME: options.name, _libvirt.MIGRATE_URI: options.uri}
        words = {key: word for key, word in given.items() if word}
        with libxl_log(self._shell):
            self._connection.call(
                f"migrating {self.name}",
                lambda: self._raw.migrate3(to.raw, words, flags),
                deadline_s=deadline_s,
            )

    def attach_vnif(self, vnif: Vnif, *, deadline_s: float = HOTPLUG_DEADLINE_S) -> None:
        """Plug in a VNIF: into the running guest, else into the definition.

        Raises:
            SpecError: Its check finds an error, or it has no MAC address, by which alone it can be
                found again.
            InvalidRequestError: The domain has that MAC address already.
            ToolstackError: libxl could not; its log's end is in the detail.
        """
        if vnif.mac is None:
            raise SpecError("mac is missing: a hot-plugged VNIF is found again by nothing else")
        refuse_errors(replace(self.config(), vnifs=(vnif,)), below="vnifs")
        self._attach(f"attaching VNIF {vnif.mac}", format_vnif_xml(vnif), deadline_s)

    def detach_vnif(self, mac: MacAddress, *, deadline_s: float = HOTPLUG_DEADLINE_S) -> None:
        """Unplug the VNIF with that address.

        Raises:
            NotFoundError: It has no such VNIF.
            ToolstackError: libxl could not; its log's end is in the detail.
        """
        for vnif in self.config().vnifs:
            if vnif.mac == mac:
                return self._detach(f"detaching VNIF {mac}", format_vnif_xml(vnif), deadline_s)
        raise NotFoundError(f"{self.name} has no VNIF {mac}: see its config() for those it has")

    def attach_vbd(self, vbd: Vbd, *, deadline_s: float = HOTPLUG_DEADLINE_S) -> None:
        """Plug in a VBD: into the running guest, else into the definition.

        Raises:
            SpecError: Its check finds an error.
            NotSupportedError: libxl plugs only ``xvd…`` names into a running guest.
            ToolstackError: libxl could not; its log's end is in the detail.
        """
        refuse_errors(replace(self.config(), vbds=(vbd,)), below="vbds")
        self._attach(f"attaching VBD {vbd.target}", format_vbd_xml(vbd), deadline_s)

    def detach_vbd(self, target: str, *, deadline_s: float = HOTPLUG_DEADLINE_S) -> None:
        """Unplug the VBD of that name, such as ``xvdb``.

        Raises:
            NotFoundError: It has no such VBD.
            ToolstackError: libxl could not; its log's end is in the detail.
        """
        for vbd in self.config().vbds:
            if vbd.target == target:
                return self._detach(f"detaching VBD {target}", format_vbd_xml(vbd), deadline_s)
        raise NotFoundError(f"{self.name} has no VBD {target}: see its config() for those it has")

    def open_console(self, *, force: bool = False) -> Console:
        """Return its console; what the guest said before may be lost, so open it while paused.

        Args:
            force: Whether to take it from whoever has it open.

        Raises:
            InvalidStateError: It does not run.
            LibvirtError: Somebody else has it open.
            NotSupportedError: The driver has no consoles.
        """
        self._connection.require(Feature.CONSOLE)
        flags = _libvirt.CONSOLE_FORCE if force else 0
        raw, handle = self._connection.raw, self._raw

        def open_stream() -> _libvirt.RawStream:
            stream = raw.newStream(_libvirt.STREAM_NONBLOCK)
            handle.openConsole(None, stream, flags)
            return stream

        stream = self._connection.call(f"opening the console of {self.name}", open_stream)
        return Console(self._connection, stream, self.name)

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

    def _attach(self, what: str, xml: str, deadline_s: float) -> None:
        flags = self._where()
        with libxl_log(self._shell):
            self._connection.call(
                f"{what} to {self.name}",
                lambda: self._raw.attachDeviceFlags(xml, flags),
                deadline_s=deadline_s,
            )

    def _detach(self, what: str, xml: str, deadline_s: float) -> None:
        flags = self._where()
        with libxl_log(self._shell):
            self._connection.call(
                f"{what} from {self.name}",
                lambda: self._raw.detachDeviceFlags(xml, flags),
                deadline_s=deadline_s,
            )

    def _where(self) -> int:
        return _libvirt.AFFECT_LIVE if self.is_active else _libvirt.AFFECT_CONFIG

    def _is_off(self) -> bool:
        try:
            return not self.is_active
        except NotFoundError:  # a transient domain goes with its guest
            return True
