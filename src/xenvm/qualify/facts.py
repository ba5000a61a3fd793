"""The inventory of a run: gathered once, kept beside the journal, read again by the suite."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from xenvm.formats.inventory_json import inventory_from_json, inventory_to_json
from xenvm.host import Host
from xenvm.host.inventory import gather
from xenvm.model.inventory import Inventory

from .folder import write

INVENTORY_FILE = "inventory.json"


def store(inventory: Inventory, folder: Path) -> None:
    """Write the inventory into the run's folder.

    Raises:
        OutputError: The folder took no more.
    """
    write(folder / INVENTORY_FILE, inventory_to_json(inventory))


def stored_or_gathered(folder: Path | None, host: Callable[[], Host]) -> Inventory:
    """Return the inventory that the run stored, or gather it when there is none."""
    if folder is not None and (folder / INVENTORY_FILE).is_file():
        return inventory_from_json((folder / INVENTORY_FILE).read_text(encoding="utf-8"))
    return gather(host())
