"""An inventory as JSON, schema ``xenvm-inventory/1``, and back; strictly.

The dataclasses of :mod:`xenvm.model.inventory` are the schema: each field is a key, no key may be
missing and none may be added. :func:`schema` says the same as a JSON Schema.
"""

from __future__ import annotations

import dataclasses
import json
import types
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import cache
from typing import TypeVar, Union, cast, get_args, get_origin, get_type_hints

from xenvm.errors import ParseError
from xenvm.model.inventory import INVENTORY_SCHEMA, Inventory

JsonValue = None | bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"]
"""Any JSON value."""

T = TypeVar("T")

_JSON_TYPES: Mapping[type, str] = {str: "string", int: "integer", bool: "boolean"}
_UNIONS = (types.UnionType, Union)


def inventory_to_json(inventory: Inventory) -> str:
    """Return ``inventory`` as a JSON document."""
    document = {"schema": INVENTORY_SCHEMA, **dataclasses.asdict(inventory)}
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def inventory_from_json(text: str) -> Inventory:
    """Return the inventory that :func:`inventory_to_json` wrote.

    Raises:
        ParseError: It is no inventory of this schema; names the field.
    """
    try:
        document: JsonValue = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise ParseError(f"this is no inventory, as it is no JSON: {exc}", text=text) from exc
    if not isinstance(document, dict):
        raise ParseError("this is no inventory: it must be a JSON object", text=text)
    named = document.pop("schema", None)
    if named != INVENTORY_SCHEMA:
        raise ParseError(
            f"this is no inventory: its schema must be {INVENTORY_SCHEMA}, not {named!r}",
            path="schema",
        )
    return cast("Inventory", _read(Inventory, document, ""))


def schema() -> dict[str, JsonValue]:
    """Return the JSON Schema (2020-12) of an inventory document."""
    body = cast("dict[str, JsonValue]", _schema_of(Inventory))
    properties = cast("dict[str, JsonValue]", body["properties"])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": INVENTORY_SCHEMA,
        **body,
        "required": ["schema", *cast("list[JsonValue]", body["required"])],
        "properties": {"schema": {"const": INVENTORY_SCHEMA}, **properties},
    }


@cache
def _hints(kind: type) -> Mapping[str, type]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in dataclasses.fields(kind)}


def _optional(kind: type) -> type | None:
    """Return what else a field may be that may be None, or None for all other fields."""
    if get_origin(kind) not in _UNIONS:
        return None
    (inner,) = (arg for arg in get_args(kind) if arg is not type(None))
    return cast("type", inner)


def _read(kind: type, value: JsonValue, path: str) -> object:
    if inner := _optional(kind):
        return None if value is None else _read(inner, value, path)
    if get_origin(kind) is tuple:
        items = _expect(list, value, path)
        item_kind = get_args(kind)[0]
        return tuple(_read(item_kind, item, f"{path}[{i}]") for i, item in enumerate(items))
    if get_origin(kind) is not None:
        pairs = _expect(dict, value, path).items()
        return {key: _expect(str, item, f"{path}[{key!r}]") for key, item in pairs}
    return _read_one(kind, value, path)


def _read_one(kind: type, value: JsonValue, path: str) -> object:
    if dataclasses.is_dataclass(kind):
        return _read_fields(kind, _expect(dict, value, path), path)
    if issubclass(kind, StrEnum):
        return _read_enum(kind, value, path)
    return _expect(kind, value, path)


def _read_fields(kind: type, value: Mapping[str, JsonValue], path: str) -> object:
    hints = _hints(kind)
    prefix = f"{path}." if path else ""
    for name in value:
        if name not in hints:
            raise _misfit(f"{prefix}{name}", "is not known to this schema", value[name])
    for name in hints:
        if name not in value:
            raise _misfit(f"{prefix}{name}", "is missing", None)
    fields = {name: _read(hint, value[name], f"{prefix}{name}") for name, hint in hints.items()}
    make = cast("Callable[..., object]", kind)
    return make(**fields)


def _read_enum(kind: type[StrEnum], value: JsonValue, path: str) -> StrEnum:
    try:
        return kind(_expect(str, value, path))
    except ValueError:
        known = ", ".join(kind)
        raise _misfit(path, f"must be one of {known}", value) from None


def _expect(kind: type[T], value: JsonValue, path: str) -> T:
    # Exactly: to Python, True is an integer too.
    if type(value) is not kind:
        raise _misfit(path, f"must be {kind.__name__}, not {type(value).__name__}", value)
    return value


def _misfit(path: str, what: str, value: JsonValue) -> ParseError:
    return ParseError(f"bad inventory: {path} {what}", path=path, text=repr(value))


def _schema_of(kind: type) -> JsonValue:
    if inner := _optional(kind):
        return {"anyOf": [_schema_of(inner), {"type": "null"}]}
    if get_origin(kind) is tuple:
        return {"type": "array", "items": _schema_of(get_args(kind)[0])}
    if get_origin(kind) is not None:
        return {"type": "object", "additionalProperties": {"type": "string"}}
    return _schema_of_one(kind)


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
