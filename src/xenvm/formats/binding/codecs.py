"""How the text of an attribute or element becomes a field's value, and back.

Reading raises ``ValueError`` with what is wrong; whoever knows the element adds where.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import cast
from uuid import UUID

from lxml import etree

from xenvm.errors import SpecError
from xenvm.formats._xml import Element
from xenvm.model.quantities import CpuSet, MacAddress

Reader = Callable[..., object]
"""Makes a value of a text; lxml's type stubs would have it that texts may be bytes."""

Writer = Callable[[object], str]

_INTEGER_MAX = 2**64
_SAFE_DIGITS = 19
"""So many cannot be past it."""
_INTEGER = re.compile(r"[+-]?[0-9]{1,20}|0[xX][0-9a-fA-F]{1,16}")
_FRACTION = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,20})?")


@dataclass(frozen=True, slots=True)
class TextCodec:
    """How one string becomes a value; ``read`` is None where the string is the value."""

    read: Reader | None
    write: Writer = str


PLAIN_TEXT = TextCodec(None)


def read_integer(text: str) -> int:
    """Return a whole number as libvirt writes it, decimal or ``0x…``.

    Raises:
        ValueError: It is none, or lies outside ±2⁶⁴.
    """
    if text.isdigit() and len(text) <= _SAFE_DIGITS and text.isascii():
        return int(text)
    stripped = text.strip()
    if not _INTEGER.fullmatch(stripped):
        raise ValueError(f"{stripped[:40]!r} is no whole number")
    number = int(stripped, 16 if stripped[1:2] in {"x", "X"} else 10)
    if abs(number) > _INTEGER_MAX:
        raise ValueError(f"{stripped[:40]!r} is past 2⁶⁴")
    return number


class _Integers(dict[str, object]):
    """Whole numbers by their text; most in a document are small."""

    def __missing__(self, text: str) -> int:
        return read_integer(text)


def _fraction(text: str) -> Decimal:
    if not _FRACTION.fullmatch(text.strip()):
        raise ValueError(f"{text[:40]!r} is no number such as 2.5")
    return Decimal(text.strip())


class _OpenWords(dict[str, object]):
    """The words of an enum; one that it does not know stands for itself."""

    def __missing__(self, word: str) -> str:
        return word


class _TwoWords(dict[str, object]):
    """The two words of a yes or no."""

    def __missing__(self, word: str) -> object:
        yes, no = self
        raise ValueError(f"{word[:40]!r} is neither {yes!r} nor {no!r}")


def _flag(yes: str, no: str) -> TextCodec:
    return TextCodec(_TwoWords({yes: True, no: False}).__getitem__, lambda on: yes if on else no)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text.strip())
    except ValueError:
        raise ValueError(f"{text[:40]!r} is no UUID") from None


def _parsed(kind: Callable[[str], object]) -> Reader:
    def read(text: str) -> object:
        try:
            return kind(text)
        except SpecError as exc:
            raise ValueError(str(exc)) from exc

    return read


_BY_NAME: Mapping[str, TextCodec] = {
    "yes-no": _flag("yes", "no"),
    "on-off": _flag("on", "off"),
    "up-down": _flag("up", "down"),
    "hex": TextCodec(read_integer, lambda number: f"0x{number:04x}"),
    "hex-6": TextCodec(read_integer, lambda number: f"0x{number:06x}"),
}

_BY_TYPE: Mapping[type, TextCodec] = {
    str: PLAIN_TEXT,
    int: TextCodec(_Integers({str(number): number for number in range(256)}).__getitem__),
    Decimal: TextCodec(_fraction, lambda number: f"{number:f}"),
    bool: _BY_NAME["yes-no"],
    UUID: TextCodec(_uuid),
    MacAddress: TextCodec(_parsed(MacAddress)),
    CpuSet: TextCodec(_parsed(CpuSet.parse)),
}


@cache
def text_codec(kind: type, name: str = "") -> TextCodec:
    """Return the codec of a field's type, or the one it asks for by name.

    Raises:
        TypeError: The model declares a type that no codec serves.
    """
    if name:
        return _BY_NAME[name]
    if issubclass(kind, StrEnum):
        return TextCodec(_OpenWords({member.value: member for member in kind}).__getitem__)
    try:
        return _BY_TYPE[kind]
    except KeyError:
        raise TypeError(f"no codec reads {kind}") from None


def text_of(element: Element) -> str:
    """Return all text of an element, as XPath's string() does: comments do not cut it.

    The white space around elements in it, as in the ``<nvram>`` of a network disk, is no text.
    """
    if not len(element):
        return element.text or ""
    pieces = cast("list[str]", element.xpath(".//text()", smart_strings=False))
    tags: set[object] = {child.tag for child in element}
    if tags != {etree.Comment}:
        pieces = [piece for piece in pieces if not piece.isspace()]
    return "".join(pieces)
