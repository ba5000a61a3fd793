"""Serial and parallel ports and channels of xl.cfg."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from xenvm.errors import SpecError
from xenvm.formats.xl import XlDocument, XlSerialPort, XlSpec
from xenvm.model.chardev import Chardev
from xenvm.model.domain import DomainConfig
from xenvm.model.kinds import ChardevKind, GuestType

from .items import Devices, Parameters, checked
from .lens import Fields, Keys, Lens
from .residue import XlItemResidue
from .source import Source

NONE = "none"
BIND, CONNECT = "bind", "connect"
RAW, TELNET = "raw", "telnet"
XEN = "xen"

_SERVER = ",server,nowait"


def read_port(text: str, number: int) -> Chardev:
    """Return the serial or parallel port that QEMU's word for it describes.

    Of UDP the model has one end only: the one that the guest's words go to. A kind that nobody
    knows keeps its word.

    Raises:
        SpecError: It is no port.
    """
    port = XlSerialPort(text)
    kind, address = port.kind, port.address
    if kind == "device":
        return Chardev(kind=ChardevKind.DEVICE, path=address, target_port=number)
    if kind in {"tcp", TELNET}:
        host, _, service = address.rpartition(":")
        return Chardev(
            kind=ChardevKind.TCP,
            host=host or None,
            service=service or None,
            mode=BIND if "server" in port.options else CONNECT,
            protocol=TELNET if kind == TELNET else RAW,
            target_port=number,
        )
    if kind == "udp":
        host, _, service = address.partition("@")[0].rpartition(":")
        return Chardev(
            kind=ChardevKind.UDP,
            host=host or None,
            service=service or None,
            mode=CONNECT,
            target_port=number,
        )
    mode = (BIND if "server" in port.options else CONNECT) if kind == "unix" else None
    known = ChardevKind(kind) if kind in set(ChardevKind) else kind
    return Chardev(kind=known, path=_path(kind, address), mode=mode, target_port=number)


def _path(kind: str, address: str) -> str | None:
    return None if kind in {"pty", "stdio", "null", "vc"} else address or None


def write_port(port: Chardev) -> str:
    """Return QEMU's word for a port.

    Raises:
        SpecError: xl cannot say where it goes.
    """
    text = _writer(port)
    try:
        return checked(str(XlSerialPort(text)), "serial")
    except SpecError as exc:
        raise SpecError(f"xl has no word for a port of kind {str(port.kind)!r}: {exc}") from exc


def _writer(port: Chardev) -> str:
    kind, path = str(port.kind), port.path or ""
    server = _SERVER if port.mode == BIND else ""
    address = f"{port.host or ''}:{port.service or ''}"
    words: dict[str, str] = {
        ChardevKind.DEVICE: path,
        ChardevKind.TCP: f"{TELNET if port.protocol == TELNET else 'tcp'}:{address}{server}",
        ChardevKind.UDP: f"udp::@{address}" if server else f"udp:{address}",
        ChardevKind.UNIX: f"unix:{path}{server}",
    }
    plainly = f"{kind}:{path}" if _path(kind, path) else kind
    return words.get(kind, plainly)


def _text(port: Chardev) -> str:
    """Return a port's text: its own, if that says it."""
    residue = port.residue
    number = port.target_port or 0
    if (
        isinstance(residue, XlItemResidue)
        and replace(read_port(residue.text, number), target_port=port.target_port) == port
    ):
        return residue.text
    return write_port(port)


def _read_ports(source: Source, key: str) -> tuple[Chardev, ...]:
    texts = source.strings(key) if source.is_hvm else ()
    return tuple(_port(source, key, text, n) for n, text in enumerate(texts) if text != NONE)


def _port(source: Source, key: str, text: str, number: int) -> Chardev:
    try:
        port = read_port(text, number)
    except SpecError as exc:
        source.refuse(key, str(exc), exc)
    return replace(port, residue=XlItemResidue(text=text, read=port))


def numbered(ports: Sequence[Chardev]) -> tuple[Chardev, ...]:
    """Return ports with their numbers, in order; one without has the place where it stands."""
    placed = [
        replace(port, target_port=n if port.target_port is None else port.target_port)
        for n, port in enumerate(ports)
    ]
    return tuple(sorted(placed, key=lambda port: port.target_port or 0))


def _write_serials(config: DomainConfig, document: XlDocument) -> Keys:
    """Return a single first port as a string, several as a list with gaps."""
    if config.guest_type != GuestType.HVM or not config.serials:
        return {"serial": NONE if document.get("serial") == NONE else None}
    ports = {port.target_port or 0: port for port in numbered(config.serials)}
    texts = [_text(ports[n]) if n in ports else NONE for n in range(max(ports) + 1)]
    is_list = isinstance(document.get("serial"), tuple)
    return {"serial": texts[0] if len(texts) == 1 and not is_list else texts}


def _write_parallels(config: DomainConfig, document: XlDocument) -> Keys:
    """Return the parallel port, which xm and libvirt know, and xl does not."""
    if config.guest_type != GuestType.HVM or not config.parallels:
        return {"parallel": NONE if document.get("parallel") == NONE else None}
    return {"parallel": _text(config.parallels[0])}


def _read_channel(spec: XlSpec, _: Source) -> Chardev | None:
    connection = spec.get("connection")
    if connection not in {"pty", "socket"}:
        return None
    is_socket = connection == "socket"
    return Chardev(
        kind=ChardevKind.UNIX if is_socket else ChardevKind.PTY,
        path=(spec.get("path") or None) if is_socket else None,
        mode=BIND if is_socket else None,
        target_kind=XEN,
        target_name=spec.get("name") or None,
    )


def _write_channel(channel: Chardev, _: DomainConfig) -> Parameters:
    is_socket = channel.kind == ChardevKind.UNIX
    return {
        "connection": "socket" if is_socket else "pty",
        "path": channel.path if is_socket else None,
        "name": channel.target_name,
    }


CHANNELS = Devices(
    key="channel",
    read=_read_channel,
    write=_write_channel,
    agrees=lambda told, wanted, _: told == wanted,
    start=lambda _: XlSpec(kind="channel"),
)

_CHANNEL_KINDS = {ChardevKind.UNIX, ChardevKind.PTY}


def is_channel(channel: Chardev) -> bool:
    """Return whether xl has a word for a channel."""
    return channel.target_kind == XEN and channel.kind in _CHANNEL_KINDS


def _write_channels(config: DomainConfig, document: XlDocument) -> Keys:
    channels = [each for each in config.channels if is_channel(each)]
    return {"channel": CHANNELS.texts(channels, config, document)}


def _read_serials(source: Source) -> Fields:
    return {"serials": _read_ports(source, "serial")}


def _read_parallels(source: Source) -> Fields:
    text = source.string("parallel") if source.is_hvm else None
    return {"parallels": (_port(source, "parallel", text, 0),) if text and text != NONE else ()}


def _read_channels(source: Source) -> Fields:
    return {"channels": CHANNELS.values(source)}


CHARDEVS = (
    Lens(fields=("parallels",), keys=("parallel",), read=_read_parallels, write=_write_parallels),
    Lens(fields=("serials",), keys=("serial",), read=_read_serials, write=_write_serials),
    Lens(
        fields=("channels",),
        keys=("channel",),
        read=_read_channels,
        write=_write_channels,
        unsaid=CHANNELS.unsaid,
    ),
)
