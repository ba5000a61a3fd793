"""Which bytes of a host lie behind a VBD, by identity and not by name; and who uses them."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Backing:
    """A block device or an image file of Dom0.

    Attributes:
        path: As it was asked for.
        identity: ``block MAJOR:MINOR``, or ``file MAJOR:MINOR INODE``: two paths of one identity,
            such as a symbolic link and its target, are one backing.
        beneath: The identities of all that it stands on: of a partition its disk, of a volume its
            disks, of a loop device its file.
    """

    path: str
    identity: str
    beneath: frozenset[str] = field(default_factory=frozenset)

    def overlaps(self, other: Backing) -> bool:
        """Return whether what is written to one can be read from the other.

        Two partitions of one disk do not overlap; a partition and its disk do.
        """
        return (
            self.identity == other.identity
            or self.identity in other.beneath
            or other.identity in self.beneath
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BackingUse:
    """Somebody who has a backing.

    Attributes:
        user: Who, in words, such as ``domain web (xvda)`` or ``Dom0 (mounted on /srv)``.
        backing: What.
        writes: Whether the user may write.
        shareable: Whether the user agrees to share it.
    """

    user: str
    backing: Backing
    writes: bool
    shareable: bool = False

    def excludes(self, other: BackingUse) -> bool:
        """Return whether both at once would ruin data: they overlap, and one of them writes."""
        agreed = self.shareable and other.shareable
        return (self.writes or other.writes) and not agreed and self.backing.overlaps(other.backing)
