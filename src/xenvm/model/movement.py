"""Moving a domain to another host: how, how far it is, and what stands where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from .kinds import DomainState
from .quantities import MacAddress


class Manner(StrEnum):
    """How a domain moves."""

    LIVE = "live"
    """It runs on; its memory follows it while it does."""
    STILL = "still"
    """It stands still while its memory goes from host to host."""
    SAVED = "saved"
    """It stands still: its memory goes to a file, which is carried over, and it goes on there."""
    SHUT_OFF = "shut-off"
    """It is off, and its definition alone moves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveOptions:
    """How a domain is to be moved.

    Attributes:
        manner: How.
        paused: Whether it waits, paused, at the destination.
        keep_source: Whether its definition stays at the source, beside the one that runs.
        persist: Whether the destination keeps a definition of it.
        name: Its name at the destination; None for the one it has.
        uri: Where its memory goes, such as ``tcp://10.0.3.2``; None for the address that the
            destination's Dom0 has for its own name. For those that go from host to host.
        deadline_s: Seconds after which the move is aborted.
    """

    manner: Manner = Manner.LIVE
    paused: bool = False
    keep_source: bool = False
    persist: bool = True
    name: str | None = None
    uri: str | None = None
    deadline_s: float = 600.0


class Activity(StrEnum):
    """What Xen does with a domain."""

    RUNNING = "running"
    PAUSED = "paused"
    SUSPENDED = "suspended"
    """It let go of its memory and waits to be resumed, here or elsewhere."""
    ENDED = "ended"
    """It shut down, and its number is still taken."""
    CRASHED = "crashed"
    """Its kernel gave up, and what is left of it is still there."""
    DYING = "dying"
    """It was destroyed, and Xen takes it apart."""
    ABSENT = "absent"

    @property
    def goes_on(self) -> bool:
        """Return whether it is a life that goes on, or could."""
        return self in {Activity.RUNNING, Activity.PAUSED, Activity.SUSPENDED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What stands of a domain on one host, by Xen and by libvirt.

    Attributes:
        host: The host's name.
        activity: What Xen does with it.
        domid: Xen's number for it.
        state: What libvirt says it is doing; None when libvirt does not know it.
        is_defined: Whether libvirt keeps a definition of it.
    """

    host: str
    activity: Activity = Activity.ABSENT
    domid: int | None = None
    state: DomainState | None = None
    is_defined: bool = False

    @property
    def is_there(self) -> bool:
        """Return whether Xen has a domain that could go on."""
        return self.activity.goes_on

    def __str__(self) -> str:
        defined = "defined" if self.is_defined else "not defined"
        number = "" if self.domid is None else f", domid {self.domid}"
        said = self.activity if self.is_there or self.domid is not None else "no copy"
        return f"{self.host}: {said}{number}, {defined}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveProgress:
    """How far a move is; libxl does not tell how many bytes went.

    Attributes:
        doing: What is done now.
        elapsed_s: Seconds since it began.
        deadline_s: Seconds after which it is aborted.
    """

    doing: str
    elapsed_s: float
    deadline_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A move that was done.

    Attributes:
        domain: The domain's name at the destination.
        manner: How it moved.
        source: What stands at the source.
        destination: What stands at the destination.
        elapsed_s: Seconds that it took.
        notes: What went otherwise than asked, such as a cap that could not be set again.
    """

    domain: str
    manner: Manner
    source: Standing
    destination: Standing
    elapsed_s: float
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What a host has for one certain domain.

    Attributes:
        host: The host's name.
        machine_id: What tells it from all others, by /etc/machine-id; libvirt's Xen driver tells
            no host's UUID.
        xen_version: Xen's version, such as (4, 17).
        hw_caps: The processors' feature words, as Xen shows them.
        virt_caps: Kinds of guests that Xen can run, such as ``pv`` and ``hvm``, and how.
        free_memory_kib: Memory that no domain has.
        bridges: The domain's bridges that are there.
        files: The files it boots from that are there.
        disks: What its disks are, by path: the same text on two hosts means the same disk; empty
            where there is no telling, and missing where there is no such thing.
        names: Names and UUIDs of the domains that libvirt has.
        macs: Addresses of the domain's VNIFs that something there has, too.
    """

    host: str
    machine_id: str = ""
    xen_version: tuple[int, int] = (0, 0)
    hw_caps: tuple[int, ...] = ()
    virt_caps: frozenset[str] = frozenset()
    free_memory_kib: int = 0
    bridges: frozenset[str] = frozenset()
    files: frozenset[str] = frozenset()
    disks: Mapping[str, str]
    names: frozenset[str] = frozenset()
    macs: frozenset[MacAddress] = frozenset()
