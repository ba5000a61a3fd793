"""Devices plugged into a domain and out of it: into the running guest, or into its definition."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Generic, TypeVar

from xenvm.errors import NotFoundError, NotSupportedError
from xenvm.formats.dom0_commands import XENSTORE
from xenvm.formats.xenstore import parse_xenstore, xen_devices
from xenvm.model.domain import DomainConfig
from xenvm.model.xenbus import XenDevice
from xenvm.waiting import wait_until

from . import _libvirt
from .connection import Connection
from .interrupted import settled
from .libxl_log import libxl_log
from .shell import HostShell

D = TypeVar("D")
K = TypeVar("K")

HOTPLUG_DEADLINE_S = 120.0
"""libxl waits up to 40 s for each hotplug script."""
CONNECT_DEADLINE_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plug:
    """A domain, as what devices are plugged into.

    Attributes:
        name: Its name.
        uuid: Its UUID.
        connection: To its host's libvirt.
        shell: Dom0's shell.
        raw: Returns libvirt's handle.
        config: Asks what it is made of now.
        domid: Asks for its number; None when it is shut off.
    """

    name: str
    uuid: str
    connection: Connection
    shell: HostShell
    raw: Callable[[], _libvirt.RawDomain]
    config: Callable[[], DomainConfig]
    domid: Callable[[], int | None]

    def change(
        self,
        what: str,
        deed: Callable[[_libvirt.RawDomain, str, int], int],
        xml: str,
        *,
        persist: bool,
        deadline_s: float,
    ) -> None:
        """Attach, detach or update a device.

        Args:
            what: What is done, as a noun phrase for errors.
            deed: Calls libvirt: takes its handle, the device's XML and flags.
            xml: The device.
            persist: Whether the definition of a running domain changes too.
            deadline_s: Seconds that it may take.

        Raises:
            ToolstackError: libxl could not; its log's end is in the detail.
        """
        active = self.connection.read(f"asking for {self.name}", lambda _: self.raw().isActive())
        flags = _libvirt.AFFECT_LIVE if active else _libvirt.AFFECT_CONFIG
        flags |= _libvirt.AFFECT_CONFIG if persist else 0
        raw = self.raw()
        with libxl_log(self.shell, self.name):
            self.connection.call(what, lambda: deed(raw, xml, flags), deadline_s=deadline_s)

    def running_domid(self) -> int:
        """Return its number.

        Raises:
            NotSupportedError: It does not run.
        """
        domid = self.domid()
        if domid is None:
            raise NotSupportedError(
                f"{self.name} does not run, so Dom0 serves it nothing: start it"
            )
        return domid

    def xen_devices(self) -> tuple[XenDevice, ...]:
        """Return its paravirtual devices, both ends of each: one round trip.

        Raises:
            NotSupportedError: It does not run, or the host is simulated.
        """
        domid = self.running_domid()
        # Dom0's own folder is there even when it serves nobody: without it, nobody was asked.
        look = f"xenstore-ls -f /local/domain/{domid}/device; {XENSTORE}"
        text = self.shell.run(look).stdout
        return xen_devices(parse_xenstore(text), domid)


class Devices(ABC, Generic[D, K]):
    """The devices of one kind that a domain has; iterating asks the host."""

    noun: str
    field: str
    kind: str
    """What xenstore calls them."""
    mark: str
    """Where a back-end in xenstore keeps what tells it from the others; empty for nowhere."""
    xl_noun: str = ""
    """What xl calls them, as in ``xl block-detach``; empty where a half-made one stays."""

    def __init__(self, plug: Plug):
        self._plug = plug

    @abstractmethod
    def _key(self, device: D) -> K | None:
        """Return what tells it from the domain's other devices of its kind."""

    @abstractmethod
    def _xml(self, device: D) -> str:
        """Return libvirt's XML for it."""

    @abstractmethod
    def _refuse(self, device: D) -> None:
        """Refuse one that the domain cannot have, before libvirt is asked."""

    def __iter__(self) -> Iterator[D]:
        devices: tuple[D, ...] = getattr(self._plug.config(), self.field)
        return (device for device in devices if self._key(device) is not None)

    def find(self, key: K) -> D:
        """Return the one with that key.

        Raises:
            NotFoundError: The domain has none such.
        """
        for device in self:
            if self._key(device) == key:
                return device
        raise NotFoundError(
            f"{self._plug.name} has no {self.noun} {key}: see its config() for those it has"
        )

    def ends(self, key: K) -> XenDevice:
        """Return both ends of the one with that key in the running guest.

        Raises:
            NotFoundError: The running guest has none such.
            NotSupportedError: The domain does not run, or the host is simulated.
        """
        for device in self._plug.xen_devices():
            if self._is(device, key):
                return device
        raise NotFoundError(f"{self._plug.name} runs without a {self.noun} {key}: see its config()")

    def wait_until_connected(self, key: K, *, deadline_s: float = CONNECT_DEADLINE_S) -> XenDevice:
        """Return both ends of one once they are connected: libxl leaves before the guest has it.

        Raises:
            WaitTimeoutError: They are not within ``deadline_s``, such as in a paused guest.
            NotFoundError: The running guest has none such.
        """

        def connected() -> XenDevice | None:
            ends = self.ends(key)
            return ends if ends.is_connected else None

        what = f"{self.noun} {key} of {self._plug.name} to be connected"
        return wait_until(what, connected, deadline_s=deadline_s)

    def attach(
        self, device: D, *, persist: bool = False, deadline_s: float = HOTPLUG_DEADLINE_S
    ) -> None:
        """Plug one in: into the running guest, else into the definition.

        Args:
            device: What.
            persist: Whether the definition of a running domain gets it too.
            deadline_s: Seconds that it may take.

        Raises:
            SpecError: Its check finds an error; names the field.
            NotSupportedError: libvirt's Xen driver cannot plug in such a device.
            ToolstackError: libxl could not; its log's end is in the detail.
        """
        self._refuse(device)
        key = self._key(device)
        with self._settled(key):
            self._plug.change(
                f"attaching {self.noun} {key} to {self._plug.name}",
                lambda raw, xml, flags: raw.attachDeviceFlags(xml, flags),
                self._xml(device),
                persist=persist,
                deadline_s=deadline_s,
            )

    def detach(
        self, key: K, *, persist: bool = False, deadline_s: float = HOTPLUG_DEADLINE_S
    ) -> None:
        """Unplug the one with that key: from the running guest, else from the definition.

        Args:
            key: Which.
            persist: Whether the definition of a running domain loses it too.
            deadline_s: Seconds that it may take.

        Raises:
            NotFoundError: The domain has none such.
            ToolstackError: libxl could not; its log's end is in the detail.
        """
        xml = self._xml(self.find(key))
        with self._settled(key):
            self._detach(key, xml, persist=persist, deadline_s=deadline_s)

    def _detach(self, key: K | None, xml: str, *, persist: bool, deadline_s: float) -> None:
        self._plug.change(
            f"detaching {self.noun} {key} from {self._plug.name}",
            lambda raw, xml, flags: raw.detachDeviceFlags(xml, flags),
            xml,
            persist=persist,
            deadline_s=deadline_s,
        )

    def _settled(self, key: K | None) -> AbstractContextManager[None]:
        return settled(self._plug.connection, self._plug.shell, lambda: self._agree(key))

    def _agree(self, key: K | None) -> None:
        """Take out of the running guest what only libvirt or only Xen says that it has."""
        domid = self._plug.domid()
        if domid is None or not self.xl_noun:
            return
        listed = next((device for device in self if self._key(device) == key), None)
        served = any(self._is(device, key) for device in self._plug.xen_devices())
        if listed is not None and not served:
            self._detach(key, self._xml(listed), persist=False, deadline_s=HOTPLUG_DEADLINE_S)
        elif served and listed is None:
            self._plug.shell.run(
                f"xl {self.xl_noun}-detach %s %s", str(domid), str(key),
                deadline_s=HOTPLUG_DEADLINE_S,
            )  # fmt: skip

    def _is(self, device: XenDevice, key: K | None) -> bool:
        told = device.back.get(self.mark, "").lower() if self.mark else str(key)
        return device.kind == self.kind and told == str(key)
