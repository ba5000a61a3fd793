"""A schedule of resources, as its TOML file says it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import time

from xenvm.errors import ScheduleFileError, SpecError
from xenvm.model.allocation import Allocation
from xenvm.model.schedule import Period, ResourceSchedule

SCHEDULE_MAX_BYTES = 1024 * 1024

_PERIOD_KEYS = ("start", "domains")
_ALLOCATION_KEYS = tuple(field.name for field in fields(Allocation))
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_NUMBER_MAX = 1 << 31


def parse_schedule(text: str, *, file: str = "schedule") -> ResourceSchedule:
    """Return the schedule that a TOML document says.

    Args:
        text: One table a period, with its ``start`` and its ``domains``.
        file: What errors call the document.

    Raises:
        ScheduleFileError: It is no such document; names the file, the table and the key.

    Example:
        >>> schedule = parse_schedule('''
        ... [day]
        ... start = "08:00"
        ... [day.domains.shop]
        ... weight = 512
        ... ''')
        >>> schedule.periods[0].allocations["shop"].weight
        512
    """
    if len(text) > SCHEDULE_MAX_BYTES:
        raise ScheduleFileError(f"{file}: a schedule has at most {SCHEDULE_MAX_BYTES} bytes")
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as exc:
        raise ScheduleFileError(f"{file}: this is no TOML: {exc}") from exc
    try:
        return ResourceSchedule(
            tuple(_period(name, table, file) for name, table in document.items())
        )
    except SpecError as exc:
        raise ScheduleFileError(f"{file}: {exc}") from exc


def parse_clock(text: str) -> time:
    """Return a time of day, written as ``08:30``.

    Raises:
        SpecError: It is none.
    """
    found = _CLOCK.fullmatch(text)
    if found is None:
        raise SpecError(f"{text[:20]!r} is no time of day: write it as 08:30")
    return time(int(found[1]), int(found[2]))


def _period(name: str, value: object, file: str) -> Period:
    place = f"{file}: [{name}]"
    table = _table(value, place, _PERIOD_KEYS)
    start = table.get("start")
    if not isinstance(start, str):
        said = "is missing" if start is None else f"must be a string, not {start!r}"
        raise ScheduleFileError(f'{place} start {said}: write it as "08:30"')
    try:
        begins = parse_clock(start)
    except SpecError as exc:
        raise ScheduleFileError(f"{place} start: {exc}") from exc
    domains = _table(table.get("domains", {}), f"{file}: [{name}.domains]", None)
    return Period(
        name=name,
        start=begins,
        allocations={
            domain: _allocation(one, f"{file}: [{name}.domains.{domain}]")
            for domain, one in domains.items()
        },
    )


def _allocation(value: object, place: str) -> Allocation:
    table = _table(value, place, _ALLOCATION_KEYS)
    if not table:
        raise ScheduleFileError(f"{place} says nothing: {_among(_ALLOCATION_KEYS)}")
    numbers: dict[str, int] = {}
    for key, number in table.items():
        if type(number) is not int or not 0 <= number < _NUMBER_MAX:
            raise ScheduleFileError(f"{place} {key} must be a whole number, not {number!r}")
        numbers[key] = number
    return Allocation(**numbers)


def _table(value: object, place: str, known: Iterable[str] | None) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise ScheduleFileError(f"{place} must be a table, not {value!r}")
    for key in value:
        if known is not None and key not in known:
            raise ScheduleFileError(f"{place} has no key {key!r}: {_among(known)}")
    return value


def _among(keys: Iterable[str]) -> str:
    return f"it takes {', '.join(keys)}"
