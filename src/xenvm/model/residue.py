"""What a document said beyond the model, and the class of everything that may carry it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Self


class Residue:
    """What a value's document said beyond its fields; opaque, and never changed.

    It rides along with ``dataclasses.replace`` and is written back where it stood. Two values are
    equal when their fields are, whatever their residues.
    """

    __slots__ = ()

    def carried(self) -> Residue:
        """Return the residue of what a program makes of a value that was read."""
        return self

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Modelled:
    """A value that may have been read from a document.

    Attributes:
        residue: What the document said beyond the fields; None for a value made by a program.
    """

    residue: Residue | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.residue is not None:
            object.__setattr__(self, "residue", self.residue.carried())


def parts_of(value: Modelled) -> Iterator[Modelled]:
    """Yield a value, and the values in its fields, and so on down."""
    yield value
    for each in dataclasses.fields(value):
        held = getattr(value, each.name)
        for item in held if isinstance(held, tuple) else (held,):
            if isinstance(item, Modelled):
                yield from parts_of(item)
