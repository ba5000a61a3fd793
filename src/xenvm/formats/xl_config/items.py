"""Lists of devices: each device keeps the string it was read from, but for what changes in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from xenvm.errors import ParseError, SpecError
from xenvm.formats.xl import ParameterStyle, SpecParameter, XlDocument, XlSpec, parse_device
from xenvm.model.domain import DomainConfig
from xenvm.model.kinds import GuestType
from xenvm.model.residue import Modelled

from .residue import XlItemResidue
from .source import Source, source_of

T = TypeVar("T", bound=Modelled)

_POSITIONAL = ParameterStyle.POSITIONAL

FLAG = ""
"""What a parameter is written as that is a word alone, such as a disk's ``discard``."""

Parameters = Mapping[str, str | None]
"""What a device says, by parameter; None for one that is not to be there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Devices(Generic[T]):
    """How the devices of one key become values of the model, and back.

    Attributes:
        key: The key of xl.cfg.
        read: Returns what a string says, or None for a device that the model has no word for: its
            string stays where it is. Raises ``ValueError`` with what is wrong.
        write: Returns the parameters that say a value.
        agrees: Returns whether one value, read back, says all that can be said of another.
        start: Returns the device to which parameters are added when there is none yet.
        also: Parameters that ``read`` looks at and ``write`` does not need.
    """

    key: str
    read: Callable[[XlSpec, Source], T | None]
    write: Callable[[T, DomainConfig], Parameters]
    agrees: Callable[[T, T, DomainConfig], bool]
    start: Callable[[T], XlSpec]
    also: frozenset[str] = frozenset()

    def values(self, source: Source) -> tuple[T, ...]:
        """Return the values of a document's devices, each with its string as residue.

        Raises:
            ParseError: One is no such device; names the line.
        """
        read = (self._value(spec, source) for spec in source.specs(self.key))
        return tuple(value for value in read if value is not None)

    def texts(
        self, values: Sequence[T], config: DomainConfig, document: XlDocument
    ) -> list[str] | None:
        """Return the strings of the devices, with those between that no value stands for."""
        source = source_of(document, config_type(config))
        try:
            specs = source.specs(self.key)
        except ParseError:
            specs = ()
        strange = [self._is_strange(spec, source) for spec in specs]
        texts = [self._text(value, config, source) for value in values]
        return with_strangers(texts, list(map(str, specs)), strange)

    def unsaid(self, source: Source) -> Iterator[str]:
        """Yield devices and parameters that no value stands for, by where they stand."""
        for number, spec in enumerate(source.specs(self.key)):
            value = self.read(spec, source)
            if value is None:
                yield f"{self.key}[{number}]"
                continue
            known = {*self.write(value, DomainConfig(name="")), *self.also, ""}
            yield from (f"{self.key}[{number}].{n}" for n in spec.names if n not in known)

    def _value(self, spec: XlSpec, source: Source) -> T | None:
        try:
            value = self.read(spec, source)
        except ValueError as exc:
            source.refuse(self.key, f"{str(spec)[:80]!r}: {exc}", exc)
        if value is None:
            return None
        return replace(value, residue=XlItemResidue(text=str(spec), read=value))

    def _is_strange(self, spec: XlSpec, source: Source) -> bool:
        try:
            return self.read(spec, source) is None
        except ValueError:
            return False

    def _text(self, value: T, config: DomainConfig, source: Source) -> str:
        residue = value.residue
        if isinstance(residue, XlItemResidue) and residue.read == value:
            return residue.text
        return str(self._spec(value, config, source))

    def _spec(self, value: T, config: DomainConfig, source: Source) -> XlSpec:
        """Return the device that says a value: its own, changed where it has to be.

        Raises:
            SpecError: A text has a character that a device cannot hold.
        """
        wanted = self.write(value, config)
        residue = value.residue
        if not isinstance(residue, XlItemResidue) or not isinstance(residue.read, type(value)):
            return _changed(self.start(value), {}, wanted)
        old = parse_device(residue.text, self.key)
        edited = _changed(old, self.write(residue.read, config), wanted)
        if self._says(edited, value, config, source):
            return edited
        others = [p for p in old if p.name not in wanted and p.style is not _POSITIONAL]
        whole = _changed(_with(self.start(value), others), {}, wanted)
        return whole if self._says(whole, value, config, source) else edited

    def _says(self, spec: XlSpec, value: T, config: DomainConfig, source: Source) -> bool:
        try:
            told = self.read(parse_device(str(spec), self.key), source)
        except ValueError:
            return False
        return told is not None and self.agrees(told, value, config)


def _with(spec: XlSpec, others: Sequence[SpecParameter]) -> XlSpec:
    return replace(spec, parameters=(*spec.parameters, *others))


def _changed(spec: XlSpec, old: Parameters, new: Parameters) -> XlSpec:
    """Return a device with the parameters that differ from ``old``."""
    for name in {**old, **new}:
        value = new.get(name)
        if value == old.get(name):
            continue
        if value is None:
            spec = spec.without(name)
        elif name in spec.grammar.flags:
            spec = spec.with_flag(name)
        else:
            spec = spec.set(name, checked(value, name))
    return spec


def checked(text: str, name: str) -> str:
    """Return a text if it can stand in a device's string.

    Raises:
        SpecError: It has the end of a line.
    """
    if "\n" in text or "\r" in text:
        raise SpecError(f"{name}={text[:60]!r} cannot be written into xl.cfg: it has a line's end")
    return text


def with_strangers(
    texts: Sequence[str], there: Sequence[str], strange: Sequence[bool]
) -> list[str] | None:
    """Return a list of strings with those that no value stands for, each after its neighbour.

    Args:
        texts: The strings of the values, in order.
        there: The strings that the document has now.
        strange: For each of them, whether no value stands for it.
    """
    written = list(texts)
    before: str | None = None
    for text, is_strange in zip(there, strange, strict=True):
        if is_strange:
            place = written.index(before) + 1 if before in written else len(written)
            written.insert(0 if before is None else place, text)
        before = text
    return written or None


def config_type(config: DomainConfig) -> GuestType:
    """Return a config's kind of guest; PV for one that Xen does not know."""
    return GuestType(config.guest_type) if config.guest_type in set(GuestType) else GuestType.PV
