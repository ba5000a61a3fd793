"""What a document says that the model has no field for: where, and what differs between two."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from xenvm.model.comparison import Difference, labels_of
from xenvm.model.mapping import NAMESPACES
from xenvm.model.residue import Modelled

from ._xml import Element
from .binding.elements import ELEMENT_CODECS
from .binding.plan import Binding, Choice, plan_of
from .binding.reading import element_of

TEXT = "text()"

_PREFIXES = {uri: prefix for prefix, uri in NAMESPACES.items()}
_CODEC_NAMES = (
    ("kib", ("unit", TEXT)),
    ("cell-kib", ("memory", "unit")),
    ("state", ("state",)),
    ("pci", ("domain", "bus", "slot", "function")),
    ("typed-pci", ("type", "domain", "bus", "slot", "function")),
    ("present", ()),
)
"""What the codecs of whole elements listen to; the others to the text."""


@dataclass(slots=True)
class _Ear:
    """What of an element the fields listen to.

    Attributes:
        names: Its attributes, and ``text()``.
        is_value: It is a value of the model itself, with ears of its own.
        below: The elements below it, by tag.
    """

    names: set[str] = field(default_factory=set)
    is_value: bool = False
    below: dict[str, _Ear] = field(default_factory=dict)


Bindings = tuple[tuple[str, Binding], ...]
_KNOWN: dict[tuple[type[Modelled], tuple[str, ...]], tuple[Bindings, _Ear]] = {}


def unmodelled(value: Modelled) -> dict[str, str]:
    """Return what ``value``'s document says beyond its fields, by XML path.

    Paths are such as ``features/hap/@state`` or ``devices/disk[xvda]/serial``; an element that says
    all by being there has the text "". A value that a program made has none.
    """
    return dict(_leaves(value, ""))


def unmodelled_differences(old: Modelled, new: Modelled) -> list[Difference]:
    """Return what differs between two documents beyond the fields, in their order."""
    ours, theirs = unmodelled(old), unmodelled(new)
    return [
        Difference(path=path, old=ours.get(path), new=theirs.get(path), is_modelled=False)
        for path in {**ours, **theirs}
        if ours.get(path) != theirs.get(path)
    ]


def _leaves(value: Modelled, prefix: str) -> Iterator[tuple[str, str]]:
    element = element_of(value)
    if element is None:
        return
    plan = plan_of(type(value))
    # Where a field's place depends on another, the word that decides stands for the binding.
    said = plan.values_of(value)
    words = [str(said[place.by]) if isinstance(place, Choice) else "" for place in plan.places]
    bindings, ear = _known(plan.kind, tuple(words))
    yield from _walk(ear, element, prefix)
    for name, binding in bindings:
        if binding.items is not None:
            path = "/".join(map(_shown, binding.path))
            yield from _leaves_below(getattr(value, name), f"{prefix}{path}")


def _leaves_below(held: object, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(held, Modelled):
        yield from _leaves(held, f"{path}/")
    elif isinstance(held, tuple):
        for label, item in zip(labels_of(held), held, strict=True):
            yield from _leaves(item, f"{path}[{label}]/")


def _known(kind: type[Modelled], words: tuple[str, ...]) -> tuple[Bindings, _Ear]:
    known = _KNOWN.get((kind, words))
    if known is None:
        bindings, ear = _bindings(kind, words), _Ear()
        for _, binding in bindings:
            _listen(ear, binding)
        known = _KNOWN[kind, words] = bindings, ear
    return known


def _bindings(kind: type[Modelled], words: tuple[str, ...]) -> Bindings:
    plan = plan_of(kind)
    found: list[tuple[str, Binding]] = []
    for name, place, word in zip(plan.names, plan.places, words, strict=True):
        binding = place.cases.get(word) if isinstance(place, Choice) else place
        if binding is not None:
            found.append((name, binding))
    return tuple(found)


def _listen(ear: _Ear, binding: Binding) -> None:
    at = ear
    for tag in binding.path:
        at = at.below.setdefault(tag, _Ear())
    if binding.items is not None:
        at.is_value = True
    elif binding.attribute is not None:
        at.names.add(binding.attribute)
    else:
        at.names.update(_names_of(binding))
    if binding.mirror is not None:
        _listen(ear, binding.mirror)


def _names_of(binding: Binding) -> tuple[str, ...]:
    for codec, names in _CODEC_NAMES:
        if binding.element is ELEMENT_CODECS[codec]:
            return names
    return (TEXT,)


def _walk(ear: _Ear, element: Element, prefix: str) -> Iterator[tuple[str, str]]:
    """Yield what an element says where no field listens."""
    for name, text in element.attrib.items():
        if name not in ear.names:
            yield f"{prefix}@{_shown(str(name))}", str(text)
    # A comment may part the text.
    own = "".join([element.text or "", *(child.tail or "" for child in element)]).strip()
    if own and TEXT not in ear.names:
        yield f"{prefix}{TEXT}", own
    children = list(element.iterchildren("*"))  # no comments
    total, seen = Counter(child.tag for child in children), Counter[str]()
    for child in children:
        seen[child.tag] += 1
        number = f"[{seen[child.tag]}]" if total[child.tag] > 1 else ""
        yield from _child(ear.below.get(child.tag), child, f"{prefix}{_shown(child.tag)}{number}")


def _child(ear: _Ear | None, element: Element, path: str) -> Iterator[tuple[str, str]]:
    if ear is None and not (element.attrib or len(element)):
        yield path, (element.text or "").strip()
    elif ear is None or not ear.is_value:
        yield from _walk(ear or _Ear(), element, f"{path}/")


def _shown(tag: str) -> str:
    uri, closing, local = tag.rpartition("}")
    prefix = _PREFIXES.get(uri[1:], uri[1:])
    return f"{prefix}:{local}" if closing else local
