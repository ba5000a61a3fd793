"""What the script of :mod:`xenvm.host.backings` prints → backings and their users; pure text."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from xenvm.errors import ParseError
from xenvm.model.backing import Backing, BackingUse

from .xenstore import parse_xenstore

_BACKENDS = frozenset({"vbd", "qdisk", "vbd3", "tap"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A VBD that some toolstack gave to a running guest.

    Attributes:
        domid: The guest.
        target: Its name there.
        path: What is behind it.
        writes: Whether the guest may write.
    """

    domid: int
    target: str
    path: str
    writes: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Backings:
    """Dom0's block devices and images as they are now.

    Attributes:
        identities: By path, for those that exist.
        beneath: By identity, the identities directly below.
        mounts: Pairs of an identity, and (the place it is mounted on, whether it is written).
        swaps: Paths that Dom0 swaps to.
        served: What running guests have.
    """

    identities: Mapping[str, str]
    beneath: Mapping[str, frozenset[str]] = field(default_factory=dict)
    mounts: tuple[tuple[str, str, bool], ...] = ()
    swaps: tuple[str, ...] = ()
    served: tuple[Served, ...] = ()

    def find(self, path: str) -> Backing | None:
        """Return the backing at a path, or None when there is none."""
        identity = self.identities.get(path)
        return self._backing(path, identity) if identity else None

    def dom0_uses(self) -> Iterator[BackingUse]:
        """Yield what Dom0 itself has: mounted, or to swap to."""
        for identity, place, writes in self.mounts:
            yield BackingUse(
                user=f"Dom0 (mounted on {place})",
                backing=self._backing(place, identity),
                writes=writes,
            )
        for path in self.swaps:
            if backing := self.find(path):
                yield BackingUse(user="Dom0 (to swap to)", backing=backing, writes=True)

    def _backing(self, path: str, identity: str) -> Backing:
        found: set[str] = set()
        todo = [identity]
        while todo:
            below = self.beneath.get(todo.pop(), frozenset()) - found
            found |= below
            todo += below
        return Backing(path=path, identity=identity, beneath=frozenset(found))


def parse_backings(text: str) -> Backings:
    """Return what the script printed.

    Raises:
        ParseError: A line is none of the script's.
    """
    rows: dict[str, list[str]] = {"path": [], "below": [], "loop": [], "mount": [], "swap": []}
    for line in text.splitlines():
        kind, _, rest = line.partition(" ")
        if kind in rows:
            rows[kind].append(rest)
    try:
        identities = {path: what for path, what in map(_identified, rows["path"]) if what}
        return Backings(
            identities=identities,
            beneath=_beneath(rows["below"], rows["loop"], identities),
            mounts=tuple(map(_mount, rows["mount"])),
            swaps=tuple(rows["swap"]),
            served=tuple(_served(parse_xenstore(text))),
        )
    except ValueError as exc:
        raise ParseError(f"this is not what was asked of Dom0: {exc}", text=text) from exc


def _beneath(
    devices: Iterable[str], loops: Iterable[str], identities: Mapping[str, str]
) -> dict[str, frozenset[str]]:
    """Return what each device stands on: other devices, or of a loop device a file."""
    beneath: dict[str, set[str]] = {}
    for row in devices:
        upper, lower = row.split()
        beneath.setdefault(f"block {upper}", set()).add(f"block {lower}")
    for row in loops:
        number, path = row.split(" ", 1)
        if path in identities:  # its file may have been deleted
            beneath.setdefault(f"block {number}", set()).add(identities[path])
    return {upper: frozenset(lowers) for upper, lowers in beneath.items()}


def _mount(row: str) -> tuple[str, str, bool]:
    number, options, place = row.split(" ", 2)
    return f"block {number}", place, "ro" not in options.split(",")


def _identified(row: str) -> tuple[str, str]:
    """Return a path and its identity, empty when it is neither a block device nor a file."""
    mode, special, filesystem, inode, path = row.split(" ", 4)
    kind = stat.S_IFMT(int(mode, 16))
    if kind == stat.S_IFBLK:
        major, minor = special.split(":")
        return path, f"block {int(major, 16)}:{int(minor, 16)}"
    if kind == stat.S_IFREG:
        number = int(filesystem)
        return path, f"file {os.major(number)}:{os.minor(number)} {int(inode)}"
    return path, ""


def _served(pairs: Mapping[str, str]) -> Iterator[Served]:
    """Yield each VBD in Dom0's part of xenstore."""
    for path, params in pairs.items():
        match path.split("/"):
            case [_, "local", "domain", "0", "backend", kind, domid, number, "params"] if (
                kind in _BACKENDS and domid.isdigit()
            ):
                node = f"/local/domain/0/backend/{kind}/{domid}/{number}"
                yield Served(
                    domid=int(domid),
                    target=pairs.get(f"{node}/dev", ""),
                    path=backing_path(params)[1],
                    writes="w" in pairs.get(f"{node}/mode", "w"),
                )


def backing_path(params: str) -> tuple[str, str]:
    """Return the format and the path in a back-end's ``params``: QEMU's has the format in front.

    >>> backing_path("qcow2:/srv/a.img"), backing_path("/dev/vg/a"), backing_path("aio:/srv/b")
    (('qcow2', '/srv/a.img'), ('raw', '/dev/vg/a'), ('raw', '/srv/b'))
    """
    if params.startswith("/") or ":" not in params:
        return "raw", params
    layout, _, path = params.partition(":")
    return ("raw" if layout == "aio" else layout), path
