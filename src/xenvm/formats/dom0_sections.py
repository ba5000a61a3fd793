"""What the gathering script prints, cut into its sections."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from xenvm.errors import ParseError


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One command of the script.

    Attributes:
        output: Its standard output.
        status: Its exit status.
        errors: Its standard error.
    """

    output: str
    status: int
    errors: str = ""

    @property
    def evidence(self) -> str:
        """Return what a reader of the evidence needs: the output, and how it failed if it did."""
        if self.status == 0:
            return self.output
        return f"{self.output}{self.errors}\n[exit status {self.status}]\n".lstrip("\n")


Sections = Mapping[str, Section]
"""Sections by the command they are named after."""


def split_sections(text: str, mark: str) -> dict[str, Section]:
    """Return the sections of the script's output, by name.

    Args:
        text: Everything that the script printed.
        mark: The word it was told to mark edges with.

    Raises:
        ParseError: There is no complete section.
    """
    edge = re.escape(mark)
    pattern = re.compile(
        rf"^{edge} begin (?P<name>[^\n]*)\n(?P<output>.*?)\n?^{edge} end (?P<status>\d+)\n"
        rf"(?P<errors>.*?)(?=^{edge} begin |\Z)",
        re.MULTILINE | re.DOTALL,
    )
    sections = {
        found["name"]: Section(
            output=found["output"], status=int(found["status"]), errors=found["errors"].rstrip("\n")
        )
        for found in pattern.finditer(text)
    }
    if not sections:
        raise ParseError("Dom0 ran the inventory's script but printed no section of it", text=text)
    return sections


def output_of(sections: Sections, name: str) -> str | None:
    """Return a section's output, or None when its command failed or is missing."""
    section = sections.get(name)
    return section.output if section is not None and section.status == 0 else None
