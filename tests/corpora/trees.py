"""Whether two documents are the same XML, and where they differ, node by node."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TypeAlias

from lxml import etree

Node: TypeAlias = etree._Element


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One node that is not the same in two documents.

    Attributes:
        path: Such as ``/domain/vcpu/@current``, ``/domain/name/text()``,
            ``/domain/devices/disk[2]`` or ``/domain/comment()[1]``; of a node that was added, in
            the second document.
        before: Its text in the first document; None if it was added.
        after: Its text in the second document; None if it was removed.
    """

    path: str
    before: str | None
    after: str | None

    def __str__(self) -> str:
        if self.before is None:
            return f"{self.path} was added: {self.after}"
        if self.after is None:
            return f"{self.path} was lost: {self.before}"
        return f"{self.path} was {self.before!r}, is {self.after!r}"


def canonical(xml: str | bytes) -> bytes:
    """Return the canonical XML of a document, comments included, whitespace-only text dropped."""
    return etree.tostring(_tree(xml), method="c14n", with_comments=True)


def differences(before: str | bytes, after: str | bytes) -> tuple[Difference, ...]:
    """Return every node that differs; nothing exactly when :func:`canonical` is the same."""
    if canonical(before) == canonical(after):
        return ()
    found = tuple(_compare_all(_top(before), _top(after), ""))
    # Which of two prefixes for one namespace an attribute has, lxml does not tell.
    return found or (Difference(path="/", before="other prefixes", after="of attributes"),)


def _tree(xml: str | bytes) -> etree._ElementTree:
    data = xml.encode() if isinstance(xml, str) else xml
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, encoding="utf-8" if isinstance(xml, str) else None
    )
    tree = etree.fromstring(data, parser).getroottree()
    for node in tree.iter():
        if _is_element(node) and node.text and not node.text.strip():
            node.text = None
        if node.tail and not node.tail.strip():
            node.tail = None
    return tree


def _top(xml: str | bytes) -> list[Node]:
    """Return the root and the comments around it, in order."""
    root = _tree(xml).getroot()
    return [*reversed([*root.itersiblings(preceding=True)]), root, *root.itersiblings()]


def _compare_all(before: list[Node], after: list[Node], path: str) -> Iterator[Difference]:
    """Yield how two rows of siblings differ; equal ones are matched first, then namesakes."""
    matcher = SequenceMatcher(None, [*map(_bytes, before)], [*map(_bytes, after)], autojunk=False)
    for kind, start, end, other_start, other_end in matcher.get_opcodes():
        if kind == "equal":
            continue
        names = [*map(_name, before[start:end])], [*map(_name, after[other_start:other_end])]
        pairs = SequenceMatcher(None, *names, autojunk=False)
        for sort, i, j, k, m in pairs.get_opcodes():
            ours, theirs = before[start + i : start + j], after[other_start + k : other_start + m]
            if sort == "equal":
                for one, other in zip(ours, theirs, strict=True):
                    yield from _compare(one, other, _step(path, one))
            else:
                yield from (_gone(node, path) for node in ours)
                yield from (_new(node, path) for node in theirs)


def _compare(before: Node, after: Node, path: str) -> Iterator[Difference]:
    old, new = _parts(before), _parts(after)
    for name in {**old, **new}:
        if old.get(name) != new.get(name):
            yield Difference(path=f"{path}/{name}", before=old.get(name), after=new.get(name))
    yield from _compare_all([*before], [*after], path)


def _parts(node: Node) -> dict[str, str]:
    """Return what a node has itself: attributes, namespaces, and its text between children."""
    parts = {f"@{name!s}": str(value) for name, value in node.items()}
    inherited = {} if (parent := node.getparent()) is None else parent.nsmap
    for prefix, uri in node.nsmap.items():
        if inherited.get(prefix) != uri:
            parts["@xmlns" + (f":{prefix}" if prefix else "")] = uri
    texts = [node.text, *(child.tail for child in node)]
    for number, text in enumerate(texts):
        if text:
            parts["text()" if number == 0 else f"text()[{number + 1}]"] = text
    return parts


def _is_element(node: Node) -> bool:
    tag: object = node.tag
    return isinstance(tag, str)


def _bytes(node: Node) -> bytes:
    if not _is_element(node):
        return etree.tostring(node, with_tail=False)  # lxml crashes on a comment's canonical form
    return etree.tostring(node, method="c14n", with_comments=True, with_tail=False)


def _name(node: Node) -> str:
    if not _is_element(node):
        return "comment()" if isinstance(node, etree._Comment) else "processing-instruction()"
    local = etree.QName(node).localname
    return f"{node.prefix}:{local}" if node.prefix else local


def _step(path: str, node: Node) -> str:
    name = _name(node)
    earlier = sum(_name(other) == name for other in node.itersiblings(preceding=True))
    alone = not earlier and all(_name(other) != name for other in node.itersiblings())
    return f"{path}/{name}" if alone else f"{path}/{name}[{earlier + 1}]"


def _gone(node: Node, path: str) -> Difference:
    return Difference(path=_step(path, node), before=_bytes(node).decode(), after=None)


def _new(node: Node, path: str) -> Difference:
    return Difference(path=_step(path, node), before=None, after=_bytes(node).decode())
