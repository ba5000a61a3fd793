"""A guest's screen, and who may look at it."""

from __future__ import annotations

from dataclasses import dataclass, field

from .kinds import GraphicsKind
from .mapping import at
from .residue import Modelled


@dataclass(frozen=True, slots=True, kw_only=True)
class Graphics(Modelled):
    """A way to see a guest's screen: a PV guest's VFB, or an HVM guest's VGA.

    Attributes:
        kind: VNC, SPICE or SDL.
        port: Its TCP port in Dom0; -1 or None lets the host choose.
        tls_port: SPICE's encrypted port.
        autoport: Whether the host chooses the port; None when not said.
        listen: The address in Dom0 that it listens on; None for the host's default.
        password: What a viewer must know; never shown by ``repr``.
        keymap: The keyboard's layout, such as ``de``.
        clipboard: SPICE: whether viewer and guest share their clipboards; None when not said.
        mouse_mode: SPICE: ``server`` or ``client``.
        display: SDL: the X display, such as ``:0``.
        xauthority: SDL: the file that lets in to the X display.

    Source:
        libvirt formatdomain, "Graphical framebuffers"; xl.cfg(5) ``vfb``, ``vnc…``, ``spice…``.
    """

    kind: GraphicsKind | str = field(default=GraphicsKind.VNC, metadata=at("@type"))
    port: int | None = field(
        default=None,
        metadata=at("@port", xl="vfb.vncdisplay", note="xl counts VNC displays from port 5900"),
    )
    tls_port: int | None = field(default=None, metadata=at("@tlsPort", xl="spicetls_port"))
    autoport: bool | None = field(default=None, metadata=at("@autoport", xl="vfb.vncunused"))
    listen: str | None = field(
        default=None, metadata=at("@listen", also="listen/@address", xl="vfb.vnclisten")
    )
    password: str | None = field(
        default=None, repr=False, metadata=at("@passwd", xl="vfb.vncpasswd")
    )
    keymap: str | None = field(default=None, metadata=at("@keymap", xl="vfb.keymap"))
    display: str | None = field(default=None, metadata=at("@display", xl="vfb.display"))
    xauthority: str | None = field(default=None, metadata=at("@xauth", xl="vfb.xauthority"))
    mouse_mode: str | None = field(default=None, metadata=at("mouse/@mode", xl="spiceagent_mouse"))
    clipboard: bool | None = field(
        default=None, metadata=at("clipboard/@copypaste", xl="spice_clipboard_sharing")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Video(Modelled):
    """A guest's graphics card.

    Attributes:
        model: ``cirrus``, ``vga``, ``qxl``, ``xen`` or ``none``.
        vram_kib: Its memory, in KiB.
        heads: How many screens it has.
        primary: Whether it is the first of several; None when not said.

    Source:
        libvirt formatdomain, "Video devices"; xl.cfg(5) ``vga`` and ``videoram`` (MiB).
    """

    model: str | None = field(default=None, metadata=at("model/@type", xl="vga"))
    vram_kib: int | None = field(default=None, metadata=at("model/@vram", xl="videoram"))
    heads: int | None = field(default=None, metadata=at("model/@heads"))
    primary: bool | None = field(default=None, metadata=at("model/@primary"))
