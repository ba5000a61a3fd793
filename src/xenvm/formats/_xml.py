"""Hardened reading of XML, and small typed looks into the tree."""

from __future__ import annotations

import re
from functools import cache
from typing import NoReturn, TypeAlias

from lxml import etree

from xenvm.errors import ParseError

Element: TypeAlias = etree._Element  # noqa: SLF001 - lxml has no public name for it

XML_MAX_BYTES = 16 * 1024 * 1024
"""The most that we read; libvirt's own RPC limit for a string is 4 MiB."""

XML_MAX_ELEMENTS = 1 << 16
"""The most that we read; a domain with 128 VBDs has about 700."""

_DECLARED = re.compile(r"\s*<\?xml[^>]*\sencoding\s*=\s*['\"]([^'\"]*)")
_ELEMENT_BYTES = len("<a/>")


def read_xml(text: str | bytes, root_tag: str, *, blanks: bool = True) -> Element:
    """Return a document's root, read without entities, DTD, network or unbounded growth.

    Args:
        text: The document.
        root_tag: What its root is called.
        blanks: Whether the tree has the white space between elements; without it is faster read.

    Raises:
        ParseError: It is too big, not well-formed, has a DTD, or its root is not ``root_tag``.
    """
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if len(data) > XML_MAX_BYTES:
        raise ParseError(f"the XML has {len(data)} bytes: at most {XML_MAX_BYTES} are read")
    try:
        root = parse_xml(data, "utf-8" if isinstance(text, str) else None, blanks=blanks)
    except etree.XMLSyntaxError as exc:
        shown = data[:200].decode(errors="replace")
        said = " ".join((exc.msg or "").split())
        raise ParseError(f"this is no XML: {said}", text=shown, line=exc.lineno) from exc
    if root.getroottree().docinfo.internalDTD is not None:
        raise ParseError("XML with a document type is not read: it could define entities")
    if len(data) > XML_MAX_ELEMENTS * _ELEMENT_BYTES:
        _check_size(root)
    if root.tag != root_tag:
        refuse(root, f"expected <{root_tag}>, found <{root.tag}>")
    return root


def plain_text(text: str | bytes) -> str | None:
    """Return the text of a document that was read, if it stays true when it is written as UTF-8.

    Returns:
        None for a document that names, or has, another encoding.
    """
    try:
        plain = text.decode("utf-8") if isinstance(text, bytes) else text
    except UnicodeDecodeError:
        return None
    declared = _DECLARED.match(plain)
    return None if declared and declared[1].lower() != "utf-8" else plain


def _check_size(root: Element) -> None:
    elements = int(str(root.xpath("count(//*)")).partition(".")[0])
    if elements > XML_MAX_ELEMENTS:
        raise ParseError(f"the XML has {elements} elements: at most {XML_MAX_ELEMENTS} are read")


def parse_xml(data: bytes, encoding: str | None, *, blanks: bool = True) -> Element:
    """Return a document's root, read without entities, DTD, network or unbounded growth.

    Args:
        data: The document.
        encoding: Its encoding, or None for the one that it names.
        blanks: Whether the tree has the white space between elements.

    Raises:
        etree.XMLSyntaxError: It is not well-formed.
    """
    return etree.fromstring(data, _parser(encoding, blanks=blanks))


@cache
def _parser(encoding: str | None, *, blanks: bool) -> etree.XMLParser:
    """Return a parser; making one takes as long as reading a small document with it."""
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        strip_cdata=False,
        collect_ids=False,
        remove_blank_text=not blanks,
        encoding=encoding,
    )


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
