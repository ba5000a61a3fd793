"""What every side of a domain is reached by: its vCPUs, its memory, its saving."""

from __future__ import annotations

from collections.abc import Callable

from . import _libvirt
from .connection import Connection
from .shell import HostShell


class Facet:
    """One side of a domain; a class of its own for each, so that none becomes a heap."""

    def __init__(
        self,
        connection: Connection,
        shell: HostShell,
        name: str,
        handle: Callable[[], _libvirt.RawDomain],
    ):
        self._connection = connection
        self._shell = shell
        self._name = name
        self._handle = handle
