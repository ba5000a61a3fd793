"""The only importer of libvirt: what we call of it, typed by hand; its errors as ours.

libvirt-python carries no types that can be trusted (``info()`` says it returns ``str``), so each
object we use is described here by a Protocol of exactly the methods that we call.
"""

from __future__ import annotations

import atexit
import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol, TypeAlias

import libvirt

from xenvm.errors import (
    AlreadyExistsError,
    AuthenticationError,
    HostConnectionError,
    InvalidRequestError,
    InvalidStateError,
    InvalidXmlError,
    LibvirtError,
    MigrationError,
    NotFoundError,
    NotSupportedError,
    OperationAbortedError,
    OperationTimeoutError,
    PermissionDeniedError,
    ResourceBusyError,
    ToolstackError,
)
from xenvm.model.events import EventKind
from xenvm.model.kinds import DomainState
from xenvm.model.lifecycle import Ending, ShutdownVia
from xenvm.waiting import pause

StreamCallback = Callable[["RawStream", int, object], None]


LifecycleCallback = Callable[["RawConnection", "RawDomain", int, int, object], None]
CloseCallback = Callable[["RawConnection", int, object], None]


class RawStream(Protocol):
    """A virStream."""

    def recv(self, nbytes: int) -> bytes | int: ...
    def send(self, data: bytes) -> int: ...
    def eventAddCallback(self, events: int, cb: StreamCallback, opaque: object) -> None: ...
    def eventRemoveCallback(self) -> int: ...
    def abort(self) -> int: ...


class RawShare(Protocol):
    """What a virDomain has of the machine."""

    def info(self) -> list[int]: ...
    def maxMemory(self) -> int: ...
    def setMemoryFlags(self, memory: int, flags: int = 0) -> int: ...
    def vcpusFlags(self, flags: int = 0) -> int: ...
    def setVcpusFlags(self, nvcpus: int, flags: int = 0) -> int: ...
    def getCPUStats(self, total: int, flags: int = 0) -> list[dict[str, int]]: ...
    def schedulerParameters(self) -> dict[str, int]: ...
    def setSchedulerParameters(self, params: dict[str, int]) -> int: ...
    def setMetadata(
        self, kind: int, metadata: str | None, key: str | None, uri: str | None, flags: int = 0, /
    ) -> int: ...


class RawPlug(Protocol):
    """A virDomain, as what devices are plugged into."""

    def attachDeviceFlags(self, xml: str, flags: int = 0) -> int: ...
    def detachDeviceFlags(self, xml: str, flags: int = 0) -> int: ...
    def updateDeviceFlags(self, xml: str, flags: int = 0) -> int: ...


class RawDomain(RawShare, RawPlug, Protocol):
    """A virDomain."""

    def name(self) -> str: ...
    def UUIDString(self) -> str: ...
    def ID(self) -> int: ...
    def state(self, flags: int = 0) -> list[int]: ...
    def isActive(self) -> int: ...
    def XMLDesc(self, flags: int = 0) -> str: ...
    def createWithFlags(self, flags: int = 0) -> int: ...
    def suspend(self) -> int: ...
    def resume(self) -> int: ...
    def pMWakeup(self, flags: int = 0) -> int: ...
    def shutdownFlags(self, flags: int = 0) -> int: ...
    def reboot(self, flags: int = 0) -> int: ...
    def destroy(self) -> int: ...
    def undefine(self) -> int: ...
    def autostart(self) -> int: ...
    def setAutostart(self, autostart: int) -> int: ...
    def save(self, to: str) -> int: ...
    def managedSave(self, flags: int = 0) -> int: ...
    def hasManagedSaveImage(self, flags: int = 0) -> int: ...
    def managedSaveRemove(self, flags: int = 0) -> int: ...
    def coreDump(self, to: str, flags: int = 0) -> int: ...
    def isPersistent(self) -> int: ...
    def migrate3(
        self, dconn: RawConnection, params: Mapping[str, str], flags: int = 0
    ) -> RawDomain: ...
    def openConsole(self, dev_name: str | None, st: RawStream, flags: int = 0) -> int: ...


class RawConnection(Protocol):
    """A virConnect."""

    def close(self) -> int: ...
    def isAlive(self) -> int: ...
    def setKeepAlive(self, interval: int, count: int) -> int: ...
    def getVersion(self) -> int: ...
    def getLibVersion(self) -> int: ...
    def getFreeMemory(self) -> int: ...
    def getCellsFreeMemory(self, start_cell: int, max_cells: int, /) -> list[int]: ...
    def getInfo(self) -> list[int]: ...
    def getHostname(self) -> str: ...
    def getCapabilities(self) -> str: ...
    def listAllDomains(self, flags: int = 0) -> list[RawDomain]: ...
    def lookupByName(self, name: str) -> RawDomain: ...
    def lookupByUUIDString(self, uuidstr: str) -> RawDomain: ...
    def defineXMLFlags(self, xml: str, flags: int = 0) -> RawDomain: ...
    def restoreFlags(self, frm: str, dxml: str | None = None, flags: int = 0) -> int: ...
    def newStream(self, flags: int = 0) -> RawStream: ...
    def domainEventRegisterAny(
        self, dom: None, event: int, cb: LifecycleCallback, opaque: object, /
    ) -> int: ...
    def domainEventDeregisterAny(self, number: int, /) -> int: ...
    def registerCloseCallback(self, cb: CloseCallback, opaque: object) -> int: ...
    def unregisterCloseCallback(self) -> int: ...


AFFECT_LIVE: int = libvirt.VIR_DOMAIN_AFFECT_LIVE
AFFECT_CONFIG: int = libvirt.VIR_DOMAIN_AFFECT_CONFIG
CONSOLE_FORCE: int = libvirt.VIR_DOMAIN_CONSOLE_FORCE
CPU_STATS_TOTAL = 1
"""For all pCPUs together."""
DEFINE_VALIDATE: int = libvirt.VIR_DOMAIN_DEFINE_VALIDATE
MIGRATE_LIVE: int = libvirt.VIR_MIGRATE_LIVE
MIGRATE_PAUSED: int = libvirt.VIR_MIGRATE_PAUSED
MIGRATE_PERSIST_DEST: int = libvirt.VIR_MIGRATE_PERSIST_DEST
MIGRATE_UNDEFINE_SOURCE: int = libvirt.VIR_MIGRATE_UNDEFINE_SOURCE
MIGRATE_NAME: str = libvirt.VIR_MIGRATE_PARAM_DEST_NAME
MIGRATE_URI: str = libvirt.VIR_MIGRATE_PARAM_URI
DUMP_CRASH: int = libvirt.VIR_DUMP_CRASH
DUMP_LIVE: int = libvirt.VIR_DUMP_LIVE
EVENT_LIFECYCLE: int = libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE
LIST_ACTIVE: int = libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE
MEMORY_MAXIMUM: int = libvirt.VIR_DOMAIN_MEM_MAXIMUM
METADATA_ELEMENT: int = libvirt.VIR_DOMAIN_METADATA_ELEMENT
RESTORE_PAUSED: int = libvirt.VIR_DOMAIN_SAVE_PAUSED
START_PAUSED: int = libvirt.VIR_DOMAIN_START_PAUSED
STREAM_NONBLOCK: int = libvirt.VIR_STREAM_NONBLOCK
STREAM_READABLE: int = libvirt.VIR_STREAM_EVENT_READABLE
STREAM_ENDED: int = libvirt.VIR_STREAM_EVENT_ERROR | libvirt.VIR_STREAM_EVENT_HANGUP
VCPU_MAXIMUM: int = libvirt.VIR_DOMAIN_VCPU_MAXIMUM
XML_INACTIVE: int = libvirt.VIR_DOMAIN_XML_INACTIVE
XML_SECURE: int = libvirt.VIR_DOMAIN_XML_SECURE

WOULD_BLOCK = -2
"""What a non-blocking stream returns instead of data."""

DOMAIN_STATES: Mapping[int, DomainState] = {
    libvirt.VIR_DOMAIN_NOSTATE: DomainState.NO_STATE,
    libvirt.VIR_DOMAIN_RUNNING: DomainState.RUNNING,
    libvirt.VIR_DOMAIN_BLOCKED: DomainState.BLOCKED,
    libvirt.VIR_DOMAIN_PAUSED: DomainState.PAUSED,
    libvirt.VIR_DOMAIN_SHUTDOWN: DomainState.SHUTTING_DOWN,
    libvirt.VIR_DOMAIN_SHUTOFF: DomainState.SHUT_OFF,
    libvirt.VIR_DOMAIN_CRASHED: DomainState.CRASHED,
    libvirt.VIR_DOMAIN_PMSUSPENDED: DomainState.SUSPENDED,
}

ENDINGS: Mapping[int, Ending] = {
    libvirt.VIR_DOMAIN_SHUTOFF_SHUTDOWN: Ending.SHUT_DOWN,
    libvirt.VIR_DOMAIN_SHUTOFF_DESTROYED: Ending.DESTROYED,
    libvirt.VIR_DOMAIN_SHUTOFF_CRASHED: Ending.CRASHED,
    libvirt.VIR_DOMAIN_SHUTOFF_MIGRATED: Ending.MIGRATED,
    libvirt.VIR_DOMAIN_SHUTOFF_SAVED: Ending.SAVED,
    libvirt.VIR_DOMAIN_SHUTOFF_FAILED: Ending.FAILED,
}
"""Reasons of the state shut off."""

SHUTDOWN_FLAGS: Mapping[ShutdownVia, int] = {
    ShutdownVia.PARAVIRT: libvirt.VIR_DOMAIN_SHUTDOWN_PARAVIRT,
    ShutdownVia.ACPI: libvirt.VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN,
}

_EVENT_NAMES: Mapping[EventKind, str] = {
    EventKind.DEFINED: "DEFINED",
    EventKind.UNDEFINED: "UNDEFINED",
    EventKind.STARTED: "STARTED",
    EventKind.PAUSED: "SUSPENDED",
    EventKind.UNPAUSED: "RESUMED",
    EventKind.STOPPED: "STOPPED",
    EventKind.SHUTTING_DOWN: "SHUTDOWN",
    EventKind.SUSPENDED: "PMSUSPENDED",
    EventKind.CRASHED: "CRASHED",
}
_CAUSES = {"shutdown": Ending.SHUT_DOWN.value}
"""Where libvirt's word of a detail is not ours."""

_ERRORS_BY_NAME: Mapping[type[LibvirtError], str] = {
    NotFoundError: "NO_DOMAIN NO_NETWORK NO_INTERFACE NO_NODE_DEVICE NO_STORAGE_VOL "
    "NO_STORAGE_POOL NO_DOMAIN_METADATA DEVICE_MISSING NO_NETWORK_PORT NO_NETWORK_METADATA "
    "NO_NWFILTER NO_NWFILTER_BINDING NO_SECRET NO_DOMAIN_SNAPSHOT NO_DOMAIN_CHECKPOINT "
    "NO_DOMAIN_BACKUP NO_SERVER NO_CLIENT",
    AlreadyExistsError: "DOM_EXIST NETWORK_EXIST STORAGE_VOL_EXIST NETWORK_PORT_EXIST",
    InvalidStateError: "OPERATION_INVALID",
    NotSupportedError: "NO_SUPPORT OPERATION_UNSUPPORTED ARGUMENT_UNSUPPORTED CONFIG_UNSUPPORTED",
    InvalidRequestError: "INVALID_ARG OVERFLOW INVALID_MAC INVALID_DOMAIN INVALID_NETWORK "
    "INVALID_INTERFACE INVALID_STORAGE_POOL INVALID_STORAGE_VOL INVALID_NODE_DEVICE "
    "INVALID_NWFILTER INVALID_SECRET INVALID_DOMAIN_SNAPSHOT INVALID_STREAM "
    "INVALID_NWFILTER_BINDING INVALID_DOMAIN_CHECKPOINT INVALID_NETWORK_PORT "
    "MULTIPLE_INTERFACES MULTIPLE_DOMAINS",
    InvalidXmlError: "XML_ERROR XML_DETAIL XML_INVALID_SCHEMA CONF_SYNTAX NO_NAME NO_OS "
    "OS_TYPE NO_ROOT NO_SOURCE NO_TARGET NO_KERNEL NO_DEVICE",
    HostConnectionError: "NO_CONNECT INVALID_CONN UNKNOWN_HOST SSH LIBSSH GNUTLS_ERROR NO_HOSTNAME",
    AuthenticationError: "AUTH_FAILED AUTH_CANCELLED AUTH_UNAVAILABLE",
    PermissionDeniedError: "ACCESS_DENIED OPERATION_DENIED",
    ResourceBusyError: "RESOURCE_BUSY",
    OperationTimeoutError: "OPERATION_TIMEOUT AGENT_COMMAND_TIMEOUT",
    OperationAbortedError: "OPERATION_ABORTED",
    MigrationError: "MIGRATE_UNSAFE MIGRATE_PERSIST_FAILED MIGRATE_FINISH_OK CPU_INCOMPATIBLE",
}

GENERIC_CODES = (
    "OK NONE ERROR WARNING INTERNAL_ERROR NO_MEMORY OPERATION_FAILED GET_FAILED POST_FAILED "
    "HTTP_ERROR SEXPR_SERIAL NO_XEN XEN_CALL NO_XENSTORE DRIVER_FULL CALL_FAILED OPEN_FAILED "
    "READ_FAILED PARSE_FAILED WRITE_FAILED SYSTEM_ERROR RPC NO_SECURITY_MODEL BUILD_FIREWALL "
    "HOOK_SCRIPT_FAILED STORAGE_PROBE_FAILED STORAGE_POOL_BUILT SNAPSHOT_REVERT_RISKY "
    "BLOCK_COPY_ACTIVE AGENT_UNRESPONSIVE AGENT_UNSYNCED AGENT_COMMAND_FAILED DBUS_SERVICE "
    "CHECKPOINT_INCONSISTENT"
)
"""VIR_ERR_… names that say too little by themselves: a plain LibvirtError, or by their domain."""


def _errors_by_code() -> Iterator[tuple[int, type[LibvirtError]]]:
    for error, names in _ERRORS_BY_NAME.items():
        for name in names.split():
            code = getattr(libvirt, f"VIR_ERR_{name}", None)
            if code is not None:  # an older libvirt has fewer
                yield code, error


ERRORS_BY_CODE = dict(_errors_by_code())

_RPC_DOMAINS = (libvirt.VIR_FROM_RPC, libvirt.VIR_FROM_REMOTE)
_TOOLSTACK_DOMAINS = (libvirt.VIR_FROM_LIBXL, libvirt.VIR_FROM_XEN)

ERRORS_BY_CODE_AND_DOMAIN: Mapping[tuple[int, int], type[LibvirtError]] = {
    **{
        (code, domain): HostConnectionError
        for code in (
            libvirt.VIR_ERR_SYSTEM_ERROR,
            libvirt.VIR_ERR_INTERNAL_ERROR,
            libvirt.VIR_ERR_RPC,
        )
        for domain in _RPC_DOMAINS
    },
    **{(libvirt.VIR_ERR_INTERNAL_ERROR, domain): ToolstackError for domain in _TOOLSTACK_DOMAINS},
}


def _events_by_number() -> Iterator[tuple[int, tuple[EventKind, Mapping[int, str]]]]:
    """Yield the kind of each of libvirt's events, and the causes by its details."""
    for kind, name in _EVENT_NAMES.items():
        prefix = f"VIR_DOMAIN_EVENT_{name}_"
        said = {
            number: constant.removeprefix(prefix).lower().replace("_", "-")
            for constant, number in vars(libvirt).items()
            if constant.startswith(prefix) and not constant.endswith("_LAST")
        }
        causes = {number: _CAUSES.get(word, word) for number, word in said.items()}
        yield getattr(libvirt, f"VIR_DOMAIN_EVENT_{name}"), (kind, causes)


_EVENTS = dict(_events_by_number())


def event_of(number: int, detail: int) -> tuple[EventKind, str]:
    """Return what libvirt's numbers for a lifecycle event mean: its kind and its cause."""
    kind, causes = _EVENTS.get(number, (EventKind.OTHER, {}))
    return kind, causes.get(detail, "")


_Error: TypeAlias = tuple[int, int, str]
"""The beginning of libvirt's error tuple: code, domain, message."""


class _Said(threading.local):
    """What libvirt last reported on this thread."""

    error: _Error | None = None


_said = _Said()


@contextlib.contextmanager
def translated_errors() -> Iterator[None]:
    """Raise what libvirt and its binding raise as errors of ours, in the thread that called it.

    Yields:
        Nothing.

    Raises:
        LibvirtError: Or the one of its kinds that (error domain, code) means.
        InvalidRequestError: The binding itself did not take an argument.
    """
    _said.error = None
    try:
        yield
    except libvirt.libvirtError as exc:
        error = _translated(exc)
        raise error from exc
    except (LookupError, TypeError, OverflowError) as exc:
        raise InvalidRequestError(f"libvirt's binding does not take this: {exc}") from exc


def _translated(exc: Exception) -> LibvirtError:
    # The binding asks libvirt for the thread's last error a moment after the call failed. By then
    # the garbage collector may have freed a handle on this thread, which wipes that error out.
    err: _Error = getattr(exc, "err", None) or _said.error or (-1, -1, "")
    code, domain, said = err[:3]
    error = ERRORS_BY_CODE_AND_DOMAIN.get((code, domain)) or ERRORS_BY_CODE.get(code, LibvirtError)
    message = " ".join(str(said or exc).split())
    return error(message, code=code if code >= 0 else None, domain=domain if code >= 0 else None)


def open_connection(uri: str) -> RawConnection:
    """Return a new connection; libvirt's event loop runs from the first one on."""
    _start_event_loop()
    connection: RawConnection = libvirt.open(uri)
    return connection


_loop_lock = threading.Lock()
_loop_ends = threading.Event()
_loop_threads: list[threading.Thread] = []


def _start_event_loop() -> None:
    """Start the thread that serves keepalives and consoles, once.

    libvirt wants its event loop registered before the first connection is opened.
    """
    with _loop_lock:
        if _loop_threads:
            return
        # In place of the binding's own, which prints each error to stderr beside raising it.
        libvirt.registerErrorHandler(_remember, None)
        libvirt.virEventRegisterDefaultImpl()
        thread = threading.Thread(target=_run_events, name="xenvm-events", daemon=True)
        _loop_threads.append(thread)
        thread.start()
        atexit.register(_end_event_loop)


def _remember(_context: None, error: _Error) -> None:
    """Keep an error that libvirt reports; it does so on the thread of the failing call."""
    _said.error = error


def _run_events() -> None:
    while not _loop_ends.is_set():
        try:
            libvirt.virEventRunDefaultImpl()
        except libvirt.libvirtError:
            pause(0.1)


def _end_event_loop() -> None:
    """End the loop before the interpreter goes: its callbacks must not meet a dead one."""
    _loop_ends.set()
    libvirt.virEventAddTimeout(0, lambda _timer, _opaque: None, None)
    _loop_threads[0].join(timeout=1)
