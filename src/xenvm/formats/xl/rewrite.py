"""Changing the text of one value, and of a list only the items that differ."""

from __future__ import annotations

import re

from .grammar import Scanned, XlInput, XlValue, scan_value, write_value

_PLAIN_SEPARATOR = re.compile(r"[ \t\r\n]*,[ \t\r\n]*")


def rewrite_value(text: str, value: XlInput) -> str:
    """Return the text of ``value``, as near as may be to ``text``.

    Args:
        text: The value that stands there now. What is equal keeps its text, a string the kind of
            its quotes, and a list the text, layout and comments of each item that stays.
        value: The new value.

    Raises:
        SpecError: The value cannot be written.
    """
    return _rewritten(text, scan_value(text, 0), value)


def frozen_value(value: XlInput) -> XlValue:
    """Return ``value`` as it is read back: lists are tuples, and True is 1."""
    if isinstance(value, str):
        return value
    return int(value) if isinstance(value, int) else tuple(map(frozen_value, value))


def _rewritten(text: str, old: Scanned, value: XlInput) -> str:
    current = text[old.start : old.end]
    frozen = frozen_value(value)
    if old.value == frozen:
        return current
    if isinstance(frozen, tuple) and old.scalar is None:
        return _rewritten_list(text, old, frozen)
    return write_value(frozen, quote=_quote(current))


def _rewritten_list(text: str, old: Scanned, new: tuple[XlValue, ...]) -> str:
    items = old.items
    if len(items) == len(new):
        return _replaced_items(text, old, new)
    shorter = min(len(items), len(new))
    head = _equal_run(items, new, shorter)
    rest = shorter - head
    foot = _equal_run(items[::-1], new[::-1], rest)
    middle = new[head : len(new) - foot]
    gone = items[head : len(items) - foot]
    if head and gone and foot and not middle:
        # What stands between the item before and those that go may be a comment on the former.
        return text[old.start : gone[0].start] + text[items[-foot].start : old.end]
    quote = _quote(text[items[0].start :]) if items else '"'
    written = [write_value(item, quote=quote) for item in middle]
    start, end, between = _gap(text, old, gone, head)
    inside = _joined(written, between, after_item=bool(head), before_item=bool(foot))
    return text[old.start : start] + inside + text[end : old.end]


def _gap(text: str, old: Scanned, gone: tuple[Scanned, ...], head: int) -> tuple[int, int, str]:
    """Return (start, end) of what a change in a list replaces, and what separates items there."""
    items = old.items
    between = ", "
    if len(items) > 1:
        found = text[items[-2].end : items[-1].start]
        between = found if _PLAIN_SEPARATOR.fullmatch(found) else between
    after = head + len(gone)
    if head:
        return items[head - 1].end, (gone[-1].end if gone else items[head - 1].end), between
    if after < len(items):
        start = items[0].start
        return start, items[after].start, between
    return old.start + 1, old.end - 1, between


def _joined(written: list[str], between: str, *, after_item: bool, before_item: bool) -> str:
    """Return new items with the separators that they need where they go."""
    if not written:
        return "" if after_item or before_item else " "
    inside = between.join(written)
    if after_item:
        return between + inside
    return inside + between if before_item else f" {inside} "


def _replaced_items(text: str, old: Scanned, new: tuple[XlValue, ...]) -> str:
    pieces = []
    place = old.start
    for item, value in zip(old.items, new, strict=True):
        pieces += [text[place : item.start], _rewritten(text, item, value)]
        place = item.end
    return "".join(pieces) + text[place : old.end]


def _equal_run(old: tuple[Scanned, ...], new: tuple[XlValue, ...], most: int) -> int:
    """Return how many items at the front are the same, at most ``most``."""
    for count in range(most):
        if old[count].value != new[count]:
            return count
    return most


def _quote(text: str) -> str:
    return "'" if text.startswith("'") else '"'
