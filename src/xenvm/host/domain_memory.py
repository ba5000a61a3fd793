"""The memory of a domain: how much it has, and how much it may have."""

from __future__ import annotations

from xenvm.errors import SpecError, WaitTimeoutError
from xenvm.waiting import wait_until

from . import _libvirt
from ._reach import change, reach
from .facet import Facet
from .free_memory import require_free
from .libxl_log import libxl_log

BALLOON_DEADLINE_S = 60.0
TOLERANCE_KIB = 1024
"""What a guest's balloon may be off its target: less than this counts as reached. Linux counts
its target from what it booted with, which differs by some pages from what Xen gave it."""

_MEMORY = 2
"""Where virDomainInfo has what the domain has now, in KiB."""


class DomainMemory(Facet):
    """The memory of a domain; Dom0's too."""

    @property
    def now_kib(self) -> int:
        """Return what it has now, as Xen counts; off, what it starts with."""
        asking = f"asking for the memory of {self._name}"
        return self._connection.read(asking, lambda _: self._handle().info())[_MEMORY]

    @property
    def most_kib(self) -> int:
        """Return the most that it may have."""
        asking = f"asking for the most memory of {self._name}"
        return self._connection.read(asking, lambda _: self._handle().maxMemory())

    def set(self, memory_kib: int, *, deadline_s: float = BALLOON_DEADLINE_S) -> None:
        """Give it so much memory: the running guest by its balloon, and its definition.

        Args:
            memory_kib: In KiB, 1 to :attr:`most_kib`.
            deadline_s: Seconds for the guest to follow.

        Raises:
            SpecError: It may not have that much.
            OvercommitError: It shall grow by more than the host has free.
            WaitTimeoutError: The guest did not follow; it is asked for what it had again.
            ReallocationError: Its definition could not follow, nor the guest be asked again.
        """
        most_kib = self.most_kib
        if not 1 <= memory_kib <= most_kib:
            raise SpecError(
                f"{self._name} can have 1 to {most_kib} KiB of memory, not {memory_kib}"
            )
        before_kib = self.now_kib
        change(
            f"{memory_kib} KiB of memory in the running {self._name}",
            reach(self._connection, self._name, self._handle),
            live=lambda: self._balloon(memory_kib, before_kib, deadline_s),
            undo=lambda: self._set(before_kib, _libvirt.AFFECT_LIVE),
            define=lambda: self._set(memory_kib, _libvirt.AFFECT_CONFIG),
        )

    def set_most(self, memory_kib: int) -> None:
        """Set the most that it may have, from its next start on.

        A running guest keeps the limit that it was built with, so only the definition changes; what
        it starts with shrinks along where it was more.

        Raises:
            SpecError: It is no amount of memory.
            InvalidStateError: It has no definition.
        """
        if memory_kib < 1:
            raise SpecError(f"{self._name} can have 1 KiB of memory or more, not {memory_kib}")
        self._set(memory_kib, _libvirt.MEMORY_MAXIMUM | _libvirt.AFFECT_CONFIG)

    def _balloon(self, memory_kib: int, before_kib: int, deadline_s: float) -> None:
        require_free(
            self._connection, self._shell, f"{self._name} as it grows", memory_kib - before_kib
        )
        self._set(memory_kib, _libvirt.AFFECT_LIVE)
        try:
            wait_until(
                f"{self._name} to have {memory_kib} KiB, from {before_kib}",
                lambda: abs(self.now_kib - memory_kib) < TOLERANCE_KIB,
                deadline_s=deadline_s,
            )
        except WaitTimeoutError:
            self._set(before_kib, _libvirt.AFFECT_LIVE)
            raise

    def _set(self, memory_kib: int, flags: int) -> None:
        raw = self._handle()
        with libxl_log(self._shell, self._name):
            self._connection.call(
                f"setting the memory of {self._name}",
                lambda: raw.setMemoryFlags(memory_kib, flags),
            )
