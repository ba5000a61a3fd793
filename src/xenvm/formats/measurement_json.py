"""A measurement ⇄ what pytest-benchmark carries beside a benchmark's statistics; pure text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

from xenvm.model.benchmark import Better, Metric
from xenvm.model.measurement import Measurement

from .json_fields import FieldsReader, JsonValue, json_value

MIB = 2**20
_FIELDS = tuple(field.name for field in fields(Measurement))


def extra_info(measurement: Measurement) -> dict[str, JsonValue]:
    """Return what goes beside the statistics: the headline first, then all of the measurement."""
    decision, ratio = measurement.decision, measurement.beside_dom0
    return {
        "name": measurement.metric.name,
        "unit": measurement.metric.unit,
        "statistics_in": statistics_unit(measurement.metric),
        "value": measurement.value,
        "dom0_value": measurement.dom0_value,
        "ratio": ratio.estimate if ratio else None,
        "bounds": [ratio.lower, ratio.upper] if ratio else None,
        "verdict": decision.outcome.value if decision else None,
        "reason": decision.reason if decision else "",
        **{name: json_value(getattr(measurement, name)) for name in _FIELDS},
    }


def measurement_of(info: Mapping[str, JsonValue]) -> Measurement:
    """Return the measurement in what :func:`extra_info` returned.

    Raises:
        ParseError: There is none; names the field.
    """
    given: JsonValue = {name: info[name] for name in _FIELDS if name in info}
    return FieldsReader(what="measurement").read(Measurement, given)


def statistics_s(metric: Metric, value: float) -> float:
    """Return a value of a metric as the time that pytest-benchmark's statistics are of.

    Args:
        metric: The metric.
        value: In its unit.

    Returns:
        Seconds per MiB, per operation, or as it is where less is better already; the inverse of
        other values.
    """
    if metric.better is Better.LOWER:
        return value
    return (MIB if metric.unit == "bytes/s" else 1.0) / value


def statistics_unit(metric: Metric) -> str:
    """Return what :func:`statistics_s` gives for a metric, for people."""
    known = {"bytes/s": "s/MiB", "1/s": "s/operation"}
    if metric.better is Better.LOWER:
        return metric.unit
    return known.get(metric.unit, f"1/{metric.unit}")
