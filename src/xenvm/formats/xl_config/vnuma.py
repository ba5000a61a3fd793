"""The NUMA cells of xl.cfg's ``vnuma``: lists of ``name=value``, one for each cell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from xenvm.errors import SpecError
from xenvm.formats.xl import XlAtoms, XlDocument
from xenvm.model.cpu import NumaCell, NumaDistance
from xenvm.model.domain import DomainConfig
from xenvm.model.quantities import CpuSet

from .general import KIB_PER_MIB, in_mib
from .lens import Fields, Keys, Lens
from .source import Source

_READ = ("size", "vcpus", "vdistances")

CELLS_MOST = 256
"""A guest may have this many cells; each says how far it is from all."""

TO_ITSELF, TO_OTHERS = 10, 20
"""How far a cell is where nobody says it, as libvirt has it."""


def _read(source: Source) -> Fields:
    """Return the cells; the host's node, ``pnode``, has no place in the model."""
    source.bound("vnuma", CELLS_MOST)
    atoms = source.atoms("vnuma")
    if isinstance(atoms, str):
        source.refuse("vnuma", 'it is no list of cells: write [ [ "size=…", "vcpus=…" ], … ]')
    return {"numa_cells": tuple(_cell(source, n, cell) for n, cell in enumerate(atoms or ()))}


def _cell(source: Source, number: int, atoms: XlAtoms) -> NumaCell:
    said = _said(atoms)
    if said is None:
        source.refuse("vnuma", f"cell {number} is no list of NAME=VALUE")
    distances = said.get("vdistances", "")
    try:
        return NumaCell(
            number=number,
            cpus=CpuSet.parse(said["vcpus"]) if "vcpus" in said else None,
            memory_kib=int(said.get("size", "0"), 10) * KIB_PER_MIB,
            distances=tuple(
                NumaDistance(cell=cell, distance=int(text, 10))
                for cell, text in enumerate(distances.split(",") if distances else ())
            ),
        )
    except ValueError as exc:
        source.refuse("vnuma", f"cell {number} has {_shown(exc)}", exc)


def _shown(problem: ValueError) -> str:
    return str(problem) if isinstance(problem, SpecError) else "what is no whole number"


def _said(atoms: XlAtoms) -> dict[str, str] | None:
    """Return what a cell says by name, or None if it is none."""
    if isinstance(atoms, str) or not all(isinstance(item, str) for item in atoms):
        return None
    pairs = [str(item).partition("=") for item in atoms]
    return {name.strip(): value.strip() for name, _, value in pairs}


def distance_of(cells: Sequence[NumaCell], here: int, there: int) -> int:
    """Return how far a cell is from another: as it says, as the other says, or as libvirt does."""
    for one, other in ((here, there), (there, here)):
        for distance in cells[one].distances:
            if distance.cell == other:
                return distance.distance
    return TO_ITSELF if here == there else TO_OTHERS


def in_order(config: DomainConfig) -> list[NumaCell]:
    """Return a config's cells by number."""
    numbered = [(n if c.number is None else c.number, c) for n, c in enumerate(config.numa_cells)]
    return [cell for _, cell in sorted(numbered, key=lambda pair: pair[0])]


def _write(config: DomainConfig, document: XlDocument) -> Keys:
    """Return the cells, each with its distances from all.

    Raises:
        SpecError: There are too many.
    """
    cells = in_order(config)
    if len(cells) > CELLS_MOST:
        raise SpecError(f"numa_cells: a guest may have {CELLS_MOST}, not {len(cells)}")
    old = document.atoms("vnuma")
    there = old if isinstance(old, tuple) else ()
    return {
        "vnuma": [
            _written(cells, number, there[number] if number < len(there) else ())
            for number in range(len(cells))
        ]
        or None
    }


def _written(cells: Sequence[NumaCell], number: int, there: XlAtoms) -> list[str]:
    """Return a cell's strings; of those that are there, each stays that says the same."""
    cell = cells[number]
    distances = [distance_of(cells, number, other) for other in range(len(cells))]
    wanted = {
        "pnode": str(number),
        "size": str(in_mib(cell.memory_kib)),
        "vcpus": str(cell.cpus) if cell.cpus else "",
        "vdistances": ",".join(map(str, distances)),
    }
    written = []
    for text in there if isinstance(there, tuple) else ():
        name, _, value = (part.strip() for part in str(text).partition("="))
        new = wanted.pop(name, None)
        keep = new is None or name == "pnode" or _same(name, value, new)
        written.append(str(text) if keep else f"{name}={new}")
    return written + [f"{name}={value}" for name, value in wanted.items() if value]


def _same(name: str, old: str, new: str) -> bool:
    """Return whether two texts of a parameter say the same."""
    if name == "vcpus" and old and new:
        return CpuSet.parse(old) == CpuSet.parse(new)
    return [part.strip() for part in old.split(",")] == new.split(",")


def _unsaid(source: Source) -> Iterator[str]:
    """Yield what cells say beyond the model; a node that is the cell's own number is no news."""
    atoms = source.atoms("vnuma")
    for number, cell in enumerate(atoms if isinstance(atoms, tuple) else ()):
        for name, value in (_said(cell) or {}).items():
            if name not in _READ and (name, value) != ("pnode", str(number)):
                yield f"vnuma[{number}].{name}"


VNUMA = (Lens(fields=("numa_cells",), keys=("vnuma",), read=_read, write=_write, unsaid=_unsaid),)
