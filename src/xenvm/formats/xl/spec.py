"""A device's string, such as ``mac=…,bridge=…``, as a value that loses nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from xenvm.errors import ParseError, SpecError

from .spec_grammars import SPEC_GRAMMARS, SpecGrammar

_NAMED = re.compile(r"([A-Za-z][\w-]*)([ \t]*=)", re.ASCII)
_BLANKS = " \t\n"
_SHOWN_CHARACTERS = 60


class ParameterStyle(StrEnum):
    """How a parameter is written."""

    NAMED = "named"
    """``bridge=xenbr0``."""
    FLAG = "flag"
    """``untrusted``: its name says it all."""
    POSITIONAL = "positional"
    """Its value alone; where it stands tells which one it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecParameter:
    """One piece between two commas.

    Attributes:
        name: Which parameter it is; empty when nobody knows.
        value: Its value; empty for a flag.
        style: How it is written.
        before: The blanks before it.
        operator: The equals sign of a named one, and blanks around it.
        prefix: What stands before its value and is no part of it, such as ``tap:aio:``.
        suffix: What stands after its value and is no part of it, such as ``:cdrom`` or ``@1f``.
    """

    name: str
    value: str = ""
    style: ParameterStyle = ParameterStyle.NAMED
    before: str = ""
    operator: str = "="
    prefix: str = ""
    suffix: str = ""

    def __str__(self) -> str:
        if self.style is ParameterStyle.FLAG:
            return self.before + self.name + self.suffix
        named = self.style is ParameterStyle.NAMED
        head = self.name + self.operator if named else ""
        return self.before + head + self.prefix + self.value + self.suffix


@dataclass(frozen=True, slots=True, kw_only=True)
class XlSpec:
    """A device's string; ``str()`` gives it back as it was.

    Attributes:
        kind: The key of xl.cfg, and of :data:`~xenvm.formats.xl.spec_grammars.SPEC_GRAMMARS`.
        parameters: The pieces, in order.
    """

    kind: str
    parameters: tuple[SpecParameter, ...] = ()

    @property
    def grammar(self) -> SpecGrammar:
        """Return what its parameters are."""
        return SPEC_GRAMMARS[self.kind]

    @property
    def names(self) -> tuple[str, ...]:
        """Return the name of each parameter once, in order."""
        return tuple(dict.fromkeys(p.name for p in self.parameters if p.name))

    @property
    def unknown(self) -> tuple[str, ...]:
        """Return the pieces that Xen 4.20 does not know, which are kept."""
        known = {*self.grammar.parameters, *self.grammar.flags, *self.grammar.positional}
        odd = (p for p in self.parameters if p.name not in known)
        return tuple(p.name or p.value for p in odd if p.name or p.value)

    def get(self, name: str) -> str | None:
        """Return the value of a parameter, of several the last, or None; a flag's is empty."""
        found = self._find(name)
        return None if found is None else self.parameters[found].value

    def parameter(self, name: str) -> SpecParameter | None:
        """Return the last parameter of that name, or None."""
        found = self._find(name)
        return None if found is None else self.parameters[found]

    def set(self, name: str, value: str) -> XlSpec:
        """Return the spec in which the parameter has ``value`` and nothing else has changed.

        One that is there keeps its place, and whether it has its name; a new one goes to the end.

        Raises:
            SpecError: The value has a comma, which would end it.
        """
        if self.get(name) == value:
            return self
        found = self._find(name)
        if self._swallows(name):
            return self._set_last(name, value, found)
        if "," in value and self.grammar.splits:
            raise SpecError(f"{name}={value[:_SHOWN_CHARACTERS]!r} cannot be written: it has a ','")
        if found is None:
            return self._added(SpecParameter(name=name, value=value))
        return self._replaced(found, replace(self.parameters[found], value=value))

    def with_flag(self, name: str) -> XlSpec:
        """Return the spec with a flag, at the end unless it is there."""
        if name in self:
            return self
        return self._added(SpecParameter(name=name, style=ParameterStyle.FLAG))

    def without(self, name: str) -> XlSpec:
        """Return the spec without a parameter; what has no name leaves its place empty."""
        kept = []
        for parameter in self.parameters:
            if parameter.name != name:
                kept.append(parameter)
            elif parameter.style is ParameterStyle.POSITIONAL:
                kept.append(replace(parameter, value="", prefix="", suffix=""))
        return replace(self, parameters=tuple(kept))

    def _find(self, name: str) -> int | None:
        places = [place for place, p in enumerate(self.parameters) if p.name == name]
        return places[-1] if places else None

    def _swallows(self, name: str) -> bool:
        return name == "target" and self.kind == "disk"

    def _set_last(self, name: str, value: str, found: int | None) -> XlSpec:
        """Return the spec with a parameter that takes all the rest, but for one last comma."""
        suffix = "," if value.endswith(",") else ""
        named = SpecParameter(name=name, value=value, suffix=suffix)
        if found is None:
            return replace(self, parameters=(*self.parameters, named))
        parameter = self.parameters[found]
        if parameter.style is ParameterStyle.NAMED:
            suffix = suffix or parameter.suffix
            return self._replaced(found, replace(parameter, value=value, suffix=suffix))
        if not re.search(r"[,=:]|^\s", value):
            return self._replaced(found, replace(parameter, value=value))
        emptied = self._replaced(found, replace(parameter, value=""))
        return replace(emptied, parameters=(*emptied.parameters, named))

    def _added(self, parameter: SpecParameter) -> XlSpec:
        old = self.parameters
        last_takes_all = (
            bool(old) and old[-1].style is ParameterStyle.NAMED and self._swallows(old[-1].name)
        )
        place = len(old) - 1 if last_takes_all else len(old)
        return replace(self, parameters=(*old[:place], parameter, *old[place:]))

    def _replaced(self, place: int, parameter: SpecParameter) -> XlSpec:
        old = self.parameters
        return replace(self, parameters=(*old[:place], parameter, *old[place + 1 :]))

    def __contains__(self, name: object) -> bool:
        return any(parameter.name == name for parameter in self.parameters)

    def __iter__(self) -> Iterator[SpecParameter]:
        return iter(self.parameters)

    def __str__(self) -> str:
        return ",".join(map(str, self.parameters))


def parse_spec(text: str, name: str) -> XlSpec:
    """Return the device that ``text`` describes.

    Args:
        text: One string of a list such as ``vif=``.
        name: The key; one of :data:`~xenvm.formats.xl.spec_grammars.SPEC_GRAMMARS`, but for
            ``disk``, of which this does not know the old forms.

    Raises:
        ParseError: There is no grammar of that name.
    """
    grammar = SPEC_GRAMMARS.get(name)
    if grammar is None:
        raise ParseError(f"{name!r} describes no device", path=name, text=text)
    if not text:
        return XlSpec(kind=name)
    pieces = _split(text, grammar)
    named_here = iter(grammar.positional)
    parameters = tuple(parse_parameter(piece, grammar, named_here) for piece in pieces)
    return XlSpec(kind=name, parameters=parameters)


def parse_parameter(
    piece: str, grammar: SpecGrammar, positional: Iterator[str] | None = None
) -> SpecParameter:
    """Return one piece between two commas.

    Args:
        piece: Its text.
        grammar: What the device's parameters are.
        positional: The names for pieces that have none, used up one by one.
    """
    body = piece.lstrip(_BLANKS)
    before = piece[: len(piece) - len(body)]
    if body in grammar.flags:
        return SpecParameter(name=body, style=ParameterStyle.FLAG, before=before)
    named = _NAMED.match(body)
    if named is None:
        name = next(positional, "") if positional is not None else ""
        return SpecParameter(name=name, value=body, style=ParameterStyle.POSITIONAL, before=before)
    name, operator, value, suffix = named[1], named[2], body[named.end() :], ""
    if grammar.trims:
        inner = value.strip(_BLANKS)
        start = value.index(inner)
        operator += value[:start]
        value, suffix = inner, value[start + len(inner) :]
    return SpecParameter(name=name, value=value, before=before, operator=operator, suffix=suffix)


def _split(text: str, grammar: SpecGrammar) -> list[str]:
    """Return the pieces; a virtio device's type is the one value that may have a comma."""
    if not grammar.splits:
        return [text]
    pieces = text.split(",")
    if grammar.name != "virtio":
        return pieces
    joined: list[str] = []
    for piece in pieces:
        if joined and joined[-1].strip() == "type=virtio" and piece.startswith("device"):
            joined[-1] += "," + piece
        else:
            joined.append(piece)
    return joined
