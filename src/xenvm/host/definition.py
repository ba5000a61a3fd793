"""What stays of a domain when its guest ends: its definition."""

from __future__ import annotations

from collections.abc import Callable

from . import _libvirt
from .connection import Connection


class Definition:
    """A domain's definition; ``domain.definition``."""

    def __init__(self, connection: Connection, name: str, handle: Callable[[], _libvirt.RawDomain]):
        self._connection = connection
        self._name = name
        self._handle = handle

    @property
    def exists(self) -> bool:
        """Return whether there is one; a domain without goes when its guest ends."""
        return bool(
            self._connection.read(
                f"asking for the definition of {self._name}",
                lambda _: self._handle().isPersistent(),
            )
        )

    @property
    def autostart(self) -> bool:
        """Return whether the host starts the domain when it boots."""
        return bool(
            self._connection.read(
                f"asking for the autostart of {self._name}", lambda _: self._handle().autostart()
            )
        )

    def set_autostart(self, *, on: bool) -> None:
        """Say whether the host starts the domain when it boots.

        Raises:
            InvalidStateError: It has no definition that could be kept.
        """
        raw = self._handle()
        self._connection.call(
            f"setting the autostart of {self._name}", lambda: raw.setAutostart(int(on))
        )
