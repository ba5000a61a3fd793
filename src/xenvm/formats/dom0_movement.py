"""What Dom0 prints of a domain on the move, as facts.

Source:
    xl's own format strings: xen 4.17 and 4.20, tools/xl/xl_list.c.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from uuid import UUID

from xenvm.model.movement import Activity

from .dom0_xl import parse_info

_VERBOSE_ROW = re.compile(
    r"\s(?P<domid>\d{1,9})\s+\d{1,15}\s+\d{1,9}\s+(?P<flags>[rbpscd-]{6})\s+[\d.]+"
    r"\s+(?P<uuid>[0-9a-f-]{36})\s+(?P<reason>\S+)"
)
_SUSPEND, _CRASH = "2", "3"
"""SHUTDOWN_suspend and SHUTDOWN_crash of xen/include/public/sched.h."""

_WORD = re.compile(r"[0-9a-f]{8}")


def activity_of(text: str, uuid: UUID) -> tuple[Activity, int | None]:
    """Return what ``xl list -v`` says that Xen does with a domain, and its domid.

    A guest that rebooted may stand beside what is left of its last life, which has its UUID too.
    """
    rows = [row for row in _VERBOSE_ROW.finditer(text) if UUID(row["uuid"]) == uuid]
    found = [(_activity(row["flags"], row["reason"]), int(row["domid"])) for row in rows]
    alive = (one for one in found if one[0].goes_on)
    return next(alive, found[0] if found else (Activity.ABSENT, None))


def _activity(flags: str, reason: str) -> Activity:
    if "d" in flags:
        return Activity.DYING
    if "s" in flags:
        why = {_SUSPEND: Activity.SUSPENDED, _CRASH: Activity.CRASHED}
        return why.get(reason, Activity.ENDED)
    return Activity.PAUSED if "p" in flags else Activity.RUNNING


def version_of(text: str) -> tuple[int, int]:
    """Return Xen's major and minor version from ``xl info``; (0, 0) where it does not say."""
    said = parse_info(text)
    major, minor = said.get("xen_major", ""), said.get("xen_minor", "")
    return (int(major), int(minor)) if major.isdecimal() and minor.isdecimal() else (0, 0)


def feature_words(text: str) -> tuple[int, ...]:
    """Return the processors' feature words from ``xl info``."""
    return tuple(int(word, 16) for word in _WORD.findall(parse_info(text).get("hw_caps", "")))


def marked_lines(text: str) -> Mapping[str, tuple[str, ...]]:
    """Return the rest of each line by its first word, for lines such as ``bridge xenbr0``."""
    found: dict[str, tuple[str, ...]] = {}
    for line in text.splitlines():
        mark, _, rest = line.partition(" ")
        found[mark] = (*found.get(mark, ()), rest)
    return found


def disk_identities(lines: Iterable[str]) -> dict[str, str]:
    """Return what each disk is, by path, from lines of ``PATH<tab>IDENTITY``."""
    pairs = (line.partition("\t") for line in lines)
    return {path: identity for path, _, identity in pairs}
