"""Where a serial or parallel port of a guest goes: ``pty``, ``tcp:127.0.0.1:7777,server``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from xenvm.errors import SpecError

_KIND = re.compile(r"[a-z][a-z0-9-]*")
_SHOWN_CHARACTERS = 60
_DEVICE = "device"


@dataclass(frozen=True, slots=True)
class XlSerialPort:
    """One item of ``serial=`` or ``parallel=``, as it is written.

    Attributes:
        text: QEMU's word for it: a kind, after a colon its address, after commas its options; or
            the path of a device of Dom0.

    Source:
        xl.cfg(5), ``serial=``; qemu(1), ``-serial``; libvirt 9.0.0 src/libxl/xen_common.c.
    """

    text: str

    def __post_init__(self) -> None:
        if not self.text.startswith("/") and not _KIND.fullmatch(self._parts[0]):
            shown = self.text[:_SHOWN_CHARACTERS]
            raise SpecError(
                f"{shown!r} is no serial port: write pty, none, file:PATH, /dev/ttyS0 …"
            )

    @property
    def kind(self) -> str:
        """Return ``pty``, ``file``, ``tcp`` and so on; ``device`` for a path."""
        return _DEVICE if self.text.startswith("/") else self._parts[0]

    @property
    def address(self) -> str:
        """Return the path, or host and port; empty when the kind has none."""
        return self.text if self.text.startswith("/") else self._parts[1]

    @property
    def options(self) -> tuple[str, ...]:
        """Return what follows the address, such as ``server`` and ``nowait``."""
        return () if self.text.startswith("/") else self._parts[2]

    @property
    def _parts(self) -> tuple[str, str, tuple[str, ...]]:
        head, *options = self.text.split(",")
        kind, _, address = head.partition(":")
        return kind, address, tuple(options)

    def __str__(self) -> str:
        return self.text
