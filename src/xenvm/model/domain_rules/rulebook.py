"""The register of the rules on domains, and the words that they share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from xenvm.model.domain_fields import DomainFields
from xenvm.model.findings import Finding, Severity

Found = Iterator[tuple[str, str]]
"""Pairs of a field's path and what is wrong there."""

Find = Callable[[DomainFields], Found]
Item = TypeVar("Item")

LIBVIRT = "libvirt 9.0.0 src/"
LIBVIRT_11 = "libvirt 11.3.0 src/"
XEN = "Xen 4.17 "

_SHOWN_CHARACTERS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule on domains.

    Attributes:
        name: The name of its function.
        severity: How much a breach weighs.
        source: Where the rule is written.
        find: Yields what breaks it.
    """

    name: str
    severity: Severity
    source: str
    find: Find

    def findings(self, config: DomainFields) -> Iterator[Finding]:
        """Yield what in ``config`` breaks the rule."""
        for path, message in self.find(config):
            yield Finding(path=path, severity=self.severity, message=message, source=self.source)


RULES: list[Rule] = []
"""Where rules register; :mod:`xenvm.model.domain_check` has them in order."""


def error(source: str) -> Callable[[Find], Find]:
    """Return a decorator that registers a rule whose breach Xen or libvirt does not take."""
    return _registered(Severity.ERROR, source)


def warning(source: str) -> Callable[[Find], Find]:
    """Return a decorator that registers a rule whose breach is taken, and loses something."""
    return _registered(Severity.WARNING, source)


def _registered(severity: Severity, source: str) -> Callable[[Find], Find]:
    def register(find: Find) -> Find:
        RULES.append(Rule(name=find.__name__, severity=severity, source=source, find=find))
        return find

    return register


def numbered(field: str, items: Sequence[Item]) -> Iterator[tuple[str, Item]]:
    """Yield the path of each item, such as ``vbds[0]``, and the item."""
    for number, item in enumerate(items):
        yield f"{field}[{number}]", item


def repeated(names: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str, str]]:
    """Yield ``(path, name, path of the first)`` of each name that was there before."""
    first: dict[str, str] = {}
    for path, name in names:
        if name in first:
            yield path, name, first[name]
        else:
            first[name] = path


def shown(text: str) -> str:
    """Return a text as a message quotes it: in quotes, and not at any length."""
    short = text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"
    return repr(short)


def listed(words: Iterable[str]) -> str:
    """Return words as a list in a sentence: ``a, b or c``."""
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else str(last)
