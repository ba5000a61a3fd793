"""What a lab host looks like: its release and its shape, as values."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum

from xenvm.errors import UsageError


class Release(StrEnum):
    """The Debian release of Dom0, and so the Xen version."""

    BOOKWORM = "bookworm"
    """Xen 4.17, Linux 6.1, libvirt 9.0."""
    TRIXIE = "trixie"
    """Xen 4.20, Linux 6.12, libvirt 11.3."""


MEMORY_LEAST_MIB = 1024
DOM0_MEMORY_LEAST_MIB = 384
XEN_AND_GUESTS_LEAST_MIB = 384
"""Less beside Dom0, and Xen has no room for one probe guest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The machine that QEMU shows to Xen.

    The default has two sockets of one core, no SMT, and room for eight probe guests beside a
    Dom0 of 1024 MiB. With ``iommu`` it has an IOMMU, and behind it a NIC for guests to drive.
    """

    sockets: int = 2
    cores: int = 1
    threads: int = 1
    memory_mib: int = 2560
    dom0_memory_mib: int = 1024
    nics: int = 2
    disk_gib: int = 4
    iommu: bool = False
    xen_args: str = ""

    def __post_init__(self) -> None:
        ranges = {
            "sockets": (1, 8),
            "cores": (1, 16),
            "threads": (1, 2),
            "memory_mib": (MEMORY_LEAST_MIB, 1 << 20),
            "dom0_memory_mib": (DOM0_MEMORY_LEAST_MIB, 1 << 20),
            "nics": (1, 8),
            "disk_gib": (1, 1024),
        }
        for name, (least, most) in ranges.items():
            value = getattr(self, name)
            if not least <= value <= most:
                option = "--" + name.replace("_", "-")
                raise UsageError(f"{option} {value}: must be from {least} to {most}")
        if self.dom0_memory_mib + XEN_AND_GUESTS_LEAST_MIB > self.memory_mib:
            least = self.dom0_memory_mib + XEN_AND_GUESTS_LEAST_MIB
            raise UsageError(
                f"--memory-mib {self.memory_mib}: a Dom0 of {self.dom0_memory_mib} MiB needs a"
                f" machine of {least} MiB or more"
            )
        if any(ord(character) < ord(" ") for character in self.xen_args) or "," in self.xen_args:
            # QEMU's own option syntax ends a multiboot argument at a comma.
            raise UsageError("--xen-args: no commas or control characters")

    @property
    def vcpus(self) -> int:
        """Return the number of logical CPUs that Xen sees."""
        return self.sockets * self.cores * self.threads


def digest(*parts: object) -> str:
    """Return 16 hex digits that name everything that ``parts`` say."""
    text = json.dumps([_plain(part) for part in parts], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _plain(part: object) -> object:
    if dataclasses.is_dataclass(part) and not isinstance(part, type):
        return dataclasses.asdict(part)
    return part
