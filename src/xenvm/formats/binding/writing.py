"""A value of the model → an element: its own, with no more changed than the fields that changed."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from lxml import etree

from xenvm.errors import SpecError
from xenvm.formats._xml import Element
from xenvm.model.residue import Modelled

from .plan import Binding, Choice, Plan, Spot, plan_of
from .reading import as_read, element_of, nodes_of, read_element
from .tree import (
    TreeResidue,
    copied,
    detached,
    element_text,
    found,
    insert,
    made,
    permute,
    prune,
    put,
    remove,
)

NOTHING: tuple[object, ...] = (None, (), "")
"""What is written by writing nothing, where nothing stands yet."""


def format_element(value: Modelled, tag: str) -> str:
    """Return the text of ``value``'s element; its own document when it was read from a whole one.

    A value that nobody changed is written as it was.

    Raises:
        SpecError: The XML cannot say what a field says; names the field.
    """
    plan, residue = plan_of(type(value)), value.residue
    if not isinstance(residue, TreeResidue):
        root = etree.Element(tag)
        _write_all(plan, root, value, {})
        etree.indent(root)
        return etree.tostring(root, encoding="unicode") + "\n"
    document, is_whole = residue.document, residue.number == 0
    is_unchanged = residue.is_original or value == as_read(value)
    if is_unchanged and is_whole and document.text is not None:
        return document.text
    node = nodes_of(document)[residue.number]
    if is_unchanged:
        return element_text(node)
    root, copies = copied(node) if node.getparent() is None else detached(node)
    _write_all(plan, root, value, copies)
    return document.framed(element_text(root)) if is_whole else element_text(root)


def _write_all(plan: Plan, root: Element, value: Modelled, copies: dict[Element, Element]) -> None:
    """Write what changed, and what a reader would take from elsewhere because it changed.

    Raises:
        SpecError: The XML cannot say what a field says; names the field.
    """
    patch = Patch(copies)
    patch.write(plan, root, value)
    differing = _differing(plan, root, value)
    if differing:  # a field that was left out had the value of another that changed
        patch.write_fields(plan, root, value, differing)
        differing = _differing(plan, root, value)
    if differing:
        names = ", ".join(plan.names[index] for index in differing)
        raise SpecError(f"libvirt's XML cannot say {names} of {value!r:.80}")


def _differing(plan: Plan, root: Element, value: Modelled) -> list[int]:
    told = plan.values_of(read_element(plan.kind, root))
    return [i for i, ours in enumerate(plan.values_of(value)) if ours != told[i]]


@dataclass(frozen=True, slots=True)
class Patch:
    """Changes a tree that is ours until its fields say what a value says.

    Attributes:
        copies: For each element that was read and copied into our tree, the copy.
    """

    copies: dict[Element, Element]

    def write(self, plan: Plan, element: Element, value: Modelled) -> None:
        """Write the fields that differ from what was read, or all that say something."""
        new, old = plan.values_of(value), _as_read(value)
        if old:
            changed = {i for i, item in enumerate(new) if item != old[i]}
        else:
            changed = {i for i, item in enumerate(new) if item not in NOTHING}
        moved = {
            i
            for i, place in enumerate(plan.places)
            if isinstance(place, Choice) and place.by in changed
        }
        self.write_fields(plan, element, value, sorted(changed | moved))

    def write_fields(
        self, plan: Plan, element: Element, value: Modelled, indices: Sequence[int]
    ) -> None:
        """Write the fields with these numbers.

        Raises:
            SpecError: A text has a character that XML cannot carry; names the field.
        """
        values = plan.values_of(value)
        stale = [binding for index in indices for binding in _not_chosen(plan, index, values)]
        for binding in stale:
            _clear(element, binding)
        for index in indices:
            try:
                self._write_field(plan, element, value, index)
            except ValueError as exc:
                raise SpecError(f"{plan.names[index]} {values[index]!r:.60}: {exc}") from exc
        for binding in stale:
            _prune_path(element, binding.path)

    def _write_field(self, plan: Plan, owner: Element, value: Modelled, index: int) -> None:
        values, old = plan.values_of(value), _as_read(value)
        binding = _chosen(plan, index, values)
        if binding is None:
            return
        if binding.items is not None:
            read = _items(old[index]) if old else ()
            self._write_items(plan.spot, owner, binding, (read, _items(values[index])))
        elif binding.many:
            _write_texts(plan.spot, owner, binding, cast("Sequence[object]", values[index]))
        else:
            _write_one(plan.spot, owner, binding, values[index])

    def _write_items(
        self,
        spot: Spot,
        owner: Element,
        binding: Binding,
        items: tuple[Sequence[Modelled], Sequence[Modelled]],
    ) -> None:
        """Write the second of two lists of items, where the first was read."""
        before = found(owner, binding.path)
        nodes = self._known_nodes(*items, set(before))
        after = []
        for number, item in enumerate(items[1]):
            node, is_equal = nodes.get(number) or (self._new_node(item, binding.path[-1]), False)
            if not is_equal:
                self.write(plan_of(type(item)), node, item)
            after.append(node)
        _place(spot, owner, binding.path, before, after)

    def _known_nodes(
        self, read: Sequence[Modelled], items: Sequence[Modelled], free: set[Element]
    ) -> dict[int, tuple[Element, bool]]:
        """Return for the numbers of some items ``(element, whether it says the item already)``."""
        known: dict[int, tuple[Element, bool]] = {}
        for number, item in enumerate(items):
            node = self._copy_of(item)
            if node is not None and node in free:
                free.discard(node)
                known[number] = node, False
        # Another document's item, or a program's, may equal one that stands here.
        equal: dict[Modelled, list[Element]] = {}
        for item in read:
            node = self._copy_of(item)
            if node is not None and node in free:
                equal.setdefault(item, []).append(node)
        for number, item in enumerate(items):
            if number not in known and equal.get(item):
                known[number] = equal[item].pop(0), True
        return known

    def _copy_of(self, item: Modelled) -> Element | None:
        """Return the copy in our tree of the element that an item was read from, if it is here."""
        node = element_of(item)
        return None if node is None else self.copies.get(node)

    def _new_node(self, item: Modelled, tag: str) -> Element:
        """Return an element for an item that has none here, with all that its own says."""
        node = element_of(item)
        if node is None:
            return made(tag)
        copy, copies = detached(node)
        copy.tag = tag  # a serial port that becomes a console
        self.copies.update(copies)
        return copy


def _as_read(value: Modelled) -> tuple[object, ...]:
    """Return the fields that a value had in its document; nothing for one that has none."""
    read = as_read(value)
    return () if read is None else plan_of(type(read)).values_of(read)


def _items(field: object) -> Sequence[Modelled]:
    if isinstance(field, Modelled):
        return (field,)
    return cast("Sequence[Modelled]", field or ())


def _chosen(plan: Plan, index: int, values: Sequence[object]) -> Binding | None:
    place = plan.places[index]
    return place.cases.get(str(values[place.by])) if isinstance(place, Choice) else place


def _not_chosen(plan: Plan, index: int, values: Sequence[object]) -> list[Binding]:
    place, chosen = plan.places[index], _chosen(plan, index, values)
    cases = place.cases.values() if isinstance(place, Choice) else ()
    return [binding for binding in cases if binding is not chosen]


def _clear(owner: Element, binding: Binding) -> None:
    """Take out what says a field, and leave what it stands in."""
    for element in found(owner, binding.path):
        if binding.attribute:
            element.attrib.pop(binding.attribute, "")
        elif binding.items or binding.element:
            remove(element)
        else:
            element.text = None
    if binding.mirror:
        _clear(owner, binding.mirror)


def _prune_path(owner: Element, path: Sequence[str]) -> None:
    """Take out what says nothing any more of the elements on a path, the deepest first."""
    for length in range(len(path), 0, -1):
        for element in found(owner, path[:length]):
            prune(element)


def _holders(spot: Spot, owner: Element, binding: Binding) -> list[tuple[Element, Binding]]:
    """Return the elements that say a field already, by which binding; one is made if none does."""
    there = []
    for place in (binding, binding.mirror):
        if place and place.attribute:
            has_it = (each for each in found(owner, place.path) if place.attribute in each.attrib)
            there += [(element, place) for element in itertools.islice(has_it, 1)]
    return there or [(_ensured(spot, owner, binding.path), binding)]


def _write_one(spot: Spot, owner: Element, binding: Binding, value: object) -> None:
    if value is None or value == "" or (value is False and binding.is_presence):
        _clear(owner, binding)
        _prune_path(owner, binding.path)
        return
    for element, place in _holders(spot, owner, binding):
        _write_value(element, place, value)


def _write_value(element: Element, binding: Binding, value: object) -> None:
    if binding.element is not None:
        binding.element.write(element, value)
    elif binding.attribute:
        element.set(binding.attribute, binding.text.write(value))
    elif any(isinstance(child.tag, str) for child in element):
        raise ValueError("there are elements where its text would stand")
    else:
        element.text = binding.text.write(value)
        for comment in element:  # what stood behind it was text of the element, too
            comment.tail = None


def _write_texts(spot: Spot, owner: Element, binding: Binding, values: Sequence[object]) -> None:
    before = found(owner, binding.path)
    after = [*before[: len(values)], *(made(binding.path[-1]) for _ in values[len(before) :])]
    for element, value in zip(after, values, strict=True):
        _write_value(element, binding, value)
    _place(spot, owner, binding.path, before, after)


def _ensured(spot: Spot, owner: Element, path: Sequence[str]) -> Element:
    """Return the first element at ``path``, made where it belongs if there is none."""
    for tag in path:
        child = next((each for each in owner if each.tag == tag), None)
        if child is None:
            child = made(tag)
            insert(owner, child, spot.children)
        owner, spot = child, spot.children[tag]
    return owner


def _place(
    spot: Spot,
    owner: Element,
    path: Sequence[str],
    before: Sequence[Element],
    after: Sequence[Element],
) -> None:
    """Make ``after`` the elements at ``path``; those that stay in order do not move."""
    known, wanted = set(before), set(after)
    for element in before:
        if element not in wanted:
            remove(element)
    if not after:
        _prune_path(owner, path[:-1])
        return
    permute([e for e in before if e in wanted], [e for e in after if e in known])
    for step in path[:-1]:
        holder = _ensured(spot, owner, [step])
        spot, owner = spot.children[step], holder
    previous: Element | None = None
    for element in after:
        if element not in known:
            put(owner, element, spot.children, previous)
        previous = element
