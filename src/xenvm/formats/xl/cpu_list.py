"""The lists of CPUs of ``cpus=`` and ``cpus_soft=``, which may name NUMA nodes and all CPUs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from xenvm.errors import SpecError
from xenvm.model.quantities import CPU_NUMBER_LIMIT, CpuSet

_TEXT_CHARACTERS = 1 << 17
_SHOWN_CHARACTERS = 60
_ITEM = re.compile(
    r"[ \t]*(?P<without>\^)?(?:(?P<all>all)|(?P<nodes>nodes?:)?(?P<first>[0-9]{1,9})"
    r"(?:[ \t]*-[ \t]*(?P<last>[0-9]{1,9}))?)[ \t]*"
)


class CpuItemKind(StrEnum):
    """What one item of a list counts."""

    ALL = "all"
    CPUS = "cpus"
    NODES = "nodes"


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuItem:
    """One item: all CPUs, a range of CPUs, or those of a range of NUMA nodes.

    Attributes:
        kind: What it counts.
        first: The first CPU or node; 0 for all.
        last: The last one; 0 for all.
        without: Whether it takes them out of what stands before.
    """

    kind: CpuItemKind
    first: int = 0
    last: int = 0
    without: bool = False


@dataclass(frozen=True, slots=True)
class XlCpuList:
    """A list such as ``0-3,^2``, ``all,^node:1``; ``str()`` gives the text that was parsed.

    Attributes:
        text: As it is written.
        items: What it says, from left to right, which is the order that counts.

    Source:
        xen 4.17 tools/xl/xl_parse.c (parse_cpurange); xl.cfg(5), ``cpus=``.
    """

    text: str
    items: tuple[CpuItem, ...]

    @classmethod
    def parse(cls, text: str) -> XlCpuList:
        """Return the list that ``text`` writes; empty items count for nothing.

        Raises:
            SpecError: It is no such list, or has a number that is too high.
        """
        if len(text) > _TEXT_CHARACTERS:
            raise SpecError(f"a list of CPUs has at most {_TEXT_CHARACTERS} characters")
        items = tuple(_item(piece) for piece in text.split(",") if piece)
        if not items:
            raise SpecError("a list of CPUs is empty: write it as 0-3,^2, all or nodes:0")
        return cls(text, items)

    @property
    def cpu_set(self) -> CpuSet | None:
        """Return the CPUs, or None when only the host knows them: all, or those of a node."""
        if any(item.kind is not CpuItemKind.CPUS for item in self.items):
            return None
        chosen = 0
        for item in self.items:
            bits = (1 << item.last + 1) - (1 << item.first)
            chosen = chosen & ~bits if item.without else chosen | bits
        return CpuSet.of(cpu for cpu, bit in enumerate(f"{chosen:b}"[::-1]) if bit == "1")

    def __str__(self) -> str:
        return self.text


def _item(piece: str) -> CpuItem:
    """Return one item.

    Raises:
        SpecError: It is none.
    """
    shown = piece[:_SHOWN_CHARACTERS]
    found = _ITEM.fullmatch(piece)
    if found is None or (found["all"] and found["without"]):
        raise SpecError(f"{shown!r} is no CPUs: write them as 0-3, ^2, all, nodes:0 or ^node:1")
    if found["all"]:
        return CpuItem(kind=CpuItemKind.ALL)
    first, last = int(found["first"]), int(found["last"] or found["first"])
    if not first <= last < CPU_NUMBER_LIMIT:
        raise SpecError(f"{shown!r} is no range of CPUs between 0 and {CPU_NUMBER_LIMIT - 1}")
    return CpuItem(
        kind=CpuItemKind.NODES if found["nodes"] else CpuItemKind.CPUS,
        first=first,
        last=last,
        without=bool(found["without"]),
    )
