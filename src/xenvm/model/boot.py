"""What a guest boots with, beyond a kernel's path."""

from __future__ import annotations

from dataclasses import dataclass, field

from .mapping import at
from .residue import Modelled


@dataclass(frozen=True, slots=True, kw_only=True)
class Loader(Modelled):
    """The firmware that runs first in a guest.

    Attributes:
        path: The image in Dom0, an absolute path; None where only its kind is said.
        readonly: Whether the guest may not write to it; None when not said.
        kind: ``rom`` or ``pflash``; None when not said.
        format: The image's layout, such as ``raw``; None when not said.

    Source:
        libvirt formatdomain, "BIOS bootloader".
    """

    readonly: bool | None = field(default=None, metadata=at("@readonly"))
    kind: str | None = field(default=None, metadata=at("@type"))
    format: str | None = field(default=None, metadata=at("@format"))
    path: str | None = field(
        default=None,
        metadata=at(".", xl="bios_path_override", note="xl, of a ``rom``: ``firmware_override``"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AcpiTable(Modelled):
    """An ACPI table that a guest finds beside its own.

    Attributes:
        kind: ``rawset`` or, in libvirt before 11.2, ``slic``, which means the same to Xen.
        path: The file in Dom0, an absolute path.

    Source:
        libvirt formatdomain, "ACPI table"; xl.cfg(5) ``acpi_firmware``.
    """

    kind: str = field(metadata=at("@type"))
    path: str = field(metadata=at(".", xl="acpi_firmware"))
