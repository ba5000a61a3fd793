r"""The words of xl.cfg text: what a value is, where it ends, and how one is written.

Two programs read these files, and their grammars differ. This one takes what either of them takes,
and where both do but mean different things, it means what ``xl`` means:

==================  ================================  ======================================
text                xl                                libvirt
==================  ================================  ======================================
``name``            lower case, digits, ``_``, ``.``  either case, digits, ``_``
``+=``              adds to a string or a list        an error
``0x1f``            31, in lower case                 an error
``010``             8                                 10
``-1``, ``+1``      an error                          an integer
``12ab``            the word "12ab"                   an error
``"\n"``, ``"\\"``  an escape                         a backslash and what follows
``"a\"b"``          an escape                         a string that ends at the second quote
``"\p"``            an error                          a backslash and a p
three ``"``         an error                          a string of many lines, no escapes
comment in a list   allowed                           an error
CRLF                an error                          the end of a line
comment at the end  ends its line or is an error      allowed
a key given twice   the last counts                   the first counts
==================  ================================  ======================================

A carriage return on its own is refused: it ends a comment for libvirt, and does not for xl. There
is no line continuation, outside a list. xl means to know ``\x41`` and ``\101`` too, but refuses the
one and loses the other's character; both stay here as they are written.

Source:
    xen 4.17 tools/libs/util/libxlu_cfg_l.l, libxlu_cfg_y.y and libxlu_cfg.c; libvirt 9.0.0 and
    11.3.0 src/util/virconf.c; xl.cfg(5), "SYNTAX".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn, TypeAlias

from xenvm.errors import ParseError, SpecError

XlValue: TypeAlias = "int | str | tuple[XlValue, ...]"
"""An integer, a string, or a list of values."""

XlAtoms: TypeAlias = "str | tuple[XlAtoms, ...]"
"""A value as xl itself keeps it: an integer is still the text that was written."""

XlInput: TypeAlias = "int | str | Sequence[XlInput]"
"""What can be written as a value."""

DEPTH_LIMIT = 32
"""Lists may be nested this deep; xl.cfg(5) knows of none deeper than two."""

INTEGER_MOST = 2**64 - 1
INTEGER_LEAST = -(2**63)

_FILL = re.compile(r"(?:[ \t\r\n]++|#[^\n]*+)*+")
_NUMBER = re.compile(r"[0-9][0-9a-fx]*+|[+-][0-9]++")
_QUOTED = re.compile(r"""'(?:[^'\\\n]++|\\[^\n])*+'|"(?:[^"\\\n]++|\\[^\n])*+\"""")
_TRIPLE = '"""'
_BASES = (
    (re.compile(r"[1-9][0-9]*|[+-][0-9]+"), 10),
    (re.compile(r"[+-]?0x[0-9a-f]+"), 16),
    (re.compile(r"0[0-7]*"), 8),
)
_DIGITS_MOST = 40
_SHOWN_CHARACTERS = 60

_ESCAPES = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "'": "'",
    '"': '"',
    "\\": "\\",
}
_ESCAPE = re.compile(r"\\([abfnrtv'\"\\])")
_WRITTEN = {"\\": "\\\\", "\n": "\\n", "\r": "\\r"}
_TO_ESCAPE = re.compile(r"[\\\n\r]")
_UNWRITABLE = re.compile(r"[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Scanned:
    """A value and where it stands.

    Attributes:
        start: Its first character's place in the text.
        end: The place after its last.
        scalar: The integer or the string, or None for a list.
        items: What is in the list.
    """

    start: int
    end: int
    scalar: int | str | None
    items: tuple[Scanned, ...] = ()

    @property
    def value(self) -> XlValue:
        """Return it as an integer, a string or a tuple."""
        if self.scalar is None:
            return tuple(item.value for item in self.items)
        return self.scalar

    def atoms(self, text: str) -> XlAtoms:
        """Return it as strings, integers as ``text`` writes them."""
        if self.scalar is None:
            return tuple(item.atoms(text) for item in self.items)
        return self.scalar if isinstance(self.scalar, str) else text[self.start : self.end]


def refuse(text: str, place: int, problem: str) -> NoReturn:
    """Say what is wrong where.

    Raises:
        ParseError: Always; it names the line and keeps its text.
    """
    line = text.count("\n", 0, place) + 1
    start = text.rfind("\n", 0, place) + 1
    end = text.find("\n", place)
    shown = text[start : len(text) if end < 0 else end].strip()
    raise ParseError(f"line {line}: {problem}", line=line, text=shown)


def shown(text: str, place: int) -> str:
    """Return the text from ``place`` to the end of its line, shortened and quoted."""
    end = text.find("\n", place)
    rest = text[place : len(text) if end < 0 else end].strip()
    return repr(rest if len(rest) <= _SHOWN_CHARACTERS else rest[:_SHOWN_CHARACTERS] + "…")


def scan_value(text: str, start: int, *, depth: int = 0) -> Scanned:
    """Return the value that starts at ``start``.

    Args:
        text: The whole text.
        start: Where the value's first character is.
        depth: How many lists it stands in.

    Raises:
        ParseError: There is no value, it does not end, is too large or nested too deep.
    """
    first = text[start : start + 1]
    if first == "[":
        return _scan_list(text, start, depth + 1)
    if first and first in "'\"":
        return _scan_string(text, start)
    number = _NUMBER.match(text, start)
    if number is None:
        _refuse_value(text, start)
    return Scanned(start, number.end(), _integer(text, number))


def _scan_list(text: str, start: int, depth: int) -> Scanned:
    if depth > DEPTH_LIMIT:
        refuse(text, start, f"lists are nested deeper than {DEPTH_LIMIT}")
    items: list[Scanned] = []
    place = _skip(text, start + 1)
    while text[place : place + 1] != "]":
        if place == len(text):
            refuse(text, start, "the list that begins here is not closed: its ']' is missing")
        items.append(scan_value(text, place, depth=depth))
        place = _skip(text, items[-1].end)
        if text[place : place + 1] == ",":
            place = _skip(text, place + 1)
        elif place < len(text) and text[place] != "]":
            refuse(text, place, f"',' or ']' is missing before {shown(text, place)}")
    return Scanned(start, place + 1, None, tuple(items))


def _skip(text: str, place: int) -> int:
    """Return where blanks, ends of lines and comments end."""
    found = _FILL.match(text, place)
    return found.end() if found else place


def _scan_string(text: str, start: int) -> Scanned:
    if text.startswith(_TRIPLE, start):
        end = text.find(_TRIPLE, start + 3)
        if end < 0:
            refuse(text, start, 'the string that begins here is not closed: its """ is missing')
        return Scanned(start, end + 3, text[start + 3 : end])
    found = _QUOTED.match(text, start)
    if found is None:
        refuse(text, start, f"the string {shown(text, start)} is not closed on its line")
    content = text[start + 1 : found.end() - 1]
    if "\\" in content:
        content = _ESCAPE.sub(lambda escape: _ESCAPES[escape[1]], content)
    return Scanned(start, found.end(), content)


def _integer(text: str, number: re.Match[str]) -> int | str:
    """Return the integer, or the word that only begins like one."""
    written = number[0]
    value = to_integer(written)
    if value is None and _is_number(written):
        refuse(text, number.start(), f"the integer {shown(text, number.start())} is past 64 bits")
    return written if value is None else value


def _refuse_value(text: str, start: int) -> NoReturn:
    """Say why there is no value.

    Raises:
        ParseError: Always.
    """
    rest = text[start : start + 1]
    if not rest or rest in "\r\n#;":
        refuse(text, start, "a value is missing: write NAME = VALUE")
    refuse(
        text,
        start,
        f"{shown(text, start)} is no integer, quoted string or list; nothing is evaluated here",
    )


def to_integer(atom: str) -> int | None:
    """Return the integer that xl reads in a string or a number, or None.

    Source:
        xen 4.17 tools/libs/util/libxlu_cfg.c (strtol with base 0).
    """
    written = atom.lstrip(" \t\n\r\f\v").lower()
    if len(written) > _DIGITS_MOST:
        return None
    for pattern, base in _BASES:
        if pattern.fullmatch(written):
            value = int(written, base)
            return value if INTEGER_LEAST <= value <= INTEGER_MOST else None
    return None


def _is_number(written: str) -> bool:
    return any(pattern.fullmatch(written) for pattern, _ in _BASES)


def write_value(value: XlInput, *, quote: str = '"') -> str:
    r"""Return the text of a value that xl reads back as it is.

    Args:
        value: An integer, a string, or a list of values; True is 1.
        quote: The quotes that a string gets, unless it has that character in it.

    Raises:
        SpecError: The integer has more than 64 bits, the list is too deep, or the string has a
            character that no file can hold.
    """
    return _write(value, quote, 0)


def _write(value: XlInput, quote: str, depth: int) -> str:
    if isinstance(value, str):
        return _quoted(value, quote)
    if isinstance(value, int):
        if not INTEGER_LEAST <= value <= INTEGER_MOST:
            raise SpecError(f"the integer {hex(value)[:_SHOWN_CHARACTERS]} is past 64 bits")
        return str(int(value))
    if depth == DEPTH_LIMIT:
        raise SpecError(f"lists are nested deeper than {DEPTH_LIMIT}")
    items = ", ".join(_write(item, quote, depth + 1) for item in value)
    return f"[ {items} ]" if items else "[ ]"


def _quoted(value: str, quote: str) -> str:
    if _UNWRITABLE.search(value):
        raise SpecError("a string has a NUL or half a surrogate pair, which no file can hold")
    other = "'" if quote == '"' else '"'
    chosen = other if quote in value and other not in value else quote
    escaped = _TO_ESCAPE.sub(lambda found: _WRITTEN[found[0]], value)
    return chosen + escaped.replace(chosen, "\\" + chosen) + chosen
