"""HOST as people write it: a libvirt URI that names a host, and weakens no check."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit

from xenvm.errors import HostUriError

FORMS = (
    "lab, lab:NAME, xen:///system, xen+ssh://USER@NAME[:PORT]/system[?keyfile=…&known_hosts=…], "
    "test:///default or test:///FILE.xml"
)
"""Every form of HOST; the labs are resolved to a URI before they come here."""

_URI_MAX_CHARACTERS = 4096
_PORT_MAX = 65535
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*|[0-9a-fA-F:]*:[0-9a-fA-F:.]*")
_PATH = re.compile(r"(?:/|~/)[^\x00-\x1f\x7f\"\\$*?]+")

_KEYS = frozenset({"keyfile", "known_hosts", "known_hosts_verify", "command", "no_tty"})
"""``command`` and ``no_tty`` are for virsh, which needs them: we always bring our own."""


class HostKind(StrEnum):
    """How a host is reached."""

    LOCAL = "local"
    """We run in its Dom0."""
    SSH = "ssh"
    """Over ssh, libvirt included."""
    SIMULATED = "simulated"
    """libvirt's test driver, in this process; there is no Dom0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostUri:
    """A parsed HOST.

    Attributes:
        text: As it was written.
        kind: How the host is reached.
        name: The host's name or address; empty unless ``kind`` is SSH.
        user: The user in its Dom0; None leaves it to the user's ssh configuration.
        port: ssh's port; None leaves it to the user's ssh configuration.
        keyfile: The private key to use, and no other.
        known_hosts: The file of host keys to trust, and no other.
    """

    text: str
    kind: HostKind
    name: str = ""
    user: str | None = None
    port: int | None = None
    keyfile: Path | None = None
    known_hosts: Path | None = None

    @classmethod
    def parse(cls, text: str) -> HostUri:
        """Read one of the documented forms.

        Args:
            text: ``xen:///system``, ``xen+ssh://USER@NAME[:PORT]/system[?…]``,
                ``test:///default`` or ``test:///FILE.xml``.

        Returns:
            What it means.

        Raises:
            HostUriError: It is none of them, or it would weaken the check of host keys.
        """
        parts = _split(text)
        if parts.scheme == "xen+ssh":
            return _parse_ssh(text, parts)
        if parts.netloc or parts.query or parts.fragment:
            raise HostUriError(f"{_shown(text)} has more than a path: HOST is {FORMS}")
        if parts.scheme == "xen" and parts.path == "/system":
            return cls(text=text, kind=HostKind.LOCAL)
        if parts.scheme == "test" and _is_test_path(parts.path):
            return cls(text=text, kind=HostKind.SIMULATED)
        raise HostUriError(f"{_shown(text)} is no HOST: it is {FORMS}")

    def for_libvirt(self, ssh_command: Path | None = None) -> str:
        """Return the URI to open with libvirt.

        Args:
            ssh_command: For SSH, the program that libvirt starts instead of ``ssh``.
        """
        if self.kind is not HostKind.SSH:
            return self.text
        name = f"[{self.name}]" if ":" in self.name else self.name
        user = f"{self.user}@" if self.user else ""
        command = f"&command={quote(str(ssh_command))}" if ssh_command else ""
        return f"xen+ssh://{user}{name}/system?no_tty=1{command}"

    def __str__(self) -> str:
        return self.text


def _split(text: str) -> SplitResult:
    if len(text) > _URI_MAX_CHARACTERS or not text.isprintable() or " " in text:
        raise HostUriError(f"{_shown(text)} is no HOST: it has spaces, or is too long")
    try:
        return urlsplit(text)
    except ValueError as exc:
        raise HostUriError(f"{_shown(text)} is no HOST: {exc}") from exc


def _shown(text: str) -> str:
    """Return ``text`` for an error, shortened and without what may be a password."""
    return repr(re.sub(r"(//[^/@:]*):[^/@]*@", r"\1:…@", text)[:120])


def _is_test_path(path: str) -> bool:
    return path == "/default" or (path.endswith(".xml") and len(path) > len("/.xml"))


def _parse_ssh(text: str, parts: SplitResult) -> HostUri:
    if parts.password is not None:
        raise HostUriError("a HOST carries no password: use a key, ?keyfile=… or an ssh agent")
    if parts.path != "/system" or parts.fragment:
        raise HostUriError(f"{_shown(text)} must end in /system, with at most a ?query behind")
    name = parts.hostname or ""
    user = unquote(parts.username) if parts.username is not None else None
    if not _NAME.fullmatch(name):
        raise HostUriError(f"{_shown(text)} names no host: write xen+ssh://USER@NAME/system")
    if user is not None and not _USER.fullmatch(user):
        raise HostUriError(f"{_shown(text)} names no user: write xen+ssh://USER@NAME/system")
    query = _query(parts.query)
    return HostUri(
        text=text,
        kind=HostKind.SSH,
        # urlsplit lowers the name; an alias in ssh's configuration may have capitals.
        name=_as_written(parts, name),
        user=user,
        port=_port(text, parts),
        keyfile=_path(query, "keyfile"),
        known_hosts=_path(query, "known_hosts"),
    )


def _as_written(parts: SplitResult, lowered: str) -> str:
    start = parts.netloc.lower().rfind(lowered)
    return parts.netloc[start : start + len(lowered)]


def _port(text: str, parts: SplitResult) -> int | None:
    try:
        port = parts.port
    except ValueError as exc:
        raise HostUriError(f"{_shown(text)} has no port from 1 to {_PORT_MAX}") from exc
    if port == 0:
        raise HostUriError(f"{_shown(text)} has no port from 1 to {_PORT_MAX}")
    return port


def _query(query: str) -> dict[str, str]:
    pairs = parse_qsl(query, keep_blank_values=True)
    values = dict(pairs)
    if "no_verify" in values or values.get("known_hosts_verify", "normal") != "normal":
        raise HostUriError(
            "host keys are always checked: leave out no_verify and known_hosts_verify, "
            "and give the host's key in ?known_hosts=FILE"
        )
    unknown = sorted(set(values) - _KEYS)
    if unknown:
        raise HostUriError(f"HOST knows no ?{unknown[0]}=…: only keyfile and known_hosts")
    if len(pairs) != len(values):
        raise HostUriError("HOST has the same ?key twice")
    return values


def _path(query: dict[str, str], key: str) -> Path | None:
    if key not in query:
        return None
    text = query[key]
    if not _PATH.fullmatch(text):
        raise HostUriError(f'{key}={text[:120]!r} must be an absolute path without " \\ $ * ?')
    return Path(text).expanduser()
