"""Dataclasses of the model ⇄ JSON values, strictly: each field is a key, and none may be added."""

from __future__ import annotations

import dataclasses
import json
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import TypeVar, Union, cast, get_args, get_origin, get_type_hints
from uuid import UUID

from xenvm.errors import ParseError
from xenvm.model.quantities import CpuSet, MacAddress, PciAddress
from xenvm.model.residue import Modelled

JsonValue = None | bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"]
"""Any JSON value."""

ELEMENT_KEY = "element"
"""Beside a value's fields: the number of its element in the document that goes with it."""

T = TypeVar("T")

_UNIONS = (types.UnionType, Union)
_JSON_TYPES: Mapping[type, str] = {str: "string", int: "integer", bool: "boolean"}
_WRITTEN_AS_TEXT: Mapping[type, Callable[[str], object]] = {
    UUID: UUID,
    MacAddress: MacAddress,
    PciAddress: PciAddress.parse,
    CpuSet: lambda text: CpuSet.parse(text) if text else CpuSet.of(()),
}


def read_document(text: str, *, what: str, schema: str) -> dict[str, JsonValue]:
    """Return a JSON document's fields, without the name of its schema.

    Args:
        text: The document.
        what: What it is, for people, such as ``inventory``.
        schema: The name that it must have.

    Raises:
        ParseError: It is no such document.
    """
    try:
        document: JsonValue = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise ParseError(f"this is no {what}, as it is no JSON: {exc}", text=text) from exc
    if not isinstance(document, dict):
        raise ParseError(f"this is no {what}: it must be a JSON object", text=text)
    named = document.pop("schema", None)
    if named != schema:
        raise ParseError(
            f"this is no {what}: its schema must be {schema}, not {named!r}", path="schema"
        )
    return document


def write_document(fields: Mapping[str, JsonValue], *, schema: str) -> str:
    """Return a JSON document with the name of its schema before its fields."""
    return json.dumps({"schema": schema, **fields}, indent=1, ensure_ascii=False) + "\n"


def json_value(value: object, numbers: Mapping[int, int] | None = None) -> JsonValue:
    """Return what JSON says of a value.

    Args:
        value: Of the model.
        numbers: For the ``id()`` of values, the numbers of their elements.
    """
    if dataclasses.is_dataclass(value) and type(value) not in _WRITTEN_AS_TEXT:
        number = (numbers or {}).get(id(value))
        place: dict[str, JsonValue] = {} if number is None else {ELEMENT_KEY: number}
        return place | {name: json_value(getattr(value, name), numbers) for name in _names(value)}
    if isinstance(value, tuple):
        return [json_value(item, numbers) for item in value]
    if isinstance(value, Mapping):
        return {str(key): json_value(item, numbers) for key, item in value.items()}
    return str(value) if type(value) in _WRITTEN_AS_TEXT else cast("JsonValue", value)


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldsReader:
    """Reads values of the model from JSON.

    Attributes:
        what: What the document is, for people, such as ``inventory``.
        elements: The values that were read from the document that goes along, by the numbers of
            their elements: what JSON does not say of one of them is as it is there. None for a
            document that must be complete.
    """

    what: str
    elements: Mapping[int, Modelled] | None = field(default=None, repr=False)

    def read(self, kind: type[T], value: JsonValue, path: str = "") -> T:
        """Return the value of a dataclass ``kind``.

        Raises:
            ParseError: It is none; names the field.
        """
        return cast("T", self._read(kind, value, path))

    def _read(self, kind: object, value: JsonValue, path: str) -> object:
        choices = _choices(kind)
        if value is None and type(None) in choices:
            return None
        wanted = next(each for each in choices if each is not type(None))
        if get_origin(wanted) is tuple:
            items = self._expect(list, value, path)
            item_kind = get_args(wanted)[0]
            return tuple(
                self._read(item_kind, item, f"{path}[{i}]") for i, item in enumerate(items)
            )
        if get_origin(wanted) is not None:
            pairs = self._expect(dict, value, path).items()
            item_kind = get_args(wanted)[1]
            return {key: self._read(item_kind, item, f"{path}[{key!r}]") for key, item in pairs}
        return self._read_one(cast("type", wanted), value, path, is_open=str in choices)

    def _read_one(self, kind: type, value: JsonValue, path: str, *, is_open: bool) -> object:
        if kind in _WRITTEN_AS_TEXT:
            return self._parse(_WRITTEN_AS_TEXT[kind], value, path)
        if dataclasses.is_dataclass(kind):
            return self._read_fields(kind, self._expect(dict, value, path), path)
        if not issubclass(kind, StrEnum):
            return self._expect(kind, value, path)
        word = self._expect(str, value, path)
        known = {str(member): member for member in kind}
        if word not in known and not is_open:
            raise self._misfit(path, f"must be one of {', '.join(kind)}", value)
        return known.get(word, word)

    def _read_fields(self, kind: type, value: Mapping[str, JsonValue], path: str) -> object:
        hints, prefix = _hints(kind), f"{path}." if path else ""
        given = dict(value)
        base = self._base(kind, given.pop(ELEMENT_KEY, None), f"{prefix}{ELEMENT_KEY}")
        for name, item in given.items():
            if name not in hints:
                raise self._misfit(f"{prefix}{name}", "is not known to this schema", item)
        for name in _needed(kind) if self.elements is not None else hints:
            if name not in given and base is None:
                raise self._misfit(f"{prefix}{name}", "is missing", None)
        fields = {
            name: self._read(hints[name], item, f"{prefix}{name}") for name, item in given.items()
        }
        if base is not None:
            return cast("Callable[..., object]", dataclasses.replace)(base, **fields)
        return cast("Callable[..., object]", kind)(**fields)

    def _base(self, kind: type, number: JsonValue, path: str) -> Modelled | None:
        """Return what was read from the element with that number."""
        if number is None:
            return None
        found = (self.elements or {}).get(self._expect(int, number, path))
        if not isinstance(found, kind):
            raise self._misfit(
                path, f"names no element of the document for a {kind.__name__}", number
            )
        return cast("Modelled", found)

    def _parse(self, parse: Callable[[str], object], value: JsonValue, path: str) -> object:
        try:
            return parse(self._expect(str, value, path))
        except ParseError:
            raise
        except ValueError as exc:
            raise self._misfit(path, f"is wrong: {exc}", value) from exc

    def _expect(self, kind: type[T], value: JsonValue, path: str) -> T:
        if kind is float and type(value) is int:
            value = float(value)
        # Exactly: to Python, True is an integer too.
        if type(value) is not kind:
            raise self._misfit(path, f"must be {kind.__name__}, not {type(value).__name__}", value)
        return value

    def _misfit(self, path: str, complaint: str, value: JsonValue) -> ParseError:
        return ParseError(f"bad {self.what}: {path} {complaint}", path=path, text=repr(value))


def json_schema(kind: type, *, schema: str) -> dict[str, JsonValue]:
    """Return the JSON Schema (2020-12) of a complete document of ``kind``."""
    body = cast("dict[str, JsonValue]", _schema_of(kind))
    properties = cast("dict[str, JsonValue]", body["properties"])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": schema,
        **body,
        "required": ["schema", *cast("list[JsonValue]", body["required"])],
        "properties": {"schema": {"const": schema}, **properties},
    }


def _schema_of(kind: object) -> JsonValue:
    choices = _choices(kind)
    if type(None) in choices:
        (inner,) = (each for each in choices if each is not type(None))
        return {"anyOf": [_schema_of(inner), {"type": "null"}]}
    (only,) = choices
    if get_origin(only) is tuple:
        return {"type": "array", "items": _schema_of(get_args(only)[0])}
    if get_origin(only) is not None:
        return {"type": "object", "additionalProperties": {"type": "string"}}
    return _schema_of_one(cast("type", only))


def _schema_of_one(kind: type) -> JsonValue:
    if not dataclasses.is_dataclass(kind):
        return {"enum": list(kind)} if issubclass(kind, StrEnum) else {"type": _JSON_TYPES[kind]}
    hints = _hints(kind)
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(hints),
        "properties": {name: _schema_of(hint) for name, hint in hints.items()},
    }


@cache
def _hints(kind: type) -> Mapping[str, object]:
    """Return the types of a dataclass's fields; a residue is nothing for JSON."""
    hints = get_type_hints(kind)
    return {
        each.name: hints[each.name] for each in dataclasses.fields(kind) if each.name != "residue"
    }


def _names(value: object) -> tuple[str, ...]:
    kind: object = type(value)
    return tuple(_hints(cast("type", kind)))


@cache
def _needed(kind: type) -> tuple[str, ...]:
    return tuple(
        each.name for each in dataclasses.fields(kind) if each.default is dataclasses.MISSING
    )


def _choices(kind: object) -> tuple[object, ...]:
    """Return what a field may be: several for ``X | None``, and for an open enum str too."""
    return get_args(kind) if get_origin(kind) in _UNIONS else (kind,)
