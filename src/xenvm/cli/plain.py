"""Values of the model as JSON, and as a cell of a table."""

from __future__ import annotations

import dataclasses
import json

from xenvm.model.residue import Modelled

NOTHING = "-"
HIDDEN = "(hidden)"
SECRET_FIELDS = frozenset({"password"})


def plain(value: object) -> object:
    """Return a value as JSON has it; of a class of the model, the fields that say something."""
    if isinstance(value, Modelled):
        fields = ((field, getattr(value, field.name)) for field in dataclasses.fields(value))
        return {
            field.name: HIDDEN if field.name in SECRET_FIELDS else plain(item)
            for field, item in fields
            if field.compare and item != field.default
        }
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def plain_text(value: object) -> str:
    """Return a value as a cell of a table; ``-`` is nothing."""
    said = plain(value)
    if isinstance(said, dict):
        return ", ".join(f"{key}={_shown(item)}" for key, item in said.items())
    return NOTHING if said is None else _shown(said)


def _shown(said: object) -> str:
    return said if isinstance(said, str) and said else json.dumps(said, ensure_ascii=False)
