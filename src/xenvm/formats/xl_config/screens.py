"""A guest's screens in xl.cfg: ``vnc…``, ``sdl``, ``spice…``, and the ``vfb`` of a PV guest."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from xenvm.formats.xl import XlDocument, XlSpec
from xenvm.model.domain import DomainConfig
from xenvm.model.graphics import Graphics
from xenvm.model.kinds import GraphicsKind, GuestType

from .items import Devices, Parameters
from .lens import Fields, Keys, Lens
from .source import Source

VNC_PORT = 5900
"""The port of VNC display 0."""

_LISTEN = re.compile(r"(?P<address>[^:]*):(?P<display>[0-9]{1,4})")
_MICE = {True: "client", False: "server"}


def _read(spec: XlSpec, _: Source) -> Graphics:
    """Return the screen of a ``vfb``.

    Where nothing is said, the host chooses a port, as xl has it; libvirt takes port 0.
    """
    if spec.get("type") == "sdl" or _is_true(spec.get("sdl")):
        return Graphics(
            kind=GraphicsKind.SDL,
            display=spec.get("display") or None,
            xauthority=spec.get("xauthority") or None,
        )
    display = spec.get("vncdisplay")
    unused = spec.get("vncunused")
    return _vnc(
        listen=spec.get("vnclisten") or None,
        display=_number(display) if display else None,
        is_unused=_is_true(unused) if unused else display is None,
        password=spec.get("vncpasswd") or None,
        keymap=spec.get("keymap") or None,
    )


def _number(text: str) -> int:
    """Return the number of a display.

    Raises:
        ValueError: It is none.
    """
    if not text.isdecimal() or len(text) > len(str(0xFFFF)):
        raise ValueError(f"{text[:40]!r} is no number of a display")
    return int(text, 10)


def _is_true(text: str | None) -> bool:
    return text is not None and text.isdecimal() and bool(text.strip("0"))


def _vnc(
    *,
    listen: str | None,
    display: int | None,
    is_unused: bool,
    password: str | None,
    keymap: str | None,
) -> Graphics:
    """Return a VNC screen; ``vnclisten`` may have the display behind a colon."""
    found = _LISTEN.fullmatch(listen or "")
    if found:
        listen, display, is_unused = found["address"] or None, int(found["display"], 10), False
    return Graphics(
        kind=GraphicsKind.VNC,
        port=None if is_unused else VNC_PORT + (display or 0),
        autoport=is_unused,
        listen=listen,
        password=password,
        keymap=keymap,
    )


def _write(screen: Graphics, _: DomainConfig) -> Parameters:
    if screen.kind == GraphicsKind.SDL:
        return {"type": "sdl", "display": screen.display, "xauthority": screen.xauthority}
    display = _display(screen)
    return {
        "type": "vnc",
        "vncunused": str(int(display is None)),
        "vncdisplay": None if display is None else str(display),
        "vnclisten": screen.listen,
        "vncpasswd": screen.password,
        "keymap": screen.keymap,
    }


def _display(screen: Graphics) -> int | None:
    """Return a VNC screen's display, or None where the host chooses one."""
    port = screen.port
    if screen.autoport or port is None or port < VNC_PORT:
        return None
    return port - VNC_PORT


def plain_screen(screen: Graphics) -> Graphics:
    """Return a screen as xl understands it: what xl and libvirt tell by themselves is left out."""
    has_port = screen.port not in {None, -1, 0}
    is_chosen = screen.autoport or (screen.autoport is None and not has_port)
    is_sdl = screen.kind == GraphicsKind.SDL
    return replace(
        screen,
        port=screen.port if has_port and not is_chosen else None,
        tls_port=None if screen.tls_port in {-1, 0} else screen.tls_port,
        autoport=None if is_sdl else bool(is_chosen and not screen.tls_port),
    )


def _agrees(told: Graphics, wanted: Graphics, _: DomainConfig) -> bool:
    return plain_screen(told) == plain_screen(wanted)


VFBS = Devices(
    key="vfb",
    read=_read,
    write=_write,
    agrees=_agrees,
    start=lambda _: XlSpec(kind="vfb"),
    also=frozenset({"vnc", "sdl"}),
)


def _read_all(source: Source) -> Fields:
    """Return the screens: of HVM, as the keys say; of others, of ``vfb``.

    An HVM guest that says nothing of ``vnc`` has none here and in libvirt, while xl shows it on
    127.0.0.1. A PV guest with ``vnc=1`` but no ``vfb`` has the screen of these keys, as xl has it.
    """
    if source.is_hvm:
        return {"graphics": tuple(_screens(source))}
    if "vfb" not in source.present and source.is_pv and source.boolean("vnc"):
        return {"graphics": (_read_vnc(source),)}
    return {"graphics": VFBS.values(source)}


def _screens(source: Source) -> list[Graphics]:
    screens = [_read_vnc(source)] if source.boolean("vnc") else []
    if source.boolean("sdl"):
        screens.append(
            Graphics(
                kind=GraphicsKind.SDL,
                display=source.string("display"),
                xauthority=source.string("xauthority"),
            )
        )
    return screens + ([_read_spice(source)] if source.boolean("spice") else [])


def _read_vnc(source: Source) -> Graphics:
    return _vnc(
        listen=source.string("vnclisten"),
        display=source.integer("vncdisplay"),
        is_unused=source.boolean("vncunused") is not False,
        password=source.string("vncpasswd"),
        keymap=source.string("keymap"),
    )


def _read_spice(source: Source) -> Graphics:
    """Return SPICE's screen; what is not said is None, where libvirt says no."""
    port, tls_port = source.integer("spiceport") or None, source.integer("spicetls_port") or None
    mouse = source.boolean("spiceagent_mouse")
    is_open = source.boolean("spicedisable_ticketing")
    return Graphics(
        kind=GraphicsKind.SPICE,
        port=port,
        tls_port=tls_port,
        autoport=not (port or tls_port),
        listen=source.string("spicehost"),
        password=None if is_open else source.string("spicepasswd"),
        mouse_mode=None if mouse is None else _MICE[mouse],
        clipboard=source.boolean("spice_clipboard_sharing"),
    )


def _write_all(config: DomainConfig, document: XlDocument) -> Keys:
    is_hvm = config.guest_type == GuestType.HVM
    if not is_hvm and not _has_keys(config, document):
        screens = [s for s in config.graphics if s.kind in {GraphicsKind.VNC, GraphicsKind.SDL}]
        return {"vfb": VFBS.texts(screens, config, document)}
    of_kind = {str(screen.kind): screen for screen in reversed(config.graphics)}
    vnc, sdl, spice = (of_kind.get(str(kind)) for kind in _SHOWN)
    return {
        "sdl": int(sdl is not None) if config.graphics else None,
        "vnc": int(vnc is not None),
        **(_vnc_keys(vnc) if vnc else {}),
        **({"display": sdl.display, "xauthority": sdl.xauthority} if sdl else {}),
        **(_spice_keys(spice) if spice else {}),
    }


_SHOWN = (GraphicsKind.VNC, GraphicsKind.SDL, GraphicsKind.SPICE)


def _has_keys(config: DomainConfig, document: XlDocument) -> bool:
    """Return whether a PV guest's document says its screen by the keys that are HVM's."""
    return config.guest_type == GuestType.PV and "vfb" not in document and "vnc" in document


def _vnc_keys(screen: Graphics) -> Keys:
    display = _display(screen)
    return {
        "vncunused": int(display is None),
        "vncdisplay": display,
        "vnclisten": screen.listen,
        "vncpasswd": screen.password,
        "keymap": screen.keymap,
    }


def _spice_keys(screen: Graphics) -> Keys:
    """Return SPICE's keys; a mouse of the viewer's and a clipboard need SPICE's agent."""
    is_client = screen.mouse_mode == _MICE[True]
    return {
        "spice": 1,
        "spicehost": screen.listen,
        "spiceport": screen.port if screen.port and screen.port > 0 else None,
        "spicetls_port": screen.tls_port if screen.tls_port and screen.tls_port > 0 else None,
        "spicedisable_ticketing": int(not screen.password),
        "spicepasswd": screen.password,
        "spiceagent_mouse": int(is_client) if screen.mouse_mode else None,
        "spicevdagent": 1 if is_client or screen.clipboard else None,
        "spice_clipboard_sharing": None if screen.clipboard is None else int(screen.clipboard),
    }


def _unsaid(source: Source) -> Iterator[str]:
    """Yield an HVM guest's ``vfb``, which is a screen beside its graphics card."""
    if not source.is_hvm:
        yield from VFBS.unsaid(source)
    elif "vfb" in source.present:
        yield "vfb"


_VNC_KEYS = ("vncunused", "vncdisplay", "vnclisten", "vncpasswd", "keymap")
_SPICE_KEYS = (
    "spice",
    "spicehost",
    "spiceport",
    "spicetls_port",
    "spicedisable_ticketing",
    "spicepasswd",
    "spiceagent_mouse",
    "spicevdagent",
    "spice_clipboard_sharing",
)

SCREENS = (
    Lens(
        fields=("graphics",),
        keys=("vfb", "sdl", "vnc", *_VNC_KEYS, "display", "xauthority", *_SPICE_KEYS),
        read=_read_all,
        write=_write_all,
        unsaid=_unsaid,
    ),
)
