"""Disks: ``/dev/vg/a,raw,xvda,w``, ``vdev=xvda,target=…`` and the old ``tap:aio:/a.img,xvda,w``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from xenvm.errors import ParseError

from .spec import ParameterStyle, SpecParameter, XlSpec, parse_parameter
from .spec_grammars import DISK_FORMATS, SPEC_GRAMMARS

_GRAMMAR = SPEC_GRAMMARS["disk"]
_PREFIX = re.compile(
    r"(?:(?:raw|qcow2?|vhd|iscsi|e?nbd|drbd|tapdisk|aio|ioemu|file|phy):|tap2?:(?:[a-z0-9]+:)?)+"
)
_TARGET = re.compile(r"[ \t\n]*target=")
_VDEV = re.compile(
    r"(?:(?:xvd|hd|sd)[a-z]+[0-9]*|d[0-9]+(?:p[0-9]+)?|0x[0-9a-f]+|[0-9]+)(?::[a-z]+)?"
)
_SCRIPTS = frozenset({"iscsi", "nbd", "enbd", "drbd"})
_READ_ONLY = frozenset({"r", "ro"})
_SHAREABLE = frozenset({"w!", "!"})


@dataclass(frozen=True, slots=True)
class XlDisk:
    """A disk's string; ``str()`` gives it back as it was, the rest says what it means.

    Attributes:
        spec: Its parameters; change a disk by changing them.
    """

    spec: XlSpec

    @property
    def target(self) -> str:
        """Return the path, or what the script makes a device of; empty for an empty drive."""
        return self.spec.get("target") or ""

    @property
    def vdev(self) -> str:
        """Return the name that the guest sees, such as xvda."""
        return self.spec.get("vdev") or ""

    @property
    def format(self) -> str | None:
        """Return raw, qcow2 and so on, by name or by prefix; None when it says nothing."""
        named = self.spec.get("format")
        return named or next((p for p in self._every_prefix if p in DISK_FORMATS), None)

    @property
    def prefixes(self) -> tuple[str, ...]:
        """Return the old prefixes of the target, such as ``tap`` and ``aio``.

        xl takes from them the format and the script only; libvirt takes the driver, too.
        """
        target = self.spec.parameter("target")
        return tuple(target.prefix.split(":")[:-1]) if target else ()

    @property
    def _every_prefix(self) -> tuple[str, ...]:
        """Return the prefixes of all values, as xl does not care which of them has one."""
        return tuple(p for parameter in self.spec for p in parameter.prefix.split(":")[:-1])

    @property
    def script(self) -> str | None:
        """Return the hotplug script, by name or by prefix, or None."""
        named = self.spec.get("script")
        return named or next((f"block-{p}" for p in self._every_prefix if p in _SCRIPTS), None)

    @property
    def is_cdrom(self) -> bool:
        """Return whether it is a CD-ROM drive."""
        vdev = self.spec.parameter("vdev")
        return (
            "cdrom" in self.spec
            or self.spec.get("devtype") == "cdrom"
            or (vdev is not None and vdev.suffix == ":cdrom")
        )

    @property
    def is_read_only(self) -> bool:
        """Return whether the guest may not write; into a CD-ROM it never may."""
        return self.is_cdrom or self.spec.get("access") in _READ_ONLY

    @property
    def is_shareable(self) -> bool:
        """Return whether others may write at the same time, which only xm and libvirt know."""
        return self.spec.get("access") in _SHAREABLE

    def __str__(self) -> str:
        return str(self.spec)


def parse_disk(text: str) -> XlDisk:
    """Return the disk that ``text`` describes, in the new form, the old one or a mixture.

    Where the string has no prefix, its second value is the format for xl, and the virtual device
    for xm and libvirt; here it is a virtual device when it is no format and looks like one. A
    fourth value, after a prefix, is the backend's domain, as xm had it.

    Raises:
        ParseError: It has more values without a name than there are, or one of them twice.

    Source:
        xen 4.17 tools/libs/util/libxlu_disk_l.l; xl-disk-configuration(5); libvirt 9.0.0
        src/libxl/xen_xm.c; xen 4.2 tools/python/xen/xm/create.py.
    """
    parameters: list[SpecParameter] = []
    for piece in _pieces(text):
        parameter = parse_parameter(piece, _GRAMMAR)
        prefix = _PREFIX.match(parameter.value)
        if parameter.style is ParameterStyle.POSITIONAL and prefix:
            value = parameter.value[prefix.end() :]
            parameter = replace(parameter, prefix=prefix[0], value=value)
        elif parameter.name == "target" and parameter.value.endswith(","):
            # xl drops one comma at the end, even here where commas are part of the value.
            parameter = replace(parameter, value=parameter.value[:-1], suffix=",")
        parameters.append(_placed(parameter, parameters, text))
    if parameters and not str(parameters[-1]):
        parameters[-1] = replace(parameters[-1], name="")
    return XlDisk(XlSpec(kind="disk", parameters=tuple(parameters)))


def _pieces(text: str) -> Iterator[str]:
    """Yield what stands between commas; ``target=`` has all the rest of the string."""
    place = 0
    while place <= len(text) and text:
        end = len(text) if _TARGET.match(text, place) else text.find(",", place)
        end = len(text) if end < 0 else end
        yield text[place:end]
        place = end + 1


def _placed(parameter: SpecParameter, before: list[SpecParameter], text: str) -> SpecParameter:
    """Return a parameter with the name that its place gives it, when it has none.

    Raises:
        ParseError: There is no place left.
    """
    if parameter.style is not ParameterStyle.POSITIONAL:
        return parameter
    given = {p.name for p in before}
    prefixed = any(p.prefix for p in (*before, parameter))
    order = [name for name in (*_GRAMMAR.positional, "backend") if name not in given]
    if prefixed or ("target" in given and _has_no_format(parameter, before)):
        order = [name for name in order if name != "format"]
    name = order[0] if order else ""
    if parameter.value and (not name or (name == "backend" and not prefixed)):
        raise ParseError(f"{parameter.value!r} is one value too many for a disk", text=text)
    value, colon, kind = parameter.value.rpartition(":")
    if name == "vdev" and colon:
        return replace(parameter, name=name, value=value, suffix=colon + kind)
    return replace(parameter, name=name)


def _has_no_format(parameter: SpecParameter, before: list[SpecParameter]) -> bool:
    """Return whether the virtual device stands, or stood, where xl expects the format."""
    placed = {p.name: p for p in before}
    vdev = placed.get("vdev")
    if vdev is not None:
        return vdev.style is ParameterStyle.POSITIONAL
    empty_drive = not placed["target"].value and ":" in parameter.value
    return empty_drive or _VDEV.fullmatch(parameter.value) is not None
