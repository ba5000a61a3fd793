"""A live host: one connection to its hypervisor, and the shell of its Dom0."""

from __future__ import annotations

import contextlib
from uuid import UUID

from xenvm.errors import (
    AlreadyExistsError,
    HostConnectionError,
    InvalidStateError,
    NotFoundError,
)
from xenvm.formats.domain_xml import format_domain_xml
from xenvm.model.bridge import BridgeState
from xenvm.model.domain import DomainConfig
from xenvm.model.driver_features import DriverFeatures, Feature
from xenvm.model.movement import MoveOptions
from xenvm.model.uplink import Uplink

from . import _libvirt
from .bridge import Bridge, bridge_states
from .capacity import Capacity
from .closing import Closing
from .connection import Connection
from .domain import Domain
from .free_memory import free_memory_kib
from .host_devices import HostDevices
from .libxl_log import libxl_log
from .refusal import refuse_errors
from .saving import SAVE_DEADLINE_S
from .shell import HostShell, LocalShell, NoShell, SshShell
from .ssh import SshAccess
from .uri import HostKind, HostUri
from .watch import Watch

CONNECT_DEADLINE_S = 30.0


def connect(uri: str | HostUri, *, deadline_s: float = CONNECT_DEADLINE_S) -> Host:
    """Connect to a host.

    Args:
        uri: One of the forms of :class:`HostUri`; a lab gives its own.
        deadline_s: Seconds to reach it, for ssh and for libvirt each.

    Returns:
        The host; close it, or use it in a ``with`` statement.

    Raises:
        HostUriError: ``uri`` is none of the documented forms.
        HostConnectionError: It cannot be reached.
        AuthenticationError: It did not accept our key, or we did not accept its.
        CommandTimeoutError: ssh did not get through within ``deadline_s``.

    Example:
        >>> with connect("test:///default") as host:
        ...     [domain.name for domain in host.list_domains()]
        ['test']
    """
    parsed = HostUri.parse(uri) if isinstance(uri, str) else uri
    access = SshAccess(parsed) if parsed.kind is HostKind.SSH else None
    try:
        # First by ssh alone: it says what is wrong, where libvirt only says that it is.
        if access:
            access.check(deadline_s=deadline_s)
        connection = _open(parsed, access, deadline_s=deadline_s)
    except BaseException:
        if access:
            access.close()
        raise
    return Host(parsed, connection, access)


def _open(uri: HostUri, access: SshAccess | None, *, deadline_s: float) -> Connection:
    try:
        return Connection(
            uri.for_libvirt(access.command if access else None), deadline_s=deadline_s
        )
    except HostConnectionError as exc:
        cure = "see that libvirtd runs in its Dom0: systemctl status libvirtd"
        raise HostConnectionError(
            f"cannot reach libvirt at {uri}; {cure}",
            code=exc.code,
            domain=exc.domain,
            detail=exc.detail,
        ) from exc


class Host(Closing):
    """A live host; see :func:`connect`.

    Attributes:
        uri: What was connected to.
        shell: The shell of its Dom0.
        watch: All its domains at a glance: what they are, what happens to them, what they use.
    """

    def __init__(self, uri: HostUri, connection: Connection, access: SshAccess | None):
        self.uri = uri
        self.shell: HostShell = _shell(uri, access)
        self._access = access
        self._connection = connection
        self.watch = Watch(connection, None if self.is_simulated else self.shell)

    @property
    def is_simulated(self) -> bool:
        """Return whether it is libvirt's test driver, and no Xen."""
        return self.uri.kind is HostKind.SIMULATED

    @property
    def is_usable(self) -> bool:
        """Return whether changes can be made; if not, the next read connects again by itself."""
        return self._connection.is_usable

    @property
    def hostname(self) -> str:
        """Return the name that Dom0 has for itself."""
        return self._connection.read("asking for the host's name", lambda raw: raw.getHostname())

    @property
    def hypervisor_version(self) -> str:
        """Return the hypervisor's version, such as ``4.17.0``; Xen's last part is always 0."""
        return _version(
            self._connection.read("asking for Xen's version", lambda raw: raw.getVersion())
        )

    @property
    def libvirt_version(self) -> str:
        """Return the version of the host's libvirt, such as ``9.0.0``."""
        return _version(
            self._connection.read("asking for libvirt's version", lambda raw: raw.getLibVersion())
        )

    @property
    def free_memory_kib(self) -> int:
        """Return the memory that Xen can give to guests, in KiB."""
        return free_memory_kib(self._connection)

    @property
    def capacity(self) -> Capacity:
        """Return how much of a machine it is."""
        return Capacity(self._connection)

    def capabilities_xml(self) -> str:
        """Return libvirt's capabilities document."""
        return self._connection.read("reading capabilities", lambda raw: raw.getCapabilities())

    def list_domains(self) -> list[Domain]:
        """Return all domains, running or not, sorted by name; Dom0 is one of them on Xen."""
        raws = self._connection.read("listing domains", lambda raw: raw.listAllDomains())
        return sorted(map(self._domain, raws), key=lambda domain: domain.name)

    def domain(self, key: str | UUID) -> Domain:
        """Return a domain by its name, or by its UUID.

        Raises:
            NotFoundError: There is none.
        """

        def find(raw: _libvirt.RawConnection) -> _libvirt.RawDomain:
            look_up = raw.lookupByName if isinstance(key, str) else raw.lookupByUUIDString
            return look_up(str(key))

        try:
            return self._domain(self._connection.read(f"looking up domain {key}", find))
        except NotFoundError as exc:
            raise NotFoundError(
                f"the host has no domain {key}: see its list of domains for those it has",
                code=exc.code,
                domain=exc.domain,
            ) from exc

    def define(self, config: DomainConfig) -> Domain:
        """Return a new domain, defined and not started.

        Raises:
            SpecError: Its check finds an error; names the field.
            AlreadyExistsError: There is one of that name or UUID.
            NotSupportedError: The host cannot have such a domain.
        """
        refuse_errors(config)
        # libvirt tells of a double only by its most general code, and redefines a true twin.
        for key in (config.name, config.uuid):
            if key is not None and self._has(key):
                raise AlreadyExistsError(f"the host has a domain {key}: undefine it first")
        raw, xml = self._connection.raw, format_domain_xml(config)
        return self._domain(
            self._connection.call(
                f"defining {config.name}",
                lambda: raw.defineXMLFlags(xml, _libvirt.DEFINE_VALIDATE),
            )
        )

    def receive(self, domain: Domain, options: MoveOptions, *, deadline_s: float) -> None:
        """Have libvirt migrate a domain of another host here; see :mod:`xenvm.movement`."""
        domain.saving.hand_over(self._connection, options, deadline_s=deadline_s)

    def restore(
        self, path: str, *, paused: bool = False, deadline_s: float = SAVE_DEADLINE_S
    ) -> None:
        """Continue a domain from the file that it was saved to.

        A domain that was undefined meanwhile comes back without a definition.

        Args:
            path: In Dom0, as :meth:`xenvm.host.Saving.to_file` wrote it; it stays.
            paused: Whether its vCPUs wait to be unpaused.
            deadline_s: Seconds for Xen's toolstack to build it.

        Raises:
            InvalidStateError: The domain in it runs already.
            LibvirtError: There is no such file, or it holds no domain.
            ToolstackError: libxl could not; its log's end is in the detail.
        """
        if paused:
            self._connection.driver.require(Feature.START_PAUSED)
        raw, flags = self._connection.raw, _libvirt.RESTORE_PAUSED if paused else 0
        with libxl_log(self.shell, ""):
            self._connection.call(
                f"restoring from {path}",
                lambda: raw.restoreFlags(path, None, flags),
                deadline_s=deadline_s,
            )
        self.put_back_caps()

    def put_back_caps(self) -> list[str]:
        """Give running domains the caps that we remember for them, where they run without.

        Whatever made a domain anew behind our back lost its cap: ``virsh start``, libvirt's
        autostart, or the guest's own reboot.

        Returns:
            The names of the domains that had lost theirs.
        """
        lost = []
        for domain in self.list_domains():
            # One that ended since it was listed has no cap to lose.
            with contextlib.suppress(NotFoundError, InvalidStateError):
                if domain.is_active and domain.vcpus.scheduling.has_lost_cap:
                    domain.vcpus.put_back_cap()
                    lost.append(domain.name)
        return lost

    @property
    def driver(self) -> DriverFeatures:
        """Return what libvirt's driver for it has and lacks."""
        return self._connection.driver

    def list_bridges(self) -> list[BridgeState]:
        """Return Dom0's bridges, sorted by name.

        Raises:
            NotSupportedError: The host is simulated.
        """
        return list(bridge_states(self.shell))

    def bridge(self, name: str) -> Bridge:
        """Return the bridge of that name, whether it is there or not; ask its ``state``.

        Raises:
            SpecError: No link can have that name.
        """
        return Bridge(self.shell, name)

    def create_bridge(
        self,
        name: str,
        *,
        address: str | None = None,
        stp: bool = False,
        mtu_bytes: int | None = None,
        vlan_filtering: bool = False,
        uplink: Uplink | None = None,
    ) -> Bridge:
        """Make a bridge in Dom0 and set it up; when one part fails, nothing is left of it.

        Args:
            name: At most 15 characters.
            address: One for Dom0 on it, such as ``192.0.2.1/24``.
            stp: Whether it speaks the spanning tree protocol.
            mtu_bytes: Its MTU; None for Linux' own.
            vlan_filtering: Whether its ports may be on VLANs of their own.
            uplink: What joins it to the outside; None for guests and Dom0 among themselves.

        Returns:
            The bridge.

        Raises:
            SpecError: The name, the address or the MTU is none.
            AlreadyExistsError: Dom0 has a link of that name.
            NotFoundError: Dom0 has no such NIC.
            ResourceBusyError: A NIC of the uplink is used already.
            NotSupportedError: The host is simulated.
        """
        bridge = Bridge(self.shell, name)
        bridge.create(stp=stp, mtu_bytes=mtu_bytes, vlan_filtering=vlan_filtering)
        try:
            if address:
                bridge.add_address(address)
            if uplink:
                bridge.add_uplink(uplink)
        except BaseException:
            bridge.delete()
            raise
        return bridge

    @property
    def devices(self) -> HostDevices:
        """Return what it has for its guests' devices: storage, networks, PCI functions."""
        return HostDevices(self._connection, self.shell)

    def close(self) -> None:
        """Leave the host; twice does no harm."""
        self._connection.close()
        if self._access:
            self._access.close()

    def _domain(self, raw: _libvirt.RawDomain) -> Domain:
        return Domain(self._connection, self.shell, raw)

    def _has(self, key: str | UUID) -> bool:
        try:
            self.domain(key)
        except NotFoundError:
            return False
        return True


def _shell(uri: HostUri, access: SshAccess | None) -> HostShell:
    if access:
        return SshShell(access)
    return NoShell() if uri.kind is HostKind.SIMULATED else LocalShell()


def _version(number: int) -> str:
    """Return libvirt's version number (major · 10⁶ + minor · 10³ + release) as text."""
    return f"{number // 1_000_000}.{number // 1000 % 1000}.{number % 1000}"
