"""One domain on a host: its life, and its devices."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from xenvm.errors import NotFoundError, SpecError
from xenvm.formats.domain_xml import format_vbd_xml, format_vnif_xml, parse_domain_xml
from xenvm.model.domain import DomainConfig
from xenvm.model.kinds import DomainState
from xenvm.model.movement import MoveOptions
from xenvm.model.quantities import MacAddress
from xenvm.model.vbd import Vbd
from xenvm.model.vnif import Vnif
from xenvm.waiting import wait_until

from . import _libvirt
from .connection import Connection
from .console import Console
from .libxl_log import libxl_log
from .refusal import refuse_errors
from .shell import HostShell

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

    @property
    def is_persistent(self) -> bool:
        """Return whether it has a definition, which stays when its guest ends."""
        return bool(self._connection.call(f"asking for {self.name}", self._raw.isPersistent))

    def xml(self) -> str:
        """Return libvirt's document for it as it is now."""
        return self._connection.call(f"reading {self.name}'s XML", self._raw.XMLDesc)

    def config(self) -> DomainConfig:
        """Return what it is made of now, hot-plugged devices included; whoever defined it."""
        return parse_domain_xml(self.xml())

    def definition(self) -> DomainConfig:
        """Return what it will be made of at its next start, its screens' passwords included."""
        flags = _libvirt.XML_INACTIVE | _libvirt.XML_SECURE
        return parse_domain_xml(
            self._connection.call(
                f"reading {self.name}'s definition", lambda: self._raw.XMLDesc(flags)
            )
        )

    def start(self, *, paused: bool = False, deadline_s: float = START_DEADLINE_S) -> None:
        """Start it from its definition.

        Args:
            paused: Whether its vCPUs wait for :meth:`unpause`.
            deadline_s: Seconds for Xen's toolstack to build it.

        Raises:
            InvalidStateError: It runs already.
            ToolstackError: libxl could not build it; its log's end is in the detail.
        """
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

    def hand_over(self, to: Connection, options: MoveOptions, *, deadline_s: float) -> None:
        """Have libvirt migrate it live, and that alone; :mod:`xenvm.movement` is what to use.

        Args:
            to: The destination's connection.
            options: How; its manner and deadline are not looked at.
            deadline_s: Seconds after which both connections are given up.

        Raises:
            LibvirtError: It failed; what stands on which host is for the caller to find out.
        """
        asked = {
            _libvirt.MIGRATE_LIVE: True,
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
        """
        flags = _libvirt.CONSOLE_FORCE if force else 0
        raw = self._connection.raw

        def open_stream() -> _libvirt.RawStream:
            stream = raw.newStream(_libvirt.STREAM_NONBLOCK)
            self._raw.openConsole(None, stream, flags)
            return stream

        stream = self._connection.call(f"opening the console of {self.name}", open_stream)
        return Console(self._connection, stream, self.name)

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
