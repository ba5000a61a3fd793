"""Emulated hardware of an HVM guest in xl.cfg: graphics and sound cards, USB mice and tablets."""

from __future__ import annotations

from collections.abc import Iterator

from xenvm.formats.xl import XlDocument
from xenvm.model.devices import Input, Sound
from xenvm.model.domain import DomainConfig
from xenvm.model.graphics import Video
from xenvm.model.kinds import GuestType

from .general import KIB_PER_MIB, in_mib
from .items import with_strangers
from .lens import Fields, Keys, Lens
from .source import Source

USB = "usb"
INPUT_KINDS = ("tablet", "mouse", "keyboard")

_MODELS = {"stdvga": "vga", "cirrus": "cirrus", "qxl": "qxl", "none": "none"}
_CARDS = {model: card for card, model in _MODELS.items()}

_SOUNDS = {"hda": "ich6"}
"""xl's word for a sound card, and libvirt's."""
_SOUND_WORDS = {model: word for word, model in _SOUNDS.items()}
_ALL_SOUNDS = ("sb16", "es1370")
"""What ``soundhw="all"`` is to libvirt."""


def _read_videos(source: Source) -> Fields:
    """Return the graphics card, if the document says anything of it."""
    if not source.is_hvm:
        return {}
    card, is_std = source.string("vga"), source.boolean("stdvga")
    vram_mib = source.integer("videoram")
    if card is None and is_std is None and vram_mib is None:
        return {}
    card = card or ("stdvga" if is_std else "cirrus")
    vram_kib = None if vram_mib is None else vram_mib * KIB_PER_MIB
    return {"videos": (Video(model=_MODELS.get(card, card), vram_kib=vram_kib),)}


def _write_videos(config: DomainConfig, document: XlDocument) -> Keys:
    if config.guest_type != GuestType.HVM or not config.videos:
        return {}
    video = config.videos[0]
    vram_mib = None if video.vram_kib is None else in_mib(video.vram_kib)
    card = _CARDS.get(video.model or "", video.model)
    if "stdvga" in document and "vga" not in document and card in {"stdvga", "cirrus"}:
        return {"stdvga": int(card == "stdvga"), "videoram": vram_mib}
    return {"vga": card, "videoram": vram_mib}


def _read_sounds(source: Source) -> Fields:
    """Return the sound cards: several, as libvirt and xm have it; xl starts no more than one."""
    text = source.string("soundhw") if source.is_hvm else None
    words = _ALL_SOUNDS if text == "all" else (text or "").split(",")
    return {"sounds": tuple(Sound(model=_SOUNDS.get(word, word)) for word in words if word)}


def _write_sounds(config: DomainConfig, document: XlDocument) -> Keys:
    """Return the first card; all of them in a document that has several."""
    if config.guest_type != GuestType.HVM or not config.sounds:
        return {}
    words = [_SOUND_WORDS.get(sound.model, sound.model) for sound in config.sounds]
    old = str(document.get("soundhw") or "")
    has_several = old == "all" or "," in old
    return {"soundhw": ",".join(words) if has_several else words[0]}


def _read_inputs(source: Source) -> Fields:
    """Return tablets, mice and keyboards; other USB devices stay as they are."""
    words = source.strings("usbdevice") if source.is_hvm else ()
    return {"inputs": tuple(Input(kind=word, bus=USB) for word in words if word in INPUT_KINDS)}


def is_usb_input(device: Input) -> bool:
    """Return whether a device is one of USB that xl knows; a tablet is one if nobody says more."""
    is_usb = device.bus == USB or (device.bus is None and device.kind == "tablet")
    return is_usb and device.kind in INPUT_KINDS


def _write_inputs(config: DomainConfig, document: XlDocument) -> Keys:
    if config.guest_type != GuestType.HVM:
        return {}
    atoms = document.atoms("usbdevice")
    there = [str(item) for item in ((atoms,) if isinstance(atoms, str) else atoms or ())]
    words = [each.kind for each in config.inputs if is_usb_input(each)]
    written = with_strangers(words, there, [word not in INPUT_KINDS for word in there])
    if written is None:
        return {}
    is_one = len(written) == 1 and not isinstance(atoms, tuple)
    return {"usb": 1, "usbdevice": written[0] if is_one else written}


def _unsaid_inputs(source: Source) -> Iterator[str]:
    words = source.strings("usbdevice") if source.is_hvm else ()
    yield from (f"usbdevice[{n}]" for n, word in enumerate(words) if word not in INPUT_KINDS)


HARDWARE = (
    Lens(
        fields=("videos",),
        keys=("vga", "stdvga", "videoram"),
        read=_read_videos,
        write=_write_videos,
    ),
    Lens(fields=("sounds",), keys=("soundhw",), read=_read_sounds, write=_write_sounds),
    Lens(
        fields=("inputs",),
        keys=("usb", "usbdevice"),
        read=_read_inputs,
        write=_write_inputs,
        unsaid=_unsaid_inputs,
    ),
)
