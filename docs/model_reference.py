"""The model's reference page, from what its classes say of themselves."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
import re
import sys
from collections.abc import Iterator
from typing import get_args, get_type_hints

import xenvm.model
from xenvm.formats.unmodelled_check import UNMODELLED_RULES
from xenvm.model.domain import DomainConfig
from xenvm.model.domain_check import DOMAIN_RULES
from xenvm.model.mapping import Place, place_of
from xenvm.model.residue import Modelled

UNITS = {
    "_bytes": "bytes",
    "_kib": "KiB",
    "_kib_per_s": "KiB/s",
    "_mib": "MiB",
    "_ms": "ms",
    "_percent": "%",
    "_s": "s",
}
"""By the end of a field's name, the longest that fits."""

HEAD = "| field | type | libvirt XML | xl.cfg | unit | is |\n|---|---|---|---|---|---|"
_ENTRY = re.compile(r"^(?P<name>\w+): (?P<text>.*)$")
_ROLE = re.compile(r":\w+:`~?(?:[\w.]*\.)?(\w+)`")


def model_page() -> Iterator[str]:
    """Yield a section with a table for each class of the model, as Markdown."""
    places = element_of()
    for kind in model_classes():
        yield f"### {kind.__name__}\n"
        yield f"{summary_of(kind)}\n"
        if kind in places:
            yield f"It is `{places[kind]}`; paths are below that.\n"
        yield HEAD
        told = descriptions_of(kind)
        for field in fields_of(kind):
            yield row(field, told.get(field.name, ""))
        yield ""


def rule_page() -> Iterator[str]:
    """Yield a table of the rules on domains, as Markdown."""
    yield "| finds | severity | written in |\n|---|---|---|"
    for rule in DOMAIN_RULES:
        finds = (rule.find.__doc__ or "").removeprefix("Yield ").partition("\n")[0]
        yield f"| {finds.rstrip('.')} | {rule.severity} | {rule.source} |"
    for path, wrong in UNMODELLED_RULES.items():
        yield f"| `{path}` | {wrong.severity} | {wrong.source} |"


def model_classes() -> list[type[Modelled]]:
    """Return every class of the model, a domain's first, each before those in its fields."""
    for module in pkgutil.walk_packages(xenvm.model.__path__, "xenvm.model."):
        importlib.import_module(module.name)
    found: dict[type[Modelled], None] = {}
    _gather(DomainConfig, found)
    for kind in sorted(_subclasses(Modelled), key=lambda kind: (kind.__module__, kind.__name__)):
        held = any(kind in items_of(other) for other in _subclasses(Modelled))
        if not held and not _subclasses(kind):
            _gather(kind, found)
    return list(found)


def fields_of(kind: type[Modelled]) -> list[dataclasses.Field[object]]:
    """Return the fields that a document says; the residue is none."""
    return [field for field in dataclasses.fields(kind) if field.name != "residue"]


def items_of(kind: type[Modelled]) -> list[type[Modelled]]:
    """Return the classes of the model that the fields of ``kind`` hold."""
    hints = get_type_hints(kind)
    held = [each for field in fields_of(kind) for each in _classes_in(hints[field.name])]
    return [each for each in held if issubclass(each, Modelled)]


def element_of() -> dict[type[Modelled], str]:
    """Return by class where its element is, such as ``domain/devices/disk``."""
    places: dict[type[Modelled], str] = {DomainConfig: "domain"}
    for kind in model_classes():
        hints = get_type_hints(kind)
        for field in fields_of(kind):
            place = place_of(field)
            for below in _classes_in(hints[field.name]):
                if place is not None and place.xml and issubclass(below, Modelled):
                    owner = places.get(kind, kind.__name__)
                    places.setdefault(below, f"{owner}/{place.xml}")
    return places


def summary_of(kind: type[Modelled]) -> str:
    """Return the first paragraph of a class's docstring."""
    return _markdown((inspect.getdoc(kind) or "").partition("\n\n")[0])


def descriptions_of(kind: type[Modelled]) -> dict[str, str]:
    """Return by field what its class's docstring says of it, and those of its bases."""
    told: dict[str, str] = {}
    for each in reversed(kind.__mro__):
        _, _, section = inspect.cleandoc(each.__doc__ or "").partition("\nAttributes:\n")
        name = ""
        for line in section.splitlines():
            if line and not line.startswith(" "):
                break
            if entry := _ENTRY.match(line[4:]):
                name = entry["name"]
                told[name] = entry["text"]
            elif name and line.strip():
                told[name] += f" {line.strip()}"
    return {name: _markdown(text) for name, text in told.items()}


def row(field: dataclasses.Field[object], told: str) -> str:
    """Return one field's row."""
    place = place_of(field) or Place()
    meaning = f"{told} {place.note}".strip()
    cells = (
        f"`{field.name}`",
        f"`{field.type}`",
        _path(place),
        f"`{place.xl}`" if place.xl else "",
        unit_of(field.name),
        meaning,
    )
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def unit_of(name: str) -> str:
    """Return the unit that ends a field's name, or nothing."""
    ends = [end for end in UNITS if name.endswith(end)]
    return UNITS[max(ends, key=len)] if ends else ""


def _path(place: Place) -> str:
    if place.cases:
        return ", ".join(f"`{path}` ({place.by} {value})" for value, path in place.cases)
    return f"`{place.xml}`" if place.xml else ""


def _gather(kind: type[Modelled], found: dict[type[Modelled], None]) -> None:
    if kind not in found:
        found[kind] = None
        for below in items_of(kind):
            _gather(below, found)


def _subclasses(kind: type[Modelled]) -> list[type[Modelled]]:
    """Return the classes that the model has by name; a slotted dataclass leaves another behind."""
    below = [each for child in kind.__subclasses__() for each in (child, *_subclasses(child))]
    ours = [k for k in below if k.__module__.startswith(f"{xenvm.model.__name__}.")]
    return [k for k in ours if getattr(sys.modules[k.__module__], k.__name__, None) is k]


def _classes_in(hint: object) -> list[type]:
    if isinstance(hint, type) and not get_args(hint):
        return [hint]
    return [each for arg in get_args(hint) for each in _classes_in(arg)]


def _markdown(text: str) -> str:
    return _ROLE.sub(r"`\1`", " ".join(text.split())).replace("``", "`")
