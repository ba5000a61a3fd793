"""An element → a value of the model, in one pass over the tree."""

from __future__ import annotations

import threading
from collections import deque
from itertools import repeat
from operator import call
from typing import TypeVar, cast

from xenvm.formats._xml import Element, parse_xml, plain_text, read_xml
from xenvm.model.residue import Modelled, parts_of

from .plan import plan_of, setter_of
from .stops import Way, survey
from .tree import Document, TreeResidue

Kind = TypeVar("Kind", bound=Modelled)

_WAYS: dict[type[Modelled], Way] = {}

_GROWING = threading.Lock()

_set_residue = setter_of(Modelled, "residue")


def read_element(kind: type[Kind], element: Element) -> Kind:
    """Return the value of ``kind`` that ``element`` describes; the rest is its residue.

    Where an element that can be there once is there twice, the first that says something counts.

    Args:
        kind: A class of the model.
        element: Nobody may change it afterwards.

    Raises:
        ParseError: Some text is not of its field's type; names path, line and text.
    """
    return cast("Kind", _read(kind, element, Document(kind, None)))


def read_document(kind: type[Kind], text: str | bytes, tag: str) -> Kind:
    """Return the value of ``kind`` that a document with the root ``tag`` describes.

    Raises:
        ParseError: It is no such document, or some text is not of its field's type; names path,
            line and text.
    """
    document = Document(kind, plain_text(text))
    value = cast("Kind", _read(kind, read_xml(text, tag), document))
    if document.text is not None:
        document.nodes = []
    return value


def nodes_of(document: Document) -> list[Element]:
    """Return the elements of a document that are values; nobody may change them."""
    with _GROWING:  # two threads must not make two trees of one document
        if not document.nodes and document.text is not None:
            again = Document(document.kind, None)
            _read(document.kind, parse_xml(document.text.encode(), "utf-8"), again)
            document.nodes = again.nodes
    return document.nodes


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


def _read(kind: type[Modelled], element: Element, document: Document) -> Modelled:
    way = _WAYS.get(kind)
    if way is None:
        way = _WAYS[kind] = survey(plan_of(kind), _read)
    plan, values = way.plan, way.blank.copy()
    number = len(document.nodes)
    document.nodes.append(element)
    way.take(element, values, document)
    for by, cases in way.choices:
        case = cases.get(str(values[by]))
        if case and values[case[0]] is not None:
            case[1](values[case[0]], values, document)
    if way.choices:
        del values[len(plan.names) :]
    for index in way.many:
        if values[index]:
            values[index] = tuple(values[index])
    # As the class's own __init__ would, without its detour.
    made = object.__new__(kind)
    deque(map(call, plan.setters, repeat(made), values), 0)
    if plan.finish is None:
        read = tuple(values)
    else:
        plan.finish(made)
        read = plan.values_of(made)
    _set_residue(made, TreeResidue(document, number, read))
    return made
