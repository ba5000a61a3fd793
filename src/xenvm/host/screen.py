"""Whether a guest's screen is really shown: what its VNC server says first."""

from __future__ import annotations

from xenvm.errors import CommandError, NotFoundError
from xenvm.model.graphics import Graphics
from xenvm.model.kinds import GraphicsKind

from .plug import Plug

_GREETING_S = 10
# RFC 6143: the server speaks first, 12 bytes with the version.
_LISTEN = 'exec 3<>"/dev/tcp/$0/$1" && timeout 5 head -c 12 <&3'


def vnc_version(plug: Plug) -> str:
    """Return what the VNC server of a running guest greets with, such as ``RFB 003.008``.

    Raises:
        NotFoundError: The domain has no VNC screen, or nobody answers at its port.
    """
    screen = _screen(plug)
    address = screen.listen or "127.0.0.1"
    address = "127.0.0.1" if address == "0.0.0.0" else address  # noqa: S104 - what it says, not ours
    try:
        said = plug.shell.run(
            "bash -c %s %s %s", _LISTEN, address, str(screen.port), deadline_s=_GREETING_S
        ).stdout
    except CommandError as exc:
        raise NotFoundError(
            f"nobody answers for the screen of {plug.name} at {address}:{screen.port} in Dom0"
        ) from exc
    return said.strip()


def _screen(plug: Plug) -> Graphics:
    for screen in plug.config().graphics:
        if screen.kind == GraphicsKind.VNC and screen.port and screen.port > 0:
            return screen
    raise NotFoundError(f"{plug.name} shows no VNC screen: see its config().graphics")
