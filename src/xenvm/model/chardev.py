"""Lines of text between a guest and Dom0."""

from __future__ import annotations

from dataclasses import dataclass, field

from .kinds import ChardevKind
from .mapping import at
from .residue import Modelled


@dataclass(frozen=True, slots=True, kw_only=True)
class Chardev(Modelled):
    """A console, a serial or parallel port, or a channel.

    Attributes:
        kind: What it is wired to in Dom0.
        tty: The pseudo-terminal of a running guest's console.
        path: The socket, file, device or pseudo-terminal in Dom0.
        mode: For sockets: ``connect`` or ``bind``.
        host: For TCP and UDP: the other end's name or address.
        service: For TCP and UDP: the port's number or name.
        protocol: For TCP: ``raw`` or ``telnet``.
        target_kind: What the guest has: ``xen`` for the PV console and for channels, ``serial`` for
            a console that is a serial port.
        target_port: Its number there, from 0.
        target_name: A channel's name there.

    Source:
        libvirt formatdomain, "Consoles, serial, parallel & channel devices"; xl.cfg(5) ``serial``
        and ``channel``. libvirt gives a PV guest that has no console one of kind ``pty``.
    """

    kind: ChardevKind | str = field(
        default=ChardevKind.PTY, metadata=at("@type", xl="channel.connection")
    )
    tty: str | None = field(default=None, metadata=at("@tty"))
    mode: str | None = field(default=None, metadata=at("source/@mode"))
    host: str | None = field(default=None, metadata=at("source/@host"))
    service: str | None = field(default=None, metadata=at("source/@service"))
    path: str | None = field(default=None, metadata=at("source/@path", xl="channel.path"))
    protocol: str | None = field(default=None, metadata=at("protocol/@type"))
    target_kind: str | None = field(default=None, metadata=at("target/@type"))
    target_name: str | None = field(default=None, metadata=at("target/@name", xl="channel.name"))
    target_port: int | None = field(default=None, metadata=at("target/@port"))
