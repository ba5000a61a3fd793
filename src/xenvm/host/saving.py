"""Where a domain's memory goes: save files, the managed save, core dumps, another host."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Callable, Iterator
from uuid import UUID

from xenvm.errors import HostConnectionError, InvalidStateError, ToolstackError, XenvmError
from xenvm.formats.dom0_movement import activity_of
from xenvm.model.driver_features import Feature
from xenvm.model.kinds import DomainState
from xenvm.model.movement import Activity, Manner, MoveOptions
from xenvm.waiting import wait_until

from . import _libvirt
from .connection import Connection
from .domain_memory import DomainMemory
from .facet import Facet
from .free_disk import require_room
from .libxl_log import libxl_log
from .running import refuse_deaf

SAVE_DEADLINE_S = 600.0
"""A guest's memory goes through Dom0 to its disk."""
WAKE_DEADLINE_S = 60.0
"""Seconds for a libvirtd that was restarted in mid-save to answer again."""
RESUME_DEADLINE_S = 180.0
"""xl waits 60 s for an answer that a guest which sleeps cannot give, and then resumes it."""
_RESUME = "xl save -c %s /dev/null"
"""xl has no command to resume a guest, but does so after a save that it is to survive."""
MANAGED_FOLDER = "/var/lib/libvirt/libxl/save"
"""Where libvirt's Xen driver keeps managed saves (its libxl_conf.h)."""


class Saving(Facet):
    """A domain's memory on Dom0's disk, or on its way to another host; ``domain.saving``."""

    @property
    def has_managed(self) -> bool:
        """Return whether the next start continues from a managed save."""
        return bool(
            self._connection.read(
                f"asking for {self._name}'s managed save",
                lambda _: self._handle().hasManagedSaveImage(),
            )
        )

    def to_file(self, path: str, *, deadline_s: float = SAVE_DEADLINE_S) -> None:
        """Write its memory to a file and end it; :meth:`xenvm.host.Host.restore` continues it.

        Args:
            path: In Dom0; a file that is there is overwritten.
            deadline_s: Seconds for the guest to get ready and its memory to be written.

        Raises:
            InvalidStateError: It does not run, is paused, or has crashed: a guest takes part in it.
            OutOfSpaceError: Its memory has no room there; the guest goes on.
            ToolstackError: libxl could not; its log's end is in the detail.
        """
        refuse_deaf(self._connection, self._name, self._handle)
        self._require_room(path)
        with self._guest_kept(lambda: self._shell.run("rm -f -- %s", path)):
            self._change("saving", lambda raw: raw.save(path), deadline_s)

    def managed(self, *, deadline_s: float = SAVE_DEADLINE_S) -> None:
        """Write its memory to where libvirt keeps it and end it; the next start continues it.

        Raises:
            InvalidStateError: It does not run, is paused, has crashed, or has no definition.
            OutOfSpaceError: Its memory has no room there; the guest goes on.
            ToolstackError: libxl could not; its log's end is in the detail.
        """
        refuse_deaf(self._connection, self._name, self._handle)
        self._require_room(f"{MANAGED_FOLDER}/")
        with self._guest_kept(self._remove_managed):
            self._change("saving", lambda raw: raw.managedSave(), deadline_s)

    def wake(self) -> None:
        """Have it go on after it let go of its CPUs for a saving or a move that failed.

        Raises:
            InvalidStateError: It is not suspended.
        """
        self._change("waking", lambda raw: raw.pMWakeup())

    def remove_managed(self) -> None:
        """Remove its managed save, so that the next start boots it.

        Raises:
            InvalidStateError: It has none.
        """
        # libxl's driver fails without saying why when there is none.
        if not self.has_managed:
            raise InvalidStateError(f"{self._name} has no managed save: there is none to remove")
        self._remove_managed()

    def dump_core(
        self,
        path: str,
        *,
        live: bool = False,
        end: bool = False,
        deadline_s: float = SAVE_DEADLINE_S,
    ) -> None:
        """Write its memory as an ELF core to a file in Dom0.

        Args:
            path: In Dom0; a file that is there is overwritten.
            live: Whether the guest runs on meanwhile; else it is paused for as long.
            end: Whether to end it afterwards; it then counts as crashed.
            deadline_s: Seconds for its memory to be written.

        Raises:
            InvalidStateError: It does not run.
            NotSupportedError: The driver cannot do it live.
            OutOfSpaceError: Its memory has no room there; the guest goes on.
            ToolstackError: libxl could not, such as for a PV guest that was never unpaused; its
                log's end is in the detail.
        """
        if live:
            self._connection.driver.require(Feature.DUMP_LIVE)
        self._require_room(path)
        flags = _libvirt.DUMP_LIVE * live | _libvirt.DUMP_CRASH * end
        self._change("dumping the core of", lambda raw: raw.coreDump(path, flags), deadline_s)

    def hand_over(self, to: Connection, options: MoveOptions, *, deadline_s: float) -> None:
        """Have libvirt migrate it live, and that alone; :mod:`xenvm.movement` is what to use.

        Args:
            to: The destination's connection.
            options: How; its deadline is not looked at.
            deadline_s: Seconds after which both connections are given up.

        Raises:
            LibvirtError: It failed; what stands on which host is for the caller to find out.
        """
        raw = self._handle()
        defined = self._connection.read(
            f"asking for the definition of {self._name}", lambda _: raw.isPersistent()
        )
        asked = {
            _libvirt.MIGRATE_LIVE: options.manner is Manner.LIVE,
            _libvirt.MIGRATE_PAUSED: options.paused,
            _libvirt.MIGRATE_PERSIST_DEST: options.persist,
            _libvirt.MIGRATE_UNDEFINE_SOURCE: bool(defined) and not options.keep_source,
        }
        flags = sum(flag for flag, wanted in asked.items() if wanted)
        given = {_libvirt.MIGRATE_NAME: options.name, _libvirt.MIGRATE_URI: options.uri}
        words = {key: word for key, word in given.items() if word}
        with libxl_log(self._shell, self._name):
            self._connection.call(
                f"migrating {self._name}",
                lambda: raw.migrate3(to.raw, words, flags),
                deadline_s=deadline_s,
            )

    def _remove_managed(self) -> None:
        self._change("removing the managed save of", lambda raw: raw.managedSaveRemove())

    @contextlib.contextmanager
    def _guest_kept(self, forget: Callable[[], object]) -> Iterator[None]:
        """Wake a guest whose saving failed: it let go of its CPUs before its memory was written.

        Args:
            forget: Removes what was written of it, which is no whole guest.

        Yields:
            Nothing.

        Raises:
            ToolstackError: What was raised, afterwards; where the guest still sleeps, it says so,
                and how to wake it.
            HostConnectionError: The same.
        """
        try:
            yield
        except (ToolstackError, HostConnectionError) as exc:
            # libvirt that refused has done with it, and takes it for running; it would not wake it.
            wake = self._wake_by_xen if isinstance(exc, ToolstackError) else self._wake_by_libvirt
            cure = ""
            with contextlib.suppress(XenvmError):
                cure = wake(forget)
            if cure:
                asleep = f"{self._name} sleeps, and could not be woken: run «{cure}» in its Dom0"
                told = type(exc)(f"{exc}; {asleep}", code=exc.code, domain=exc.domain)
                told.detail = exc.detail
                raise told from exc
            raise

    def _wake_by_xen(self, forget: Callable[[], object]) -> str:
        """Return what is left to try; empty once the guest goes on, and its file is forgotten."""
        activity, domid = self._by_xen()
        if activity is Activity.SUSPENDED:
            # It fails too where it resumed a guest that it could not save: only Xen knows.
            with contextlib.suppress(XenvmError):
                self._shell.run(_RESUME, str(domid), deadline_s=RESUME_DEADLINE_S)
            with contextlib.suppress(XenvmError):
                activity, _ = self._by_xen()
            if activity is Activity.SUSPENDED:
                return _RESUME % domid
        # What was written of a guest that is gone is all that there is of it.
        if activity.goes_on:
            forget()
        return ""

    def _wake_by_libvirt(self, forget: Callable[[], object]) -> str:
        """Return what is left to try; empty once the guest goes on, and its file is forgotten."""
        if self._fell_asleep():
            try:
                self.wake()
            except XenvmError:
                return f"virsh dompmwakeup {shlex.quote(self._name)}"
            forget()
        return ""

    def _fell_asleep(self) -> bool:
        """Return whether the guest sleeps, once libvirt has returned or has done with it.

        Source:
            libvirt's libxl_driver.c: as it starts, it looks which guests have suspended themselves.
        """

        def decided() -> DomainState | None:
            try:
                asking = f"asking for {self._name}"
                number, _ = self._connection.read(asking, lambda _: self._handle().state())
            except HostConnectionError:
                return None
            state = _libvirt.DOMAIN_STATES[number]
            if state in {DomainState.SUSPENDED, DomainState.SHUT_OFF}:
                return state
            activity, _ = self._by_xen()
            return None if activity is Activity.SUSPENDED else state

        what = f"libvirt to have done with {self._name}"
        state = wait_until(what, decided, deadline_s=WAKE_DEADLINE_S, every_s=1.0)
        return state is DomainState.SUSPENDED

    def _by_xen(self) -> tuple[Activity, int | None]:
        told = self._shell.run("xl list -v").stdout
        return activity_of(told, UUID(self._handle().UUIDString()))

    def _require_room(self, path: str) -> None:
        memory = DomainMemory(self._connection, self._shell, self._name, self._handle)
        require_room(self._shell, path, memory.now_kib)

    def _change(
        self,
        doing: str,
        do: Callable[[_libvirt.RawDomain], int],
        deadline_s: float = SAVE_DEADLINE_S,
    ) -> None:
        raw = self._handle()
        with libxl_log(self._shell, self._name):
            self._connection.call(f"{doing} {self._name}", lambda: do(raw), deadline_s=deadline_s)
