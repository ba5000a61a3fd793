"""Thresholds of a benchmark, as their TOML file says them."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

from xenvm.errors import ThresholdsError
from xenvm.model.baseline import DeviceClass
from xenvm.model.benchmark import PAIRS_LEAST, PAIRS_USUAL, Better, Metric, Scale
from xenvm.model.thresholds import USUAL_MARGIN, HardwareCondition, Threshold, Thresholds

THRESHOLDS_MAX_BYTES = 1024 * 1024

_LIMITS: Mapping[str, tuple[Scale, Better | None]] = {
    "floor_ratio": (Scale.RATIO, None),
    "floor_rate": (Scale.RATE, Better.HIGHER),
    "ceiling": (Scale.RATE, Better.LOWER),
    "ceiling_added": (Scale.ADDED, Better.LOWER),
}
"""What of a pair each kind of limit bounds, and of which metrics by what is better in them."""

_EITHER = ("floor_ratio", "floor_rate")
"""What may stand in one table: it is enough that one of both holds."""

_COMPARE = "compare"
_COMPARABLE = (Scale.RATIO, Scale.RATE)
_DOCUMENT_KEYS = ("title", "thresholds")
_KEYS = (
    "metrics", *_LIMITS, _COMPARE, "margin", "minimum_pairs", "devices",
    "link_from_mbit_s", "link_below_mbit_s", "source",
)  # fmt: skip
_WHOLE_MOST = 1 << 31
_NUMBER_MOST = 1e15


def parse_thresholds(
    text: str, *, metrics: Iterable[Metric], file: str = "thresholds"
) -> Thresholds:
    """Return the thresholds that a TOML document says.

    Args:
        text: A ``title`` if it likes, and a table ``[[thresholds]]`` for each.
        metrics: Every metric there is.
        file: What errors call the document.

    Raises:
        ThresholdsError: It is no such document; names the file, the table and the key.
    """
    if len(text) > THRESHOLDS_MAX_BYTES:
        raise ThresholdsError(f"{file}: thresholds have at most {THRESHOLDS_MAX_BYTES} bytes")
    try:
        document = _Table(tomllib.loads(text), file, _DOCUMENT_KEYS)
    except (tomllib.TOMLDecodeError, RecursionError) as exc:
        raise ThresholdsError(f"{file}: this is no TOML: {exc}") from exc
    tables = document.get("thresholds")
    if not isinstance(tables, list) or not tables:
        raise document.error("thresholds must be tables: begin each with [[thresholds]]")
    known = {metric.name: metric for metric in metrics}
    return Thresholds(
        name=file,
        title=document.text("title") if document.has("title") else "",
        thresholds=tuple(
            _threshold(_Table(table, f"{file}: [[thresholds]] {number}", _KEYS), known)
            for number, table in enumerate(tables, start=1)
        ),
    )


class _Table:
    """One table, which knows where it stands and takes no other keys than ``known``."""

    def __init__(self, table: object, place: str, known: Iterable[str]):
        self._place = place
        if not isinstance(table, dict):
            raise self.error(f"must be a table, not {table!r}")
        self._table: Mapping[str, object] = table
        for key in table:
            if key not in known:
                raise self.error(f"has no key {key!r}: it takes {', '.join(known)}")

    def error(self, complaint: str) -> ThresholdsError:
        return ThresholdsError(f"{self._place}: {complaint}")

    def has(self, key: str) -> bool:
        return key in self._table

    def get(self, key: str) -> object:
        return self._table.get(key)

    def text(self, key: str) -> str:
        value = self.get(key)
        if not isinstance(value, str) or not value:
            said = "is missing" if value is None else f"must be a text, not {value!r}"
            raise self.error(f"{key} {said}")
        return value

    def words(self, key: str) -> tuple[str, ...]:
        value = self._table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
            raise self.error(f"{key} must be a list of texts, not {value!r}")
        return tuple(value)

    def number(self, key: str, otherwise: float) -> float:
        value = self._table.get(key, otherwise)
        # A bool is an int to Python, and no number to a person.
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.error(f"{key} must be a number, not {value!r}")
        if not 0 <= value < _NUMBER_MOST:
            raise self.error(f"{key} must be a number from 0 to {_NUMBER_MOST:g}, not {value}")
        return float(value)

    def whole(self, key: str) -> int | None:
        value = self.get(key)
        if value is not None and (type(value) is not int or not 0 < value < _WHOLE_MOST):
            raise self.error(f"{key} must be a whole number, not {value!r}")
        return value


def _threshold(table: _Table, known: Mapping[str, Metric]) -> Threshold:
    metrics = _metrics(table, known)
    (scale, limit), *others = _limits(table, metrics)
    margin = table.number("margin", USUAL_MARGIN[scale])
    if margin >= 1:
        raise table.error(f"margin must be a fraction of 1, such as 0.05, not {margin:g}")
    pairs = table.whole("minimum_pairs") or PAIRS_USUAL
    if pairs < PAIRS_LEAST:
        raise table.error(f"minimum_pairs must be {PAIRS_LEAST} at least: fewer decide nothing")
    return Threshold(
        metrics=tuple(metric.name for metric in metrics),
        scale=scale,
        margin=margin,
        limit=limit,
        enough_rate=dict(others).get(Scale.RATE),
        minimum_pairs=pairs,
        condition=HardwareCondition(
            devices=tuple(_device(table, word) for word in table.words("devices")),
            link_from_mbit_s=table.whole("link_from_mbit_s"),
            link_below_mbit_s=table.whole("link_below_mbit_s"),
        ),
        source=table.text("source"),
    )


def _metrics(table: _Table, known: Mapping[str, Metric]) -> list[Metric]:
    patterns = table.words("metrics")
    if not patterns:
        raise table.error('metrics must name some, such as ["block.lvm.*"]')
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in known):
            near = difflib.get_close_matches(pattern, known, n=1)
            hint = f": did you mean {near[0]}?" if near else ""
            raise table.error(f"metrics: there is no metric {pattern!r}{hint}")
    return [
        metric
        for name, metric in known.items()
        if any(fnmatchcase(name, pattern) for pattern in patterns)
    ]


def _limits(table: _Table, metrics: Sequence[Metric]) -> list[tuple[Scale, float | None]]:
    """Return what is bounded, and by what: first that by which a baseline is compared with."""
    choices = (*_LIMITS, _COMPARE)
    given = tuple(key for key in choices if table.has(key))
    if len(given) != 1 and given != _EITHER:
        may = f"one of {', '.join(choices)}, or both {' and '.join(_EITHER)}"
        raise table.error(f"takes {may}, not {' and '.join(given) or 'none'}")
    return [_limit(table, key, metrics) for key in given]


def _limit(table: _Table, key: str, metrics: Iterable[Metric]) -> tuple[Scale, float | None]:
    """Return what is bounded, and by what; by nothing where a baseline alone is compared with."""
    if key == _COMPARE:
        scale, better, limit = _compared(table), None, None
    else:
        (scale, better), limit = _LIMITS[key], table.number(key, 0)
    if limit == 0:
        raise table.error(f"{key} must be more than 0")
    for metric in metrics:
        if scale is not Scale.RATE and not metric.reference:
            raise table.error(f"{key} is not for {metric.name}, which has no reference")
        if better not in {None, metric.better}:
            raise table.error(f"{key} is not for {metric.name}: {metric.better} is better there")
    return scale, limit


def _compared(table: _Table) -> Scale:
    word = table.text(_COMPARE)
    if word not in _COMPARABLE:
        raise table.error(f"{_COMPARE} must be {' or '.join(_COMPARABLE)}, not {word!r}")
    return Scale(word)


def _device(table: _Table, word: str) -> DeviceClass:
    if word not in set(DeviceClass):
        raise table.error(f"devices must be of {', '.join(DeviceClass)}, not {word!r}")
    return DeviceClass(word)
