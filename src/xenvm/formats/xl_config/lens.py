"""Some fields of a config, and the keys of xl.cfg that say them: read and written together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from xenvm.formats.xl import XlDocument, XlInput
from xenvm.model.domain import DomainConfig

from .source import Source

Fields: TypeAlias = Mapping[str, object]
"""Values of a config's fields, by name."""

Keys: TypeAlias = "Mapping[str, XlInput | None]"
"""Values of xl's keys; None for a key that is not to be there."""


def _nothing(_: Source) -> Iterable[str]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lens:
    """A part of a config that can be read and written by itself.

    Attributes:
        fields: The fields of a config that it reads.
        keys: All keys of xl.cfg that it looks at.
        read: Returns the fields that a document says; what it leaves out has its default.
        write: Returns the keys that say a config's fields; those that it leaves out are not to be
            there. Where xl has several ways to say it, the document's own is kept.
        unsaid: Returns what its keys say that no field does, such as ``disk[0].script``.
    """

    fields: tuple[str, ...]
    keys: tuple[str, ...]
    read: Callable[[Source], Fields]
    write: Callable[[DomainConfig, XlDocument], Keys]
    unsaid: Callable[[Source], Iterable[str]] = _nothing


def one_key(
    field: str,
    key: str,
    read: Callable[[Source, str], object],
    write: Callable[[object], XlInput | None],
) -> Lens:
    """Return the lens of a field that has one key to itself."""

    def read_field(source: Source) -> Fields:
        value = read(source, key)
        return {} if value is None else {field: value}

    def write_key(config: DomainConfig, _: XlDocument) -> Keys:
        return {key: write(getattr(config, field))}

    return Lens(fields=(field,), keys=(key,), read=read_field, write=write_key)


def text_key(field: str, key: str) -> Lens:
    """Return the lens of a text; an empty one is none."""
    return one_key(field, key, Source.string, lambda value: str(value) if value else None)


def number_key(field: str, key: str) -> Lens:
    """Return the lens of a whole number."""
    return one_key(
        field, key, Source.integer, lambda value: value if isinstance(value, int) else None
    )
