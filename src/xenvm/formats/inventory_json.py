"""An inventory as JSON, schema ``xenvm-inventory/1``, and back; strictly.

The dataclasses of :mod:`xenvm.model.inventory` are the schema: each field is a key, no key may be
missing and none may be added. :func:`schema` says the same as a JSON Schema.
"""

from __future__ import annotations

from typing import cast

from xenvm.model.inventory import INVENTORY_SCHEMA, Inventory

from .json_fields import (
    FieldsReader,
    JsonValue,
    json_schema,
    json_value,
    read_document,
    write_document,
)

_WHAT = "inventory"


def inventory_to_json(inventory: Inventory) -> str:
    """Return ``inventory`` as a JSON document."""
    fields = cast("dict[str, JsonValue]", json_value(inventory))
    return write_document(fields, schema=INVENTORY_SCHEMA)


def inventory_from_json(text: str) -> Inventory:
    """Return the inventory that :func:`inventory_to_json` wrote.

    Raises:
        ParseError: It is no inventory of this schema; names the field.
    """
    fields = read_document(text, what=_WHAT, schema=INVENTORY_SCHEMA)
    return FieldsReader(what=_WHAT).read(Inventory, fields)


def schema() -> dict[str, JsonValue]:
    """Return the JSON Schema (2020-12) of an inventory document."""
    return json_schema(Inventory, schema=INVENTORY_SCHEMA)
