"""PCI devices to pass through: ``0000:0a:00.0@1f,permissive=1``."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from xenvm.errors import ParseError, SpecError
from xenvm.model.quantities import PciAddress

from .grammar import to_integer
from .spec import ParameterStyle, XlSpec, parse_spec

_PLACE = re.compile(r"(?P<bdf>[0-9a-fA-F:]+\.(?:[0-7]|\*))(?P<slot>@(?P<vslot>[0-9a-fA-F]{1,2}))?")
_SLOT = re.compile(r"[0-9a-fA-F]{1,2}")
_SLOT_MOST = 0x1F


@dataclass(frozen=True, slots=True)
class XlPci:
    """A PCI device's string; ``str()`` gives it back as it was, the rest says what it means.

    Attributes:
        spec: Its parameters; change a device by changing them.
        address: Where the host has it, function 0 for all functions; None when it has a name.
        vslot: In which slot the guest sees it, 0 to 31, or None.
    """

    spec: XlSpec
    address: PciAddress | None
    vslot: int | None

    @property
    def all_functions(self) -> bool:
        """Return whether all functions of the device are meant."""
        return (self.spec.get("bdf") or "").endswith(".*")

    @property
    def name(self) -> str | None:
        """Return the name that it got when it was made assignable, or None."""
        return self.spec.get("name")

    def option(self, name: str) -> bool | None:
        """Return a flag such as ``permissive``, or None when the string says nothing of it.

        Raises:
            ParseError: It is no integer.
        """
        text = self.spec.get(name)
        if text is None:
            return None
        value = to_integer(text)
        if value is None:
            raise ParseError(f"{name}={text!r} is no integer", path="pci", text=str(self))
        return bool(value)

    def __str__(self) -> str:
        return str(self.spec)


def parse_pci(text: str) -> XlPci:
    """Return the device that ``text`` describes.

    Raises:
        ParseError: It has no valid address, or neither an address nor a name, or both.

    Source:
        xen 4.17 tools/libs/util/libxlu_pci.c; xl-pci-configuration(5).
    """
    spec = parse_spec(text, "pci")
    first = spec.parameters[0] if spec.parameters else None
    slot = spec.get("vslot")
    if (
        first
        and first.style is ParameterStyle.POSITIONAL
        and (found := _PLACE.fullmatch(first.value))
    ):
        first = replace(first, value=found["bdf"], suffix=found["slot"] or "")
        spec = replace(spec, parameters=(first, *spec.parameters[1:]))
        slot = slot or found["vslot"]
    bdf = spec.get("bdf")
    if (bdf is None) == (spec.get("name") is None):
        raise ParseError("a PCI device needs an address or a name, and not both", text=text)
    try:
        address = None if bdf is None else PciAddress.parse(bdf.replace("*", "0"))
    except SpecError as exc:
        raise ParseError(str(exc), path="pci", text=text) from exc
    return XlPci(spec=spec, address=address, vslot=None if slot is None else _slot(slot, text))


def _slot(written: str, text: str) -> int:
    """Return the slot.

    Raises:
        ParseError: It is none.
    """
    if not _SLOT.fullmatch(written) or int(written, 16) > _SLOT_MOST:
        raise ParseError(f"{written!r} is no slot: 0 to 1f, in hexadecimal", path="pci", text=text)
    return int(written, 16)
