"""A baseline as JSON, schema ``xenvm-baseline/1``, and back; strictly."""

from __future__ import annotations

from typing import cast

from xenvm.errors import ParseError
from xenvm.model.baseline import BASELINE_SCHEMA, Baseline

from .json_fields import FieldsReader, JsonValue, json_value, read_document, write_document

_WHAT = "baseline"


def baseline_to_json(baseline: Baseline) -> str:
    """Return ``baseline`` as a JSON document."""
    fields = cast("dict[str, JsonValue]", json_value(baseline))
    return write_document(fields, schema=BASELINE_SCHEMA)


def baseline_from_json(text: str) -> Baseline:
    """Return the baseline that :func:`baseline_to_json` wrote.

    Raises:
        ParseError: It is no baseline of this schema, or one of its figures can be none; names the
            field.
    """
    fields = read_document(text, what=_WHAT, schema=BASELINE_SCHEMA)
    baseline = FieldsReader(what=_WHAT).read(Baseline, fields)
    for figure in baseline.figures:
        for name, value in (("rate", figure.rate), ("ratio", figure.ratio)):
            if value is not None and not 0 < value < float("inf"):
                complaint = f"bad {_WHAT}: the {name} of {figure.metric} must be a positive number"
                raise ParseError(f"{complaint}, not {value}", path=figure.metric)
    return baseline
