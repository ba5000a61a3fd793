"""What kind of value a key of xl.cfg, or a parameter of a device, has."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from xenvm.errors import SpecError

from .cpu_list import XlCpuList
from .grammar import XlAtoms, to_integer


class ValueKind(StrEnum):
    """The kinds of one value that is no list."""

    INTEGER = "integer"
    """Decimal, octal with a 0, hexadecimal with a 0x; in quotes or not."""
    BOOLEAN = "boolean"
    """An integer, of which 0 is false."""
    STRING = "string"
    WORD = "word"
    """One of a few strings; a newer Xen may know more."""
    CPUS = "list of CPUs"
    SPEC = "device"
    """A string of parameters with commas between, of a grammar of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueType:
    """What a value must be.

    Attributes:
        kind: Of the value, or of what is in the lists.
        depth: 0 for a single value, 1 for a list of them, 2 for a list of lists.
        words: The words that a WORD may be, as Xen 4.20 knows them.
        unit: Of an integer, or empty.
        spec: The name of a SPEC's grammar.
    """

    kind: ValueKind
    depth: int = 0
    words: tuple[str, ...] = ()
    unit: str = ""
    spec: str = ""

    def fits(self, atoms: XlAtoms) -> bool:
        """Return whether a value is of this type; a word that nobody knows is one too."""
        return _fits(self.kind, self.depth, atoms)

    def unknown_words(self, atoms: XlAtoms) -> tuple[str, ...]:
        """Return those words of a value that are none of ``words``."""
        if not self.words:
            return ()
        items = (atoms,) if isinstance(atoms, str) else atoms
        return tuple(item for item in items if isinstance(item, str) and item not in self.words)

    def __str__(self) -> str:
        name = f"{self.kind} in {self.unit}" if self.unit else str(self.kind)
        return "list of " * self.depth + name


def _fits(kind: ValueKind, depth: int, atoms: XlAtoms) -> bool:
    if isinstance(atoms, tuple):
        return depth > 0 and all(_fits(kind, depth - 1, item) for item in atoms)
    if depth:
        return False
    if kind in {ValueKind.INTEGER, ValueKind.BOOLEAN}:
        return to_integer(atoms) is not None
    return kind is not ValueKind.CPUS or _is_cpu_list(atoms)


def _is_cpu_list(text: str) -> bool:
    try:
        XlCpuList.parse(text)
    except SpecError:
        return False
    return True


INTEGER = ValueType(kind=ValueKind.INTEGER)
BOOLEAN = ValueType(kind=ValueKind.BOOLEAN)
STRING = ValueType(kind=ValueKind.STRING)
STRINGS = ValueType(kind=ValueKind.STRING, depth=1)
CPUS = ValueType(kind=ValueKind.CPUS)
CPUS_OF_EACH = ValueType(kind=ValueKind.CPUS, depth=1)


def integer_in(unit: str) -> ValueType:
    """Return the type of an integer that counts ``unit``."""
    return ValueType(kind=ValueKind.INTEGER, unit=unit)


def word(*words: str) -> ValueType:
    """Return the type of a string that is one of ``words``."""
    return ValueType(kind=ValueKind.WORD, words=words)


def words(*known: str) -> ValueType:
    """Return the type of a list of strings, each one of ``known``."""
    return ValueType(kind=ValueKind.WORD, depth=1, words=known)


def specs(name: str, *, depth: int = 1) -> ValueType:
    """Return the type of a list of devices, whose grammar is ``name``."""
    return ValueType(kind=ValueKind.SPEC, depth=depth, spec=name)
