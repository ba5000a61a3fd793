"""Hardened reading of XML, and small typed looks into the tree."""

from __future__ import annotations

from enum import StrEnum
from typing import NoReturn, TypeAlias, TypeVar

from lxml import etree

from xenvm.errors import ParseError

Element: TypeAlias = etree._Element  # noqa: SLF001 - lxml has no public name for it
Word = TypeVar("Word", bound=StrEnum)

XML_MAX_BYTES = 16 * 1024 * 1024
"""The most that we read; libvirt's own RPC limit for a string is 4 MiB."""

_DIGITS_MAX = 20
"""Of 2⁶⁴; a longer number cannot be libvirt's."""

_UNIT_BYTES = {
    "b": 1, "bytes": 1,
    "k": 1024, "kib": 1024, "kb": 1000,
    "m": 1024**2, "mib": 1024**2, "mb": 1000**2,
    "g": 1024**3, "gib": 1024**3, "gb": 1000**3,
    "t": 1024**4, "tib": 1024**4, "tb": 1000**4,
}  # fmt: skip
"""libvirt's scaled integers (formatdomain, "memory"), in lower case."""


def read_xml(text: str | bytes, root_tag: str) -> Element:
    """Return a document's root, read without entities, DTD, network or unbounded growth.

    Raises:
        ParseError: It is too big, not well-formed, has a DTD, or its root is not ``root_tag``.
    """
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if len(data) > XML_MAX_BYTES:
        raise ParseError(f"the XML has {len(data)} bytes: at most {XML_MAX_BYTES} are read")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        encoding="utf-8" if isinstance(text, str) else None,
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as exc:
        shown = data[:200].decode(errors="replace")
        raise ParseError(f"this is no XML: {exc.msg}", text=shown, line=exc.lineno) from exc
    if root.getroottree().docinfo.internalDTD is not None:
        raise ParseError("XML with a document type is not read: it could define entities")
    if root.tag != root_tag:
        refuse(root, f"expected <{root_tag}>, found <{root.tag}>")
    return root


def path_of(element: Element) -> str:
    """Return where an element is, such as ``/domain/devices/disk[2]``."""
    return element.getroottree().getpath(element)


def refuse(
    element: Element, message: str, text: str = "", *, cause: Exception | None = None
) -> NoReturn:
    """Say what is wrong with ``element``, and where.

    Raises:
        ParseError: Always.
    """
    path = path_of(element)
    seen: object = element.sourceline
    line = seen if isinstance(seen, int) else None
    raise ParseError(f"{path}: {message}", path=path, text=text, line=line) from cause


def child_text(parent: Element, path: str) -> str | None:
    """Return the stripped text at ``path`` below ``parent``, or None if there is none."""
    text = parent.findtext(path)
    return text.strip() or None if text else None


def attribute(parent: Element, path: str, name: str) -> str | None:
    """Return an attribute of the element at ``path`` below ``parent``, or None."""
    element = parent.find(path)
    return None if element is None else element.get(name)


def required(parent: Element, path: str) -> Element:
    """Return the element at ``path`` below ``parent``.

    Raises:
        ParseError: There is none.
    """
    element = parent.find(path)
    if element is None:
        refuse(parent, f"<{path}> is missing")
    return element


def whole_number(element: Element, text: str | None = None) -> int:
    """Return ``text``, or the element's own, as a number ≥ 0.

    Raises:
        ParseError: It is none.
    """
    shown = (element.text or "") if text is None else text
    digits = shown.strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _DIGITS_MAX):
        refuse(element, f"{digits[:40]!r} is no whole number", shown)
    return int(digits)


def memory_kib(element: Element) -> int:
    """Return a scaled integer of libvirt in KiB, rounded up as libvirt does.

    Raises:
        ParseError: The number or the unit is not one of libvirt's.
    """
    unit = element.get("unit", "KiB")
    if unit.lower() not in _UNIT_BYTES:
        refuse(element, f"{unit!r} is no unit of libvirt", unit)
    return -(-whole_number(element) * _UNIT_BYTES[unit.lower()] // 1024)


def word(element: Element, kind: type[Word], text: str) -> Word:
    """Return ``text`` as a member of ``kind``.

    Raises:
        ParseError: It is none.
    """
    try:
        return kind(text)
    except ValueError as exc:
        refuse(element, f"{text[:40]!r} is none of {', '.join(kind)}", text, cause=exc)
