"""libvirt itself as the judge of what we write: what it makes of a document, and of ours."""

from __future__ import annotations

import dataclasses
from typing import TypeVar

from tests.corpora.trees import differences
from xenvm.errors import LibvirtError, ParseError, SpecError
from xenvm.formats import format_domain_xml, parse_domain_xml
from xenvm.host import Host
from xenvm.model.residue import Modelled

DEFINE_VALIDATE = 1
"""libvirt's VIR_DOMAIN_DEFINE_VALIDATE: its schema must accept the document, too."""

BEYOND_THE_FIELDS = {
    "test-fullvirt-serial-udp.xml": "where a UDP port listens is its second source, in the residue",
}
"""What cannot be built from the fields alone, and why."""

Kind = TypeVar("Kind", bound=Modelled)


def understood(host: Host, document: str) -> str | LibvirtError:
    """Return what libvirt makes of a document, or why it does not take it."""
    connection = host._connection
    try:
        domain = connection.call(
            "defining", lambda: connection.raw.defineXMLFlags(document, DEFINE_VALIDATE)
        )
    except LibvirtError as exc:
        return exc
    try:
        return connection.call("reading it back", domain.XMLDesc)
    finally:
        connection.call("undefining", domain.undefine)


def misread(host: Host, document: str, told: str | LibvirtError) -> str:
    """Return what libvirt takes otherwise once we have formatted it; empty if nothing.

    What it draws anew each time, such as an Open vSwitch interface's id, does not count.
    """
    try:
        ours = understood(host, format_domain_xml(parse_domain_xml(document)))
    except ParseError as exc:
        return f"not parsed: {exc}"
    if isinstance(told, LibvirtError):
        return "" if isinstance(ours, LibvirtError) else f"taken now, but once refused: {told}"
    if isinstance(ours, LibvirtError):
        return f"refused: {ours}"
    changed = differences(told, ours)
    again = str(understood(host, document)) if changed else told
    drawn = {found.path for found in differences(told, again)}
    other = [found for found in changed if found.path not in drawn]
    return f"taken as something else: {other[0]}" if other else ""


def rebuilt(value: Kind) -> Kind:
    """Return ``value`` as a program would have made it: its fields, and nothing beyond them."""
    changes: dict[str, object] = {"residue": None}
    for each in dataclasses.fields(value):
        held = getattr(value, each.name)
        if isinstance(held, Modelled):
            changes[each.name] = rebuilt(held)
        elif isinstance(held, tuple):
            changes[each.name] = tuple(rebuilt(x) if isinstance(x, Modelled) else x for x in held)
    return dataclasses.replace(value, **changes)  # type: ignore[arg-type]


def misbuilt(host: Host, document: str, told: str | LibvirtError) -> str:
    """Return what libvirt takes otherwise of the same domain built from its fields alone.

    A document that libvirt refuses says nothing of ours.
    """
    if isinstance(told, LibvirtError):
        return ""
    try:
        ours = understood(host, format_domain_xml(rebuilt(parse_domain_xml(document))))
    except (ParseError, SpecError) as exc:
        return f"not built: {exc}"
    return f"refused: {ours}" if isinstance(ours, LibvirtError) else _first_change(told, ours)


def _first_change(told: str, ours: str) -> str:
    theirs, again = parse_domain_xml(told), parse_domain_xml(ours)
    for each in dataclasses.fields(theirs):
        one, other = getattr(theirs, each.name), getattr(again, each.name)
        if each.name != "residue" and one != other:
            return f"{each.name} is taken as {other!r}, not {one!r}"
    return ""
