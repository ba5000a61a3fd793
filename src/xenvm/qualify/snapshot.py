"""What is on a host that a run might leave behind, and how two such looks differ."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources

from xenvm.errors import ParseError

Thing = tuple[str, str]
"""A kind, such as ``bridge``, and a name."""

BOOT = "boot"
_END = "end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Everything on a host that a run might leave behind, at one moment.

    Attributes:
        boot_id: Dom0's boot, empty where there is no shell.
        things: All of it, as (kind, name).
    """

    boot_id: str = ""
    things: frozenset[Thing] = frozenset()

    def of_kind(self, kind: str) -> tuple[str, ...]:
        """Return the names of one kind, sorted."""
        return tuple(sorted(name for found, name in self.things if found == kind))


@dataclass(frozen=True, slots=True, kw_only=True)
class Differences:
    """How a host differs from what it was.

    Attributes:
        left: There now and not before.
        missing: There before and not now.
        rebooted: Whether Dom0 was booted in between, which makes the rest say nothing of a run.
    """

    left: tuple[Thing, ...] = ()
    missing: tuple[Thing, ...] = ()
    rebooted: bool = False

    @property
    def none(self) -> bool:
        """Return whether the host is as it was."""
        return not (self.left or self.missing or self.rebooted)

    @property
    def text(self) -> str:
        """Return all of it on one line."""
        parts = [f"left: {kind} {name}" for kind, name in self.left]
        parts += [f"missing: {kind} {name}" for kind, name in self.missing]
        return "; ".join(["Dom0 was booted again", *parts] if self.rebooted else parts)


def snapshot_script() -> str:
    """Return the shell script whose output :func:`parse_snapshot` reads."""
    return resources.files("xenvm.qualify").joinpath("snapshot.sh").read_text(encoding="utf-8")


def parse_snapshot(text: str, domains: Iterable[str] = ()) -> Snapshot:
    """Return the snapshot in the script's output, with libvirt's view of the domains.

    Args:
        text: What the script printed; empty for a host without a shell.
        domains: One line per domain, as libvirt sees it.

    Raises:
        ParseError: The output is cut off, so that a leak could hide.
    """
    lines = [line.partition("\t") for line in text.splitlines() if "\t" in line]
    if text and (not lines or lines[-1][0] != _END):
        raise ParseError("the look at what is on the host was cut off", text=text)
    things = {(kind, name) for kind, _, name in lines if kind not in {BOOT, _END}}
    boot_id = next((name for kind, _, name in lines if kind == BOOT), "")
    return Snapshot(
        boot_id=boot_id, things=frozenset(things | {("domain", line) for line in domains})
    )


def compare(before: Snapshot, after: Snapshot) -> Differences:
    """Return how the host differs from what it was, each list sorted."""
    return Differences(
        left=tuple(sorted(after.things - before.things)),
        missing=tuple(sorted(before.things - after.things)),
        rebooted=before.boot_id != after.boot_id,
    )
