"""xl.cfg and xm text ⇄ :class:`~xenvm.model.domain.DomainConfig`; pure text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import cast

from xenvm.errors import SpecError
from xenvm.formats.xl import XlDocument, parse_xl_document
from xenvm.model.domain import DomainConfig
from xenvm.model.kinds import GuestType

from .boot import BOOT
from .chardevs import CHARDEVS
from .clock import CLOCK
from .features import FEATURES
from .firmware import FIRMWARE
from .general import DEVICE_MODEL, ENDS, GENERAL, read_guest_type
from .hardware import HARDWARE
from .hostdevs import HOSTDEVS
from .implied import plain
from .lens import Keys, Lens
from .processors import PROCESSORS
from .residue import XlResidue
from .screens import SCREENS
from .source import source_of
from .vbds import VBDS
from .vnifs import VNIFS
from .vnuma import VNUMA

LENSES = (
    *GENERAL, *PROCESSORS, *VNUMA, *FIRMWARE, *BOOT, *FEATURES, *CLOCK, *ENDS, *DEVICE_MODEL,
    *VBDS, *VNIFS, *SCREENS, *HARDWARE, *CHARDEVS, *HOSTDEVS,
)  # fmt: skip
"""All that is converted, in the order in which it is written."""

_XEN = "xen"


def parse_xl_config(text: str | bytes) -> DomainConfig:
    """Return what an xl.cfg or an old xm file describes; nothing in it is evaluated.

    What the model has no field for, comments, order and quotes are the config's residue, and are
    written back. A value means what it means to xl; where libvirt's converter takes it for
    something else, or xm did, the readers of the parts say so.

    Args:
        text: The file: UTF-8, of at most 256 KiB.

    Raises:
        ParseError: It is no such file, has no name, or a value is not of its key's type; names
            line, key and text.
    """
    document = parse_xl_document(text)
    read = read_document(document)
    return replace(read, residue=XlResidue(document=document, read=read))


def read_document(document: XlDocument) -> DomainConfig:
    """Return what a document describes, without a residue.

    Raises:
        ParseError: It has no name, or a value is not of its key's type; names line, key and text.
    """
    source = source_of(document)
    source = replace(source, guest_type=read_guest_type(source))
    fields: dict[str, object] = {}
    for lens in LENSES:
        fields |= lens.read(source)
    return cast("Callable[..., DomainConfig]", DomainConfig)(**fields)


def format_xl_config(config: DomainConfig) -> str:
    """Return the xl.cfg of ``config``: its own, with no more changed than was changed.

    What xl has no word for is left out: :func:`~xenvm.formats.xl_config.lost.lost_in_xl` says
    what. Memory is rounded up to whole MiB, as libvirt does it.

    Raises:
        SpecError: It is no Xen guest, has a device that nobody could start from xl.cfg, such as a
            VNIF of a libvirt network, or a text that cannot be written.
    """
    return str(written(config))


def written(config: DomainConfig) -> XlDocument:
    """Return the document of a config.

    Raises:
        SpecError: xl cannot start what it describes, or a text cannot be written.
    """
    if config.hypervisor != _XEN or config.guest_type not in set(GuestType):
        kind = f"{config.hypervisor} {config.guest_type}"
        raise SpecError(f"{config.name or 'the domain'}: xl starts pv, pvh and hvm, not {kind!r}")
    residue = config.residue
    if isinstance(residue, XlResidue):
        return _changed(residue, config)
    document = XlDocument()
    for lens in LENSES:
        document = _said(document, lens.write(config, document))
    return document


def _changed(residue: XlResidue, config: DomainConfig) -> XlDocument:
    """Return the document that a config was read from, changed until it says what it should.

    Keys that are there are changed first, then others are added. Where both do not help, as when
    one key hides another, all keys of that part are written anew, if that helps.
    """
    document = residue.document
    if residue.read == config:
        return document
    wanted, read = plain(config), plain(residue.read)
    pending = [lens for lens in LENSES if _differ(lens, wanted, read)]
    for step in (_change_present, _change_all):
        for lens in pending:
            document = step(document, lens, residue.read, config)
        told = plain(read_document(document)) if pending else wanted
        pending = [lens for lens in LENSES if _differ(lens, wanted, told)]
    for lens in pending:
        whole = _write_whole(document, lens, config)
        if not _differ(lens, wanted, plain(read_document(whole))):
            document = whole
    return document


def _differ(lens: Lens, one: DomainConfig, other: DomainConfig) -> bool:
    return any(getattr(one, field) != getattr(other, field) for field in lens.fields)


def _change_present(
    document: XlDocument, lens: Lens, old: DomainConfig, new: DomainConfig
) -> XlDocument:
    changes = _changes(document, lens, old, new)
    return _said(document, {key: value for key, value in changes.items() if key in document})


def _change_all(
    document: XlDocument, lens: Lens, old: DomainConfig, new: DomainConfig
) -> XlDocument:
    return _said(document, _changes(document, lens, old, new))


def _write_whole(document: XlDocument, lens: Lens, new: DomainConfig) -> XlDocument:
    keys = lens.write(new, document)
    return _said(document, {key: keys.get(key) for key in lens.keys})


def _changes(document: XlDocument, lens: Lens, old: DomainConfig, new: DomainConfig) -> Keys:
    """Return the keys that say something else of one config than of another."""
    if "guest_type" not in lens.fields:
        old = replace(old, guest_type=new.guest_type)
    before, after = lens.write(old, document), lens.write(new, document)
    return {
        key: after.get(key)
        for key in lens.keys
        if _frozen(before.get(key)) != _frozen(after.get(key))
    }


def _frozen(value: object) -> object:
    return tuple(map(_frozen, value)) if isinstance(value, list | tuple) else value


def _said(document: XlDocument, keys: Mapping[str, object] | Keys) -> XlDocument:
    """Return a document with these keys, or without those that are None."""
    for key, value in cast("Keys", keys).items():
        document = document.without(key) if value is None else document.set(key, value)
    return document
