"""What differs between two descriptions, in the field's terms."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

from .residue import Modelled

KEY_FIELDS = ("target", "mac", "vcpu", "pci", "number", "target_name", "name")
"""By what items of a list are told apart, as far as their class has it and it is set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that differs.

    Attributes:
        path: The field, such as ``memory_kib`` or ``vbds[xvda].source``; for what has no field,
            the XML path, such as ``devices/console/@tty``.
        old: Its value on the left; None when it is not there.
        new: Its value on the right; None when it is not there.
        is_modelled: Whether ``path`` is a field's.
    """

    path: str
    old: object
    new: object
    is_modelled: bool = True


def differences(old: Modelled, new: Modelled) -> list[Difference]:
    """Return the fields that differ, in their order; none where both say the same.

    Items of a list are matched by what they are called, not by where they stand: VBDs by their
    target, VNIFs by their MAC address, pins by their vCPU, PCI devices by their address. Without
    such a name they count from 0.

    Args:
        old: The left side.
        new: The right side, of the same class.
    """
    return list(_differences(old, new, ""))


def labels_of(items: Sequence[object]) -> list[str]:
    """Return what tells each item of a list from the others: its name, or where it stands."""
    seen: Counter[str] = Counter()
    labels = []
    for number, item in enumerate(items):
        label = _name_of(item) or str(number)
        seen[label] += 1
        labels.append(label if seen[label] == 1 else f"{label}#{seen[label]}")
    return labels


def _differences(old: Modelled, new: Modelled, prefix: str) -> Iterator[Difference]:
    for field in dataclasses.fields(old):
        if field.compare:
            ours, theirs = getattr(old, field.name), getattr(new, field.name)
            if ours != theirs:
                yield from _changed(f"{prefix}{field.name}", ours, theirs)


def _changed(path: str, old: object, new: object) -> Iterator[Difference]:
    if isinstance(old, Modelled) and isinstance(new, Modelled):
        yield from _differences(old, new, f"{path}.")
    elif _has_items(old) or _has_items(new):
        items = cast("Sequence[Modelled]", old), cast("Sequence[Modelled]", new)
        yield from _changed_items(path, *items)
    else:
        yield Difference(path=path, old=old, new=new)


def _changed_items(
    path: str, old: Sequence[Modelled], new: Sequence[Modelled]
) -> Iterator[Difference]:
    before = dict(zip(labels_of(old), old, strict=True))
    after = dict(zip(labels_of(new), new, strict=True))
    for label in {**before, **after}:
        ours, theirs = before.get(label), after.get(label)
        if ours != theirs:
            yield from _changed(f"{path}[{label}]", ours, theirs)


def _has_items(value: object) -> bool:
    return isinstance(value, tuple) and bool(value) and isinstance(value[0], Modelled)


def _name_of(item: object) -> str:
    names = (getattr(item, name, None) for name in KEY_FIELDS)
    return next((str(name) for name in names if name not in {None, ""}), "")
