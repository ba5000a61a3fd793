"""An xl.cfg text as a value that loses nothing: comments, order, blanks, quotes, unknown keys."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain
from typing import NoReturn

from xenvm.errors import ParseError, SpecError

from .grammar import XlAtoms, XlInput, XlValue, refuse, scan_value, shown, write_value
from .rewrite import frozen_value, rewrite_value

SIZE_LIMIT_BYTES = 1 << 18
"""A text may be this long; that of a domain with a thousand disks has less than half of it."""

_BEFORE = re.compile(r"(?:[ \t\r\n;]++|#[^\n]*+)*+")
_HEAD = re.compile(r"([A-Za-z][A-Za-z0-9._]*+)([ \t]*+\+?+=[ \t]*+)")
_AFTER = re.compile(r"[ \t]*+(?:#[^\n]*+)?+(?:\r?\n|;|\Z)")
_KEY = re.compile(r"[A-Za-z][A-Za-z0-9._]*")
_LONE_RETURN = re.compile(r"\r(?!\n)")
_LINE_END = re.compile(r"\r?\n\Z")
_SHOWN_CHARACTERS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class XlEntry:
    """One assignment, and the text around it up to the next; made by parsing and by ``set``.

    Attributes:
        before: What stands before the key: blanks, empty lines and comments.
        key: The name.
        operator: ``=`` or ``+=``, with the blanks on both sides.
        text: The value as it is written.
        after: What stands between the value and the next entry: blanks, a comment, and the end of
            the line, a semicolon or nothing.
    """

    before: str = ""
    key: str
    operator: str = " = "
    text: str
    after: str = "\n"

    @property
    def value(self) -> XlValue:
        """Return the value: an integer, a string or a tuple."""
        return scan_value(self.text, 0).value

    @property
    def atoms(self) -> XlAtoms:
        """Return the value as xl keeps it: integers are the text that was written."""
        return scan_value(self.text, 0).atoms(self.text)

    @property
    def adds(self) -> bool:
        """Return whether it adds to the key's value so far."""
        return "+" in self.operator

    @property
    def is_list(self) -> bool:
        """Return whether the value is a list."""
        return self.text.startswith("[")

    def __str__(self) -> str:
        return self.before + self.key + self.operator + self.text + self.after


@dataclass(frozen=True, slots=True, kw_only=True)
class XlDocument:
    """A whole text; ``str()`` gives it back byte for byte.

    A key that is given twice has the value of the last, as xl has it; all are kept.

    Attributes:
        entries: The assignments, in order.
        tail: What stands after the last.
    """

    entries: tuple[XlEntry, ...] = ()
    tail: str = ""

    @property
    def keys(self) -> tuple[str, ...]:
        """Return each key once, in the order of their first entries."""
        return tuple(dict.fromkeys(entry.key for entry in self.entries))

    def entries_of(self, key: str) -> tuple[XlEntry, ...]:
        """Return the entries that make up the value of ``key``; those overridden are left out."""
        found: list[XlEntry] = []
        for entry in self.entries:
            if entry.key == key:
                found = found if entry.adds else []
                found.append(entry)
        return tuple(found)

    def get(self, key: str) -> XlValue | None:
        """Return the value of ``key``, or None when it has none."""
        found = self.entries_of(key)
        return found[0].value if len(found) == 1 else self.atoms(key)

    def atoms(self, key: str) -> XlAtoms | None:
        """Return the value of ``key`` as strings, as xl keeps it, or None."""
        found = [entry.atoms for entry in self.entries_of(key)]
        if not found:
            return None
        strings = [atoms for atoms in found if isinstance(atoms, str)]
        lists = [atoms for atoms in found if not isinstance(atoms, str)]
        return tuple(chain.from_iterable(lists)) if lists else "".join(strings)

    def line_of(self, key: str) -> int | None:
        """Return the line of the last entry of ``key``, from 1, or None."""
        return self.lines.get(key)

    @property
    def lines(self) -> dict[str, int]:
        """Return the line of the last entry of each key, from 1."""
        line, found = 1, {}
        for entry in self.entries:
            line += entry.before.count("\n")
            found[entry.key] = line
            line += entry.text.count("\n") + entry.after.count("\n")
        return found

    def set(self, key: str, value: XlInput) -> XlDocument:
        """Return the document in which ``key`` has ``value`` and nothing else has changed.

        A key that is there keeps its place and its comments, and a list those items that stay; of
        several entries the last changes. A new key goes to the end.

        Raises:
            SpecError: ``key`` is no name, or the value cannot be written.
        """
        if not _KEY.fullmatch(key):
            name = key[:_SHOWN_CHARACTERS]
            raise SpecError(f"{name!r} is no key of xl.cfg: it has letters, digits, '_' and '.'")
        place = self._last(key)
        if place is None:
            return self._appended(key, write_value(value))
        if self.get(key) == frozen_value(value):
            return self
        entry = self.entries[place]
        changed = replace(
            entry,
            operator=entry.operator.replace("+", ""),
            text=rewrite_value(entry.text, value),
        )
        return replace(self, entries=(*self.entries[:place], changed, *self.entries[place + 1 :]))

    def without(self, key: str) -> XlDocument:
        """Return the document without ``key``; comments on lines of their own stay."""
        kept: list[XlEntry] = []
        carried = ""
        for entry in self.entries:
            before = carried + entry.before
            if entry.key == key:
                carried = _left_over(before, entry.after, first_on_line=_ends_line(kept))
            else:
                kept.append(replace(entry, before=before) if carried else entry)
                carried = ""
        return XlDocument(entries=tuple(kept), tail=carried + self.tail)

    def _last(self, key: str) -> int | None:
        places = [place for place, entry in enumerate(self.entries) if entry.key == key]
        return places[-1] if places else None

    def _appended(self, key: str, text: str) -> XlDocument:
        line_end = "\r\n" if str(self.entries[0] if self.entries else "").endswith("\r\n") else "\n"
        entries, before = self.entries, self.tail
        if before and not before.endswith("\n"):
            before += line_end
        elif entries and not before and not _LINE_END.search(entries[-1].after):
            if _is_open(entries[-1].after):
                last = replace(entries[-1], after=entries[-1].after + line_end)
                entries = (*entries[:-1], last)
            else:
                before = line_end
        return XlDocument(
            entries=(*entries, XlEntry(before=before, key=key, text=text, after=line_end))
        )

    def __contains__(self, key: object) -> bool:
        return any(entry.key == key for entry in self.entries)

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys)

    def __str__(self) -> str:
        return "".join(map(str, self.entries)) + self.tail


def parse_xl_document(text: str | bytes) -> XlDocument:
    """Return the document that an xl.cfg or an old xm file holds; nothing in it is evaluated.

    Args:
        text: The file: UTF-8, of at most :data:`SIZE_LIMIT_BYTES`.

    Raises:
        ParseError: It is too long, no UTF-8, or no such file; names the line.
    """
    checked = _decoded(text)
    entries = []
    lists: dict[str, bool] = {}
    place = _end(_BEFORE, checked, 0)
    start = 0
    while head := _HEAD.match(checked, place):
        value = scan_value(checked, head.end())
        after = _AFTER.match(checked, value.end)
        if after is None:
            refuse(checked, value.end, f"after the value comes {shown(checked, value.end)}")
        entry = XlEntry(
            before=checked[start:place],
            key=head[1],
            operator=head[2],
            text=checked[value.start : value.end],
            after=after[0],
        )
        if entry.adds and lists.get(entry.key, entry.is_list) != entry.is_list:
            refuse(checked, place, f"{entry.key!r} adds a list to a string, or a string to a list")
        lists[entry.key] = entry.is_list
        entries.append(entry)
        start = after.end()
        place = _end(_BEFORE, checked, start)
    if place < len(checked):
        _refuse_entry(checked, place)
    return XlDocument(entries=tuple(entries), tail=checked[start:])


def format_xl_document(document: XlDocument) -> str:
    """Return the text of ``document``; an unchanged one has the text that was parsed."""
    return str(document)


def _end(pattern: re.Pattern[str], text: str, place: int) -> int:
    found = pattern.match(text, place)
    return found.end() if found else place


def _decoded(text: str | bytes) -> str:
    """Return the text when it is one that can be written back.

    Raises:
        ParseError: It is too long or no UTF-8, or has a NUL or a lone carriage return.
    """
    if len(text) > SIZE_LIMIT_BYTES:
        raise ParseError(
            f"the text is longer than {SIZE_LIMIT_BYTES} bytes: no domain needs as many",
            text=repr(text[:_SHOWN_CHARACTERS]),
        )
    try:
        decoded = text.decode() if isinstance(text, bytes) else text
        decoded.encode()
    except UnicodeError as exc:
        _refuse_encoding(text, exc)
    if decoded.startswith("\ufeff"):
        refuse(decoded, 0, "the text begins with a byte order mark, which xl refuses: remove it")
    if (nul := decoded.find("\0")) >= 0:
        refuse(decoded, nul, "a NUL character: this is no text")
    if lone := _LONE_RETURN.search(decoded):
        refuse(decoded, lone.start(), "a carriage return that is no end of a line")
    return decoded


def _refuse_encoding(text: str | bytes, error: UnicodeError) -> NoReturn:
    """Say on which line the text is no UTF-8.

    Raises:
        ParseError: Always.
    """
    place = error.start if isinstance(error, (UnicodeDecodeError, UnicodeEncodeError)) else 0
    before = text[:place] if isinstance(text, str) else text[:place].decode(errors="replace")
    line = before.count("\n") + 1
    rest = text[place : place + _SHOWN_CHARACTERS]
    around = repr(before[before.rfind("\n") + 1 :][-_SHOWN_CHARACTERS:]) + repr(rest)
    problem = f"line {line}: the text is not UTF-8"
    raise ParseError(problem, line=line, text=around) from error


def _refuse_entry(text: str, place: int) -> NoReturn:
    """Say why what stands at ``place`` is no entry.

    Raises:
        ParseError: Always.
    """
    if _KEY.match(text, place):
        refuse(text, place, f"{shown(text, place)} is no assignment: write NAME = VALUE")
    refuse(text, place, f"a setting begins with a name, not with {shown(text, place)}")


def _ends_line(entries: list[XlEntry]) -> bool:
    return not entries or bool(_LINE_END.search(entries[-1].after))


def _is_open(after: str) -> bool:
    """Return whether the text ends before its last line does: no semicolon ends the entry."""
    return "#" in after or not after.endswith(";")


def _left_over(before: str, after: str, *, first_on_line: bool) -> str:
    """Return what stays of the text around an entry that goes."""
    if first_on_line or "\n" in before:
        return before.rstrip(" \t") if _LINE_END.search(after) else before
    found = _LINE_END.search(after)
    return before + found[0] if found else before
