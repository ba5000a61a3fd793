"""A document of xl.cfg as the readers of its parts see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from xenvm.errors import ParseError
from xenvm.formats.xl import (
    XlAtoms,
    XlDocument,
    XlSpec,
    read_boolean,
    read_integer,
    read_specs,
    read_string,
    read_strings,
)
from xenvm.model.kinds import GuestType

ITEMS_MOST = 4096
"""A list may have this many items; no guest has as many devices."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A document, and what its readers need to know before they look at their keys.

    Attributes:
        document: The document.
        present: The keys that it has.
        guest_type: The kind of guest, on which the meaning of many keys depends.
    """

    document: XlDocument
    present: frozenset[str]
    guest_type: GuestType = GuestType.PV

    @property
    def is_hvm(self) -> bool:
        """Return whether the guest is HVM."""
        return self.guest_type is GuestType.HVM

    @property
    def is_pv(self) -> bool:
        """Return whether the guest is PV."""
        return self.guest_type is GuestType.PV

    def integer(self, key: str) -> int | None:
        """Return an integer, or None when the key is not there.

        Raises:
            ParseError: It is no integer; names the line.
        """
        return read_integer(self.document, key) if key in self.present else None

    def boolean(self, key: str) -> bool | None:
        """Return a yes or no, or None when the key is not there.

        Raises:
            ParseError: It is no integer; names the line.
        """
        return read_boolean(self.document, key) if key in self.present else None

    def string(self, key: str) -> str | None:
        """Return a string, or None when the key is not there or has an empty one.

        Raises:
            ParseError: It is a list; names the line.
        """
        return (read_string(self.document, key) or None) if key in self.present else None

    def strings(self, key: str) -> tuple[str, ...]:
        """Return the strings of a list; none when the key is not there.

        Raises:
            ParseError: It is no list of strings, or too long; names the line.
        """
        self.bound(key)
        return read_strings(self.document, key) if key in self.present else ()

    def specs(self, key: str) -> tuple[XlSpec, ...]:
        """Return the devices of a list; none when the key is not there.

        Raises:
            ParseError: It is no list of such devices, or too long; names the line.
        """
        self.bound(key)
        return read_specs(self.document, key) if key in self.present else ()

    def bound(self, key: str, most: int = ITEMS_MOST) -> None:
        """Refuse a list with more than ``most`` items.

        Raises:
            ParseError: It has more; names the line.
        """
        items = self.atoms(key)
        if isinstance(items, tuple) and len(items) > most:
            self.refuse(key, f"the list has {len(items)} items, and may have {most}")

    def atoms(self, key: str) -> XlAtoms | None:
        """Return a value as strings, whatever it is, or None when the key is not there."""
        return self.document.atoms(key) if key in self.present else None

    def refuse(self, key: str, problem: str, cause: Exception | None = None) -> NoReturn:
        """Say what is wrong with a key's value.

        Raises:
            ParseError: Always; it names the line and keeps the value's text.
        """
        line = self.document.line_of(key)
        entries = self.document.entries_of(key)
        text = entries[-1].text if entries else ""
        where = f"line {line}: " if line else ""
        raise ParseError(f"{where}{key}: {problem}", path=key, text=text, line=line) from cause


def source_of(document: XlDocument, guest_type: GuestType = GuestType.PV) -> Source:
    """Return a document as its readers see it."""
    return Source(document=document, present=frozenset(document.keys), guest_type=guest_type)
