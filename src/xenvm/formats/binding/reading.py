"""An element → a value of the model, in one pass over the tree."""

from __future__ import annotations

import threading
from typing import TypeVar, cast

from xenvm.formats._xml import Element, parse_xml, plain_text, read_xml
from xenvm.model.residue import Modelled, parts_of

from .plan import plan_of
from .program import ElementReader, compiled
from .tree import Document, TreeResidue

Kind = TypeVar("Kind", bound=Modelled)

_READERS: dict[type[Modelled], ElementReader] = {}

_GROWING = threading.Lock()


def read_element(kind: type[Kind], element: Element) -> Kind:
    """Return the value of ``kind`` that ``element`` describes; the rest is its residue.

    Where an element that can be there once is there twice, the first that says something counts.

    Args:
        kind: A class of the model.
        element: Nobody may change it afterwards.

    Raises:
        ParseError: Some text is not of its field's type; names path, line and text.
    """
    return cast("Kind", _reader_of(kind)(element, Document(kind, None)))


def read_document(kind: type[Kind], text: str | bytes, tag: str) -> Kind:
    """Return the value of ``kind`` that a document with the root ``tag`` describes.

    Raises:
        ParseError: It is no such document, or some text is not of its field's type; names path,
            line and text.
    """
    document = Document(kind, plain_text(text))
    # A tree that is thrown away needs no white space, unless it is of a text cut by comments.
    root = read_xml(text, tag, blanks=document.text is None or "<!" in document.text)
    value = cast("Kind", _reader_of(kind)(root, document))
    if document.text is not None:
        document.nodes = []
    return value


def nodes_of(document: Document) -> list[Element]:
    """Return the elements of a document that are values; nobody may change them."""
    with _GROWING:  # two threads must not make two trees of one document
        if not document.nodes and document.text is not None:
            again = Document(document.kind, None)
            _reader_of(document.kind)(parse_xml(document.text.encode(), "utf-8"), again)
            document.nodes = again.nodes
    return document.nodes


def as_read(value: Kind) -> Kind | None:
    """Return what a value was when it was read; None for one that a program made."""
    residue = value.residue
    if not isinstance(residue, TreeResidue):
        return None
    document = residue.document
    nodes = nodes_of(document)
    with _GROWING:
        if not document.parts:
            root = _reader_of(document.kind)(nodes[0], Document(document.kind, None))
            document.parts = {
                part.residue.number: part
                for part in parts_of(root)
                if isinstance(part.residue, TreeResidue)
            }
    return cast("Kind", document.parts[residue.number])


def element_of(value: Modelled) -> Element | None:
    """Return the element that a value was read from, which nobody may change; None without one."""
    residue = value.residue
    if not isinstance(residue, TreeResidue):
        return None
    return nodes_of(residue.document)[residue.number]


def numbered(value: Modelled) -> dict[int, Modelled]:
    """Return a value that was read and its parts, by the numbers of their elements in its own."""
    if not isinstance(value.residue, TreeResidue):
        return {}
    document = value.residue.document
    nodes = nodes_of(document)
    numbers = {node: number for number, node in enumerate(nodes[value.residue.number].iter())}
    return {
        numbers[nodes[part.residue.number]]: part
        for part in parts_of(value)
        if isinstance(part.residue, TreeResidue) and part.residue.document is document
    }


def _reader_of(kind: type[Modelled]) -> ElementReader:
    reader = _READERS.get(kind)
    if reader is None:
        reader = _READERS[kind] = compiled(plan_of(kind), _reader_of)
    return reader
