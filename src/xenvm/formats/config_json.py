"""A domain's config as JSON, schema ``xenvm-domain/1``, and back.

Each field is a key, for whoever reads; beside them is the document that the config was read from,
so that nothing is lost. A program may change fields and leave the document alone: the fields win.
A key that is left out means what the document says, or the field's default where there is none.
"""

from __future__ import annotations

from typing import cast

from xenvm.errors import ParseError
from xenvm.model.domain import DomainConfig
from xenvm.model.residue import parts_of

from .binding import numbered
from .domain_xml import format_domain_xml, parse_domain_xml
from .json_fields import (
    ELEMENT_KEY,
    FieldsReader,
    JsonValue,
    json_value,
    read_document,
    write_document,
)

CONFIG_SCHEMA = "xenvm-domain/1"

_WHAT = "domain config"
_DOCUMENT_KEY = "document"


def config_to_json(config: DomainConfig) -> str:
    """Return ``config`` as a JSON document.

    ``document`` is its XML, or null if no part of it was read from any. An item's ``element`` is
    the number of its element there: keep it with the item when you move that, and leave it out of
    an item that is new.

    Raises:
        SpecError: XML cannot say what a field says; names the field.
    """
    document, told = None, config
    numbers: dict[int, int] = {}
    if any(part.residue for part in parts_of(config)):
        document = format_domain_xml(config)
        told = parse_domain_xml(document)
        numbers = {id(value): number for number, value in numbered(told).items() if number}
    fields = cast("dict[str, JsonValue]", json_value(told, numbers))
    return write_document({**fields, _DOCUMENT_KEY: document}, schema=CONFIG_SCHEMA)


def config_from_json(text: str) -> DomainConfig:
    """Return the config that a JSON document describes.

    Raises:
        ParseError: It is no config of this schema; names the field.
    """
    fields = read_document(text, what=_WHAT, schema=CONFIG_SCHEMA)
    document = fields.pop(_DOCUMENT_KEY, None)
    if document is None:
        return FieldsReader(what=_WHAT, elements={}).read(DomainConfig, fields)
    if not isinstance(document, str):
        raise ParseError(f"bad {_WHAT}: document must be str or null", path=_DOCUMENT_KEY)
    reader = FieldsReader(what=_WHAT, elements=numbered(parse_domain_xml(document)))
    return reader.read(DomainConfig, {ELEMENT_KEY: 0, **fields})
