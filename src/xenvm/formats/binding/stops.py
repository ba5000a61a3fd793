"""Where the reader stops on its way through a class's element, and what it takes there.

Every domain of a host is read for each question about it, so what can be decided once for a class
is: each place has its own small function, made when the class is first read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from xenvm.formats._xml import Element, refuse
from xenvm.model.residue import Modelled

from .codecs import Reader, text_of
from .plan import Binding, Choice, Plan
from .tree import Document

Values = list[Any]

Taker = Callable[[Element, Values, Document], None]
"""Takes what an element says into the values that are being read."""

Sayer = Callable[[Element, Document], object]
"""Returns what an element says of one field, or None."""

ItemReader = Callable[[type[Modelled], Element, Document], Modelled]


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How the reader goes through a class's element.

    Attributes:
        plan: The class's plan.
        take: Takes what the element says.
        blank: The values of an element that says nothing: those of the fields, then None for each
            element that a choice looks at.
        many: The numbers of the fields that are tuples.
        choices: For each choice, the number of the field that decides, and by its value
            ``(number of the element, taker)``.
    """

    plan: Plan
    take: Taker
    blank: Values
    many: tuple[int, ...]
    choices: tuple[tuple[int, Mapping[str, tuple[int, Taker]]], ...]


@dataclass(slots=True)
class Stop:
    """An element on the reader's way, while the way is surveyed.

    Attributes:
        attributes: For each attribute ``(number of the value, what it is as yet, reader)``.
        takers: For its text, or the whole of it.
        below: The stops below it, by tag.
    """

    attributes: dict[str, tuple[int, object, Reader | None]] = field(default_factory=dict)
    takers: list[Taker] = field(default_factory=list)
    below: dict[str, Stop] = field(default_factory=dict)

    def at(self, path: tuple[str, ...]) -> Stop:
        """Return the stop at ``path`` below this one."""
        stop = self
        for tag in path:
            stop = stop.below.setdefault(tag, Stop())
        return stop

    def taker(self) -> Taker:
        """Return what takes all that there is to take here and below."""
        takers = [*self.takers]
        if self.below:
            takers.append(_children_taker({tag: stop.taker() for tag, stop in self.below.items()}))
        if self.attributes or len(takers) != 1:
            return _attributes_taker(self.attributes, tuple(takers))
        return takers[0]


def survey(plan: Plan, read_item: ItemReader) -> Way:
    """Return the way through a class's element.

    Args:
        plan: The class's plan.
        read_item: Reads an element that is a value of its own.
    """
    start, blank, choices = Stop(), list(plan.lacking), []
    for index, place in enumerate(plan.places):
        if isinstance(place, Choice):
            kept = _kept(start, place, blank)
            cases = {
                word: (kept[binding.path], _field_taker(index, binding, blank[index], read_item))
                for word, binding in place.cases.items()
            }
            choices.append((place.by, cases))
        else:
            _register(start, index, place, blank[index], read_item)
    return Way(
        plan=plan,
        take=start.taker(),
        blank=blank,
        many=tuple(i for i, b in enumerate(plan.places) if isinstance(b, Binding) and b.many),
        choices=tuple(choices),
    )


def _register(
    start: Stop, index: int, binding: Binding, blank: object, read_item: ItemReader
) -> None:
    stop = start.at(binding.path)
    if binding.attribute is None or binding.many:
        stop.takers.append(_field_taker(index, binding, blank, read_item))
    elif binding.attribute in stop.attributes:
        raise TypeError(f"two fields are read from the attribute {binding.attribute}")
    else:
        stop.attributes[binding.attribute] = (index, blank, binding.text.read)
    if binding.mirror:
        _register(start, index, binding.mirror, blank, read_item)


def _kept(start: Stop, choice: Choice, blank: Values) -> dict[tuple[str, ...], int]:
    """Return the numbers under which elements are kept that a choice looks at, by their paths."""
    kept: dict[tuple[str, ...], int] = {}
    for binding in choice.cases.values():
        if binding.path not in kept:
            kept[binding.path] = len(blank)
            start.at(binding.path).takers.append(_keeper(len(blank)))
            blank.append(None)
    return kept


def _keeper(index: int) -> Taker:
    def keep(element: Element, values: Values, _: Document) -> None:
        if values[index] is None:
            values[index] = element

    return keep


def _children_taker(below: Mapping[object, Taker]) -> Taker:
    def take(element: Element, values: Values, document: Document) -> None:
        for child in element:
            tag = child.tag
            if tag in below:
                below[tag](child, values, document)

    return take


def _attributes_taker(
    attributes: Mapping[Any, tuple[int, object, Reader | None]], others: tuple[Taker, ...]
) -> Taker:
    def take(element: Element, values: Values, document: Document) -> None:
        for name, text in element.items():
            if name in attributes:
                index, blank, read = attributes[name]
                if values[index] is blank:
                    try:
                        values[index] = text if read is None else read(text)
                    except ValueError as exc:
                        refuse(element, str(exc), str(text), cause=exc)
        for each in others:
            each(element, values, document)

    return take


def _field_taker(index: int, binding: Binding, blank: object, read_item: ItemReader) -> Taker:
    """Return what takes a field's value: all that there are, or the first that says something."""
    say = _sayer(binding, read_item)

    def take(element: Element, values: Values, document: Document) -> None:
        if values[index] is blank:
            said = say(element, document)
            if said is not None:
                values[index] = said

    def gather(element: Element, values: Values, document: Document) -> None:
        said = say(element, document)
        if said is None:
            return
        if values[index] is blank:
            values[index] = []
        values[index].append(said)

    return gather if binding.many else take


def _sayer(binding: Binding, read_item: ItemReader) -> Sayer:
    if binding.items is not None:
        plain = partial(read_item, binding.items)
        return _variant_sayer(binding, read_item) if binding.variants else plain
    if binding.element is not None:
        return _element_sayer(binding.element.read)
    if binding.attribute is not None:
        return _attribute_sayer(binding.attribute, binding.text.read)
    return _text_sayer(binding.text.read)


def _variant_sayer(binding: Binding, read_item: ItemReader) -> Sayer:
    def say(element: Element, document: Document) -> object:
        kind = binding.variants.get(element.get("type", ""), binding.items)
        return None if kind is None else read_item(kind, element, document)

    return say


def _element_sayer(read: Callable[[Element], object]) -> Sayer:
    def say(element: Element, _: Document) -> object:
        try:
            return read(element)
        except ValueError as exc:
            refuse(element, str(exc), text_of(element), cause=exc)

    return say


def _attribute_sayer(attribute: str, read: Reader | None) -> Sayer:
    def say(element: Element, _: Document) -> object:
        text = element.get(attribute)
        try:
            return text if text is None or read is None else read(text)
        except ValueError as exc:
            refuse(element, str(exc), text or "", cause=exc)

    return say


def _text_sayer(read: Reader | None) -> Sayer:
    def say(element: Element, _: Document) -> object:
        text = (text_of(element) if len(element) else element.text) or None
        try:
            return text if text is None or read is None else read(text)
        except ValueError as exc:
            refuse(element, str(exc), text or "", cause=exc)

    return say
