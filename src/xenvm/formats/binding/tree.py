"""The tree that a value was read from, and the few changes that are made to a copy of it."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Sequence
from typing import cast

from lxml import etree

from xenvm.formats._xml import Element
from xenvm.model.mapping import NAMESPACES
from xenvm.model.residue import Modelled, Residue

_DECLARATION = re.compile(r"\s*<\?xml\s[^>]*\?>\s*")


class Document:
    """What values were read from: a text, of which a tree is made again when one is needed.

    A tree is twenty times its text, and most values are never changed.

    Attributes:
        kind: The class of the value that the root describes.
        text: The text; None when only a tree was given.
        nodes: The elements that are values, in the order in which they were read, the root first;
            empty while there is no tree. Nobody changes them.
        parts: The values as they were read, by the numbers of their elements; empty while nobody
            has asked.
    """

    __slots__ = ("kind", "nodes", "parts", "text")

    def __init__(self, kind: type[Modelled], text: str | None):
        self.kind = kind
        self.text = text
        self.nodes: list[Element] = []
        self.parts: dict[int, Modelled] = {}

    def __reduce__(self) -> tuple[object, ...]:
        text = element_text(self.nodes[0]) if self.text is None else self.text
        return Document, (self.kind, text)

    def framed(self, xml: str) -> str:
        """Return new XML of the root, with the declaration and the line end of the old."""
        text = self.text or ""
        declaration = _DECLARATION.match(text)
        return (declaration[0] if declaration else "") + xml + ("\n" if text.endswith("\n") else "")


class TreeResidue(Residue):
    """Where a value was read.

    Attributes:
        document: What it was read from.
        number: Of its element among the document's nodes.
        is_original: Whether the value is surely the one that was read; else it may be another that
            was made of it.
    """

    __slots__ = ("document", "is_original", "number")

    def __init__(self, document: Document, number: int):
        self.document = document
        self.number = number
        self.is_original = False

    def carried(self) -> TreeResidue:
        """Return the residue of a value that was made of the one that was read."""
        return TreeResidue(self.document, self.number) if self.is_original else self

    def __reduce__(self) -> tuple[object, ...]:
        return TreeResidue, (self.document, self.number)


def element_text(node: Element) -> str:
    """Return the XML of an element; with what is around it if it is its document's root."""
    if node.getparent() is not None or not _has_neighbours(node):
        return etree.tostring(node, encoding="unicode", with_tail=False)
    # libxml2 keeps no line ends outside the root element.
    parts = [*reversed([*node.itersiblings(preceding=True)]), node, *node.itersiblings()]
    return "\n".join(etree.tostring(part, encoding="unicode", with_tail=False) for part in parts)


def _has_neighbours(root: Element) -> bool:
    return root.getprevious() is not None or root.getnext() is not None


def holder_of(element: Element) -> Element:
    """Return what an element stands in; it is no root."""
    return cast("Element", element.getparent())


def made(tag: str) -> Element:
    """Return a new element, with the prefix of its namespace that the model uses."""
    namespace = etree.QName(tag).namespace
    return etree.Element(
        tag, nsmap={name: uri for name, uri in NAMESPACES.items() if uri == namespace}
    )


def copied(root: Element) -> tuple[Element, dict[Element, Element]]:
    """Return a copy of a whole document's root, and each old element's new one."""
    tree = copy.deepcopy(root.getroottree())
    new = tree.getroot()
    return new, dict(zip(root.iter(), new.iter(), strict=True))


def detached(node: Element) -> tuple[Element, dict[Element, Element]]:
    """Return a copy of an element, fit to be put in elsewhere, and each old element's new one."""
    new = copy.deepcopy(node)
    new.tail = None
    return new, dict(zip(node.iter(), new.iter(), strict=True))


def insert(parent: Element, child: Element, order: Iterable[str]) -> None:
    """Put ``child`` where its tag belongs among the children, indented as they are.

    Args:
        parent: Where it goes.
        child: It is in no tree.
        order: Tags in the order in which they are written; unknown ones may stand anywhere.
    """
    ranks = {tag: rank for rank, tag in enumerate(order)}
    mine = ranks[str(child.tag)]
    index = 0
    for number, sibling in enumerate(parent):
        if ranks.get(sibling.tag, len(ranks)) <= mine:
            index = number + 1
    _insert_at(parent, child, index)


def put(parent: Element, child: Element, order: Iterable[str], previous: Element | None) -> None:
    """Put ``child`` behind ``previous``, or before all of its kind when that is None."""
    if previous is not None:
        holder = holder_of(previous)
        _insert_at(holder, child, holder.index(previous) + 1)
        return
    first = next((each for each in parent if each.tag == child.tag), None)
    if first is None:
        insert(parent, child, order)
    else:
        _insert_at(parent, child, parent.index(first))


def permute(before: Sequence[Element], after: Sequence[Element]) -> None:
    """Put ``after``, the same elements in another order, where ``before`` stand."""
    if before == after:
        return
    marks = [etree.Element("mark") for _ in before]
    for old, new in (*zip(before, marks, strict=True), *zip(marks, after, strict=True)):
        new.tail, old.tail = old.tail, None
        holder_of(old).replace(old, new)


def _insert_at(parent: Element, child: Element, index: int) -> None:
    _indent(parent, child, index)
    parent.insert(index, child)


def _indent(parent: Element, child: Element, index: int) -> None:
    """Give ``child`` the white space of a neighbour, so that a person's layout stays."""
    if not len(parent):
        _indent_first(parent, child)
        return
    before = parent[index - 1] if index else None
    if before is None:
        child.tail = parent.text
    else:
        inner = parent.text if index == len(parent) else before.tail
        child.tail, before.tail = before.tail, inner
    _indent_below(child, parent.text)


def _indent_first(parent: Element, child: Element) -> None:
    above = parent.getparent()
    if above is None or not (above.text or "").startswith("\n"):
        return
    inner = f"{above.text}  "
    parent.text, child.tail = inner, above.text
    _indent_below(child, inner)


def _indent_below(child: Element, margin: str | None) -> None:
    """Lay out what is below a new element as deep as its neighbours are."""
    if margin and margin.startswith("\n") and len(child) and not (child.text or "").strip():
        tail = child.tail
        etree.indent(child, space="  ", level=len(margin.rpartition("\n")[2]) // 2)
        child.tail = tail


def remove(child: Element) -> None:
    """Take an element out, and the white space before it."""
    parent = holder_of(child)
    before = child.getprevious()
    if child.getnext() is None:  # the last one: what follows closes the parent
        if before is None:
            parent.text = None if len(parent) == 1 else parent.text
        else:
            before.tail = child.tail
    parent.remove(child)


def found(owner: Element, path: Sequence[str]) -> list[Element]:
    """Return all elements at ``path`` below ``owner``, in the document's order."""
    elements = [owner]
    for tag in path:
        elements = [child for element in elements for child in element if child.tag == tag]
    return elements


def prune(element: Element) -> None:
    """Take out an element that says nothing any more."""
    if not (len(element) or element.attrib or (element.text or "").strip()):
        remove(element)
