"""What does not get from one format into the other."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from xenvm.formats.unmodelled import unmodelled
from xenvm.model.comparison import differences
from xenvm.model.domain import DomainConfig

from .config import LENSES, read_document, written
from .general import KIB_PER_MIB
from .implied import plain
from .items import config_type
from .residue import XlResidue
from .source import source_of

_GIVEN = {"type/@machine": ("xenpv", "xenpvh", "xenfv"), "listen/@type": ("address",)}
_OF_RUNNING = ("alias/@name", "source/@tty")


def lost_in_xl(config: DomainConfig) -> list[str]:
    """Return what xl.cfg does not say of a config: fields, then XML paths without a field.

    A field such as ``title`` or ``vbds[xvda].boot_order`` is one that xl has no word for, or that
    reads back as something else: sizes that are no whole MiB, a second graphics card. What xl and
    libvirt give a guest unasked, such as its memory balloon, is not lost.

    Raises:
        SpecError: The config cannot be written at all; see ``format_xl_config``.
    """
    told = read_document(written(config))
    found = [each.path for each in differences(plain(config), plain(told))]
    beyond = (path for path, text in unmodelled(config).items() if not _is_given(path, text))
    return list(dict.fromkeys([*_rounded(config), *found, *beyond]))


def lost_in_xml(config: DomainConfig) -> list[str]:
    """Return what an xl.cfg says that the model, and with it libvirt's XML, has no place for.

    These are keys such as ``cpus_soft``, parameters such as ``disk[0].script`` and whole devices
    such as ``usbdevice[1]``; comments and layout are not told. A config that was not read from xl
    has none.

    Raises:
        ParseError: Never for a config that ``parse_xl_config`` returned.
    """
    residue = config.residue
    if not isinstance(residue, XlResidue):
        return []
    document = residue.document
    source = source_of(document, config_type(residue.read))
    read = {key for lens in LENSES for key in lens.keys}
    lost = [key for key in document if key not in read]
    return lost + [each for lens in LENSES for each in lens.unsaid(source)]


def _is_given(path: str, text: str) -> bool:
    """Return whether what has no field says what is so in any case, or only while a guest runs."""
    last_two = "/".join(path.split("/")[-2:])
    return last_two in _OF_RUNNING or text in _GIVEN.get(last_two, ())


def _rounded(config: DomainConfig) -> Iterator[str]:
    """Yield the sizes that are no whole MiB."""
    for name in ("memory_kib", "max_memory_kib"):
        if getattr(config, name) % KIB_PER_MIB:
            yield name
    for field, items in (("numa_cells", config.numa_cells), ("videos", config.videos)):
        for number, item in enumerate(items):
            for each in dataclasses.fields(item):
                size = getattr(item, each.name) if each.name.endswith("_kib") else None
                if size and size % KIB_PER_MIB:
                    yield f"{field}[{number}].{each.name}"
