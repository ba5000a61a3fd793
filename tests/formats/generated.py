"""Values of any class of the model, drawn from what its fields say of their types and places."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from enum import StrEnum
from typing import Any, get_args, get_origin, get_type_hints
from uuid import UUID

from hypothesis import strategies as st

from xenvm.model.mapping import Place, place_of
from xenvm.model.quantities import CpuSet, MacAddress, PciAddress
from xenvm.model.residue import Modelled

TEXTS = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Cn")), min_size=1, max_size=12
) | st.sampled_from(["<&>\"'", " a b ", "ü€", "tab\tand\nline"])

PLAIN: dict[type, st.SearchStrategy[Any]] = {
    str: TEXTS,
    bool: st.booleans(),
    int: st.integers(0, 2**40),
    Decimal: st.decimals(0, 10_000, places=2, allow_nan=False),
    UUID: st.uuids(),
    MacAddress: st.binary(min_size=6, max_size=6).map(lambda octets: MacAddress(octets.hex(":"))),
    CpuSet: st.sets(st.integers(0, 300), min_size=1).map(CpuSet.of),
    PciAddress: st.builds(
        PciAddress,
        domain=st.integers(0, 0xFFFF),
        bus=st.integers(0, 0xFF),
        slot=st.integers(0, 0x1F),
        function=st.integers(0, 7),
    ),
}

NESTED_MOST = 3
"""How deep a bridge of bonds of VLANs goes."""


STRATEGIES: dict[tuple[type[Modelled], int], st.SearchStrategy[Any]] = {}


def values_of(kind: type[Modelled], depth: int = NESTED_MOST) -> st.SearchStrategy[Any]:
    """Return a strategy for values of ``kind`` that no document ever said."""
    if (kind, depth) not in STRATEGIES:
        STRATEGIES[kind, depth] = st.builds(kind, **strategies_of(kind, depth))
    return STRATEGIES[kind, depth]


def strategies_of(
    kind: type[Modelled], depth: int = NESTED_MOST
) -> dict[str, st.SearchStrategy[Any]]:
    """Return a strategy for each field of ``kind`` that a document can say."""
    hints = get_type_hints(kind)
    return {
        field.name: field_values(hints[field.name], place, kind, field.default, depth)
        for field in dataclasses.fields(kind)
        if (place := place_of(field))
    }


def field_values(
    hint: object, place: Place, owner: type[Modelled], default: object, depth: int
) -> st.SearchStrategy[Any]:
    if place.xml == "@type" and isinstance(default, str) and owner.__mro__[1] is not Modelled:
        return st.just(default)  # the word that makes it this class
    if get_origin(hint) is tuple:
        items = field_values(get_args(hint)[0], place, owner, None, depth - 1)
        return st.lists(items, max_size=3 if depth > 0 else 0).map(tuple)
    kinds = get_args(hint) or (hint,)
    return st.one_of(*(kind_values(kind, depth) for kind in kinds))


def kind_values(kind: type, depth: int) -> st.SearchStrategy[Any]:
    if kind is type(None):
        return st.none()
    if issubclass(kind, Modelled):
        return st.deferred(lambda: values_of(kind, depth))
    return st.sampled_from(kind) if issubclass(kind, StrEnum) else PLAIN[kind]
