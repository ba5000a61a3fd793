"""Reading a document by the types of its keys, and saying what in it is odd."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NoReturn

from xenvm.errors import ParseError

from .cpu_list import XlCpuList
from .device import parse_device
from .document import XlDocument, XlEntry
from .grammar import XlAtoms, to_integer
from .keys import XL_KEYS, KeyStatus, XlKey
from .spec import XlSpec
from .value_types import ValueKind, ValueType


class FindingKind(StrEnum):
    """What is odd."""

    UNKNOWN_KEY = "unknown key"
    """No Xen from 4.17 to 4.20 knows it, nor did xm."""
    WRONG_TYPE = "wrong type"
    """xl passes over the value, or refuses the file."""
    UNKNOWN_WORD = "unknown word"
    """The value is none of the words that the key is known to take."""
    OVERRIDDEN = "overridden"
    """The key is given again: xl takes the last value, libvirt the first."""
    DEPRECATED = "deprecated"
    IGNORED = "ignored"
    """xl does not read the key."""
    BAD_DEVICE = "bad device"
    """A device's string is none."""
    UNKNOWN_PARAMETER = "unknown parameter"
    """A device's string has a parameter that Xen 4.20 does not know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class XlFinding:
    """One thing that is odd in a document; none of them keeps it from being read.

    Attributes:
        kind: What is odd.
        key: The key.
        line: The line of the key's last entry, from 1.
        text: What is wrong, and what to write instead.
    """

    kind: FindingKind
    key: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.text}"


def read_integer(document: XlDocument, key: str) -> int | None:
    """Return an integer, or None when the key is not there; its unit is in ``XL_KEYS``.

    Raises:
        ParseError: It is no integer; names the line.
    """
    atoms = document.atoms(key)
    value = to_integer(atoms) if isinstance(atoms, str) else None
    if atoms is not None and (value is None or len(document.entries_of(key)) > 1):
        _refuse(document, key, "an integer")
    return value


def read_boolean(document: XlDocument, key: str) -> bool | None:
    """Return whether an integer is not 0, or None when the key is not there.

    Raises:
        ParseError: It is no integer; names the line.
    """
    value = read_integer(document, key)
    return None if value is None else bool(value)


def read_string(document: XlDocument, key: str) -> str | None:
    """Return a string, or None when the key is not there; of an integer, what is written.

    Raises:
        ParseError: It is a list; names the line.
    """
    atoms = document.atoms(key)
    if isinstance(atoms, tuple):
        _refuse(document, key, "a string")
    return atoms


def read_strings(document: XlDocument, key: str) -> tuple[str, ...]:
    """Return the strings of a list; none when the key is not there.

    A single string is a list of one where xl takes it for one, such as in ``serial=``.

    Raises:
        ParseError: It is no list of strings; names the line.
    """
    atoms = document.atoms(key)
    if atoms is None:
        return ()
    if isinstance(atoms, str):
        known = XL_KEYS.get(key)
        if known and any(t.depth == 0 and t.kind is ValueKind.STRING for t in known.types):
            return (atoms,)
        _refuse(document, key, "a list of strings")
    return tuple(_each_string(document, key, atoms))


def read_cpus(document: XlDocument, key: str) -> XlCpuList | tuple[XlCpuList, ...] | None:
    """Return where vCPUs may run: one list for all of them, or one for each from vCPU 0.

    Raises:
        ParseError: It is no list of CPUs; names the line.
    """
    atoms = document.atoms(key)
    if atoms is None:
        return None
    try:
        if isinstance(atoms, str):
            return XlCpuList.parse(atoms)
        return tuple(XlCpuList.parse(item) for item in _each_string(document, key, atoms))
    except ValueError as exc:
        _refuse(document, key, "CPUs", str(exc))


def read_specs(document: XlDocument, key: str) -> tuple[XlSpec, ...]:
    """Return the devices of a list such as ``vif=``; none when the key is not there.

    Raises:
        ParseError: It is no list of such devices; names the line.
    """
    return tuple(_spec(document, key, text) for text in read_strings(document, key))


def examine(document: XlDocument) -> tuple[XlFinding, ...]:
    """Return everything odd in a document, in the order of its keys."""
    entries: dict[str, list[XlEntry]] = {}
    for entry in document.entries:
        entries.setdefault(entry.key, []).append(entry)
    lines = document.lines
    return tuple(
        finding
        for key, own in entries.items()
        for finding in _findings(XlDocument(entries=tuple(own)), key, lines[key])
    )


def _findings(document: XlDocument, key: str, line: int) -> Iterator[XlFinding]:
    """Yield what is odd in a document that has no other key."""

    def finding(kind: FindingKind, text: str) -> XlFinding:
        return XlFinding(kind=kind, key=key, line=line, text=text)

    if len(document.entries_of(key)) < len(document.entries):
        text = f"{key} is given again: xl takes the last value, libvirt the first"
        yield finding(FindingKind.OVERRIDDEN, text)
    known = XL_KEYS.get(key)
    if known is None:
        yield finding(FindingKind.UNKNOWN_KEY, f"{key} is no key that Xen 4.17 to 4.20 knows")
        return
    if known.status is not KeyStatus.CURRENT:
        yield finding(*_status(known))
    atoms = document.atoms(key)
    fitting = [t for t in known.types if atoms is not None and _fits(document, key, t, atoms)]
    if atoms is None or not fitting:
        wanted = " or ".join(map(str, known.types))
        yield finding(FindingKind.WRONG_TYPE, f"{key} is not what xl takes: {wanted}")
        return
    for kind, text in _values(fitting, key, atoms):
        yield finding(kind, text)


def _status(known: XlKey) -> tuple[FindingKind, str]:
    use = f": use {known.instead}" if known.instead else ""
    if known.status is KeyStatus.DEPRECATED:
        return FindingKind.DEPRECATED, f"{known.name} is deprecated{use}"
    return FindingKind.IGNORED, f"{known.name} is not read by xl{use}"


def _fits(document: XlDocument, key: str, value_type: ValueType, atoms: XlAtoms) -> bool:
    if value_type.kind in {ValueKind.INTEGER, ValueKind.BOOLEAN} and not value_type.depth:
        return value_type.fits(atoms) and len(document.entries_of(key)) == 1
    return value_type.fits(atoms)


def _values(
    fitting: list[ValueType], key: str, atoms: XlAtoms
) -> Iterator[tuple[FindingKind, str]]:
    odd = [value_type.unknown_words(atoms) for value_type in fitting]
    if all(odd):
        yield FindingKind.UNKNOWN_WORD, f"{key} has {odd[0][0]!r}, which Xen 4.20 does not know"
    for value_type in fitting:
        if value_type.kind is ValueKind.SPEC:
            for text in _strings_in(atoms):
                yield from _spec_findings(value_type.spec, text)


def _spec_findings(name: str, text: str) -> Iterator[tuple[FindingKind, str]]:
    try:
        spec = parse_device(text, name)
    except ParseError as exc:
        yield FindingKind.BAD_DEVICE, f"{name}: {exc}"
        return
    if name == "disk":
        yield from _disk_findings(spec)
    for unknown in spec.unknown:
        yield FindingKind.UNKNOWN_PARAMETER, f"{name} has no {unknown!r}"
    for parameter in spec:
        value_type = spec.grammar.parameters.get(parameter.name)
        if value_type is None:
            continue
        said = f"{name}: {parameter.name}={parameter.value!r}"
        if not value_type.fits(parameter.value):
            yield FindingKind.BAD_DEVICE, f"{said} is no {value_type}"
        elif value_type.unknown_words(parameter.value):
            yield FindingKind.UNKNOWN_WORD, f"{said} is none that Xen 4.20 knows"


def _disk_findings(spec: XlSpec) -> Iterator[tuple[FindingKind, str]]:
    """Yield what xl refuses in a disk; of other devices it does not ask this."""
    if not spec.get("vdev"):
        yield FindingKind.BAD_DEVICE, f"disk: {str(spec)!r} has no vdev"
    for name in spec.names:
        if len({parameter.value for parameter in spec if parameter.name == name} - {""}) > 1:
            yield FindingKind.BAD_DEVICE, f"disk: {str(spec)!r} has two values for {name}"


def _spec(document: XlDocument, key: str, text: str) -> XlSpec:
    try:
        return parse_device(text, key)
    except ParseError as exc:
        _refuse(document, key, "a list of devices", str(exc))


def _strings_in(atoms: XlAtoms) -> Iterator[str]:
    if isinstance(atoms, str):
        yield atoms
    else:
        for item in atoms:
            yield from _strings_in(item)


def _each_string(document: XlDocument, key: str, atoms: tuple[XlAtoms, ...]) -> Iterator[str]:
    for item in atoms:
        if not isinstance(item, str):
            _refuse(document, key, "a list of strings")
        yield item


def _refuse(document: XlDocument, key: str, wanted: str, why: str = "") -> NoReturn:
    """Say what a key's value should be.

    Raises:
        ParseError: Always.
    """
    line = document.line_of(key)
    text = document.entries_of(key)[-1].text
    detail = f": {why}" if why else ""
    raise ParseError(f"line {line}: {key} is not {wanted}{detail}", path=key, text=text, line=line)
