"""What is wrong with a description, said field by field."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding weighs."""

    ERROR = "error"
    """Xen or libvirt refuses it, or the domain runs without something that it asks for."""
    WARNING = "warning"
    """It is taken, and something is lost or not as it reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong with a description.

    Attributes:
        path: The field, such as ``vbds[1].target``; devices count from 0.
        severity: How much it weighs.
        message: One line: what is wrong, and what to do.
        source: Where it is written that it is wrong.
    """

    path: str
    severity: Severity
    message: str
    source: str

    def __str__(self) -> str:
        return f"{self.path}: {self.severity}: {self.message}"
