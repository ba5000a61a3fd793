"""What a class of the model says of its XML, compiled into what reader and writer follow."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from operator import attrgetter
from typing import Union, cast, get_args, get_origin, get_type_hints

from xenvm.model.mapping import DEFAULT, NAMESPACES, Place, place_of
from xenvm.model.quantities import CpuSet, PciAddress
from xenvm.model.residue import Modelled

from .codecs import PLAIN_TEXT, TextCodec, text_codec
from .elements import ELEMENT_CODECS, ElementCodec

_BLANKS: Mapping[type, object] = {str: "", int: 0, CpuSet: CpuSet(frozenset())}
"""What a document has for a field without a default that it lacks."""

_UNIONS = (types.UnionType, Union)


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """Where one field is, and how it is read and written there.

    Attributes:
        path: Tags from the owner's element to the one that holds it.
        attribute: The attribute that holds it, or None for the element's text or whole.
        text: How its string becomes a value.
        element: How its element becomes a value, instead of ``text``.
        items: The class of the value at the element, instead of both.
        variants: The classes instead of ``items``, by the element's ``type``.
        many: Whether the field is a tuple, one for each such element.
        is_presence: Whether the element says all by being there.
        mirror: A second place that says the same, or None.
    """

    path: tuple[str, ...]
    attribute: str | None = None
    text: TextCodec = PLAIN_TEXT
    element: ElementCodec | None = None
    items: type[Modelled] | None = None
    variants: Mapping[str, type[Modelled]] = field(default_factory=dict)
    many: bool = False
    is_presence: bool = False
    mirror: Binding | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A field whose place depends on the value of another.

    Attributes:
        by: The number of the field that decides.
        cases: For each of its values, the place.
    """

    by: int
    cases: Mapping[str, Binding]


@dataclass(frozen=True, slots=True)
class Spot:
    """An element that holds fields.

    Attributes:
        children: The spots below it by tag, in the order in which new ones are written.
    """

    children: dict[str, Spot] = field(default_factory=dict)

    def extend(self, path: tuple[str, ...]) -> None:
        """Add what is missing of ``path``."""
        spot = self
        for tag in path:
            spot = spot.children.setdefault(tag, Spot())


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A class of the model, compiled. Its fields are those with a place in XML, numbered.

    Attributes:
        kind: The class.
        names: Its fields' names.
        places: For each field its binding, or the choice among several.
        lacking: For each field, what a document means that lacks it.
        spot: The class's own element.
        values_of: Returns an instance's fields.
        finish: The class's own ``__post_init__``, or None.
    """

    kind: type[Modelled]
    names: tuple[str, ...]
    places: tuple[Binding | Choice, ...]
    lacking: tuple[object, ...]
    spot: Spot
    values_of: Callable[[Modelled], tuple[object, ...]]
    finish: Callable[[Modelled], None] | None


_PLANS: dict[type[Modelled], Plan] = {}


def plan_of(kind: type[Modelled]) -> Plan:
    """Return the plan of a class of the model."""
    plan = _PLANS.get(kind)
    if plan is None:
        plan = _PLANS[kind] = _compiled(kind)
    return plan


def _compiled(kind: type[Modelled]) -> Plan:
    hints = get_type_hints(kind)
    placed = [
        (each, place, hints[each.name])
        for each in dataclasses.fields(kind)
        if (place := place_of(each)) and (place.xml or place.cases)
    ]
    names = tuple(each.name for each, _, _ in placed)
    places = tuple(_placed(place, hint, names) for _, place, hint in placed)
    spot = Spot()
    for each in places:
        for binding in each.cases.values() if isinstance(each, Choice) else (each,):
            spot.extend(binding.path)
    getter = attrgetter(*names)
    return Plan(
        kind=kind,
        names=names,
        places=places,
        lacking=tuple(_lacking(each, place, hint) for each, place, hint in placed),
        spot=spot,
        values_of=getter if len(names) > 1 else lambda value: (getter(value),),
        finish=None if kind.__post_init__ is Modelled.__post_init__ else kind.__post_init__,
    )


def _lacking(each: dataclasses.Field[object], place: Place, hint: object) -> object:
    if place.missing is not DEFAULT:
        return place.missing
    if each.default is not dataclasses.MISSING:
        return each.default
    kind, _ = _value_type(hint)
    return _BLANKS[str if issubclass(kind, str) else kind]


def _placed(place: Place, hint: object, names: tuple[str, ...]) -> Binding | Choice:
    bind = partial(_binding, hint=hint, codec=place.codec)
    if place.cases:
        return Choice(
            by=names.index(place.by), cases={word: bind(path) for word, path in place.cases}
        )
    return bind(place.xml, also=place.also)


def _binding(path: str, *, hint: object, codec: str, also: str = "") -> Binding:
    steps, attribute = _steps(path)
    kind, many = _value_type(hint)
    element = ELEMENT_CODECS.get(codec or ("pci" if kind is PciAddress else ""))
    variants = _variants(hint)
    items = variants.pop("", kind) if issubclass(kind, Modelled) else None
    return Binding(
        path=steps,
        attribute=attribute,
        text=PLAIN_TEXT if element or items else text_codec(kind, codec),
        element=element,
        items=items,
        variants=variants,
        many=many,
        is_presence=codec == "present",
        mirror=_binding(also, hint=hint, codec=codec) if also else None,
    )


def _steps(path: str) -> tuple[tuple[str, ...], str | None]:
    """Return the tags and the attribute of a path such as ``source/@dev``."""
    steps = [_qualified(step) for step in path.split("/") if step not in {"", "."}]
    attribute = steps.pop()[1:] if steps and steps[-1].startswith("@") else None
    return tuple(steps), attribute


def _qualified(step: str) -> str:
    prefix, colon, local = step.rpartition(":")
    return f"{{{NAMESPACES[prefix]}}}{local}" if colon else step


def _variants(hint: object) -> dict[str, type[Modelled]]:
    """Return the classes that a field's items may have, by what they say of ``@type``.

    The class that leaves it open is for all other words.
    """
    if get_origin(hint) is tuple:
        return _variants(get_args(hint)[0])
    kinds = [arg for arg in get_args(hint) if isinstance(arg, type) and issubclass(arg, Modelled)]
    return {_type_word(kind): kind for kind in kinds} if len(kinds) > 1 else {}


def _type_word(kind: type[Modelled]) -> str:
    for each in dataclasses.fields(kind):
        place = place_of(each)
        if place and place.xml == "@type" and each.default is not dataclasses.MISSING:
            return str(each.default)
    return ""


def _value_type(hint: object) -> tuple[type, bool]:
    """Return the type of a field's value or of its items, and whether it has many."""
    if get_origin(hint) is tuple:
        kind, _ = _value_type(get_args(hint)[0])
        return kind, True
    if get_origin(hint) in _UNIONS:
        # None stands for "not said", and str beside an enum for words of tomorrow.
        kinds = [arg for arg in get_args(hint) if arg is not type(None)]
        chosen = next((kind for kind in kinds if kind is not str), str)
        return _value_type(chosen)
    return cast("type", hint), False
