"""The rule on what lies under the guests' disks."""

from __future__ import annotations

import re
from collections.abc import Iterator

from xenvm.formats.dom0_commands import BLOCK_DEVICES, XENSTORE
from xenvm.model.inventory import BlockDevice, Inventory, StorageFacts
from xenvm.model.profile import Profile

from .rulebook import Finding, failed, passed, rule, unseen

_REDUNDANT_KINDS = frozenset({"raid1", "raid4", "raid5", "raid6", "raid10"})
_PLAIN_TRANSPORTS = frozenset({"sata", "ata", "nvme", "usb"})
"""Transports of single disks; behind the others an array may stand."""

_RAID_VOLUME = re.compile(r"RAID|PERC|LOGICAL VOLUME|ServeRAID|Smart ?Array|ETERNUS", re.IGNORECASE)
"""What RAID controllers and arrays call the volumes that they offer."""


@rule("WP-3.4-18", BLOCK_DEVICES, XENSTORE, lines="NAME=|params|physical")
def redundant_disks(inventory: Inventory, _: Profile) -> Finding:
    """Return a pass when what the guests' disks lie on, or else the host's disks, is redundant."""
    storage = inventory.storage
    if storage.devices is None or storage.guest_disks is None:
        return unseen("Dom0's block devices")
    used = list(_used(storage))
    judgements = {device.name: _redundant(storage, device) for device in used}
    plain = sorted(name for name, good in judgements.items() if good is False)
    if plain:
        observed = f"{', '.join(plain)} not redundant"
        return failed(observed, "redundant media", detail="no RAID under it")
    if not used or None in judgements.values() or len(used) < len(storage.guest_disks):
        return unseen("the media under the guests' disks (ask the RAID controller's own tool)")
    return passed(f"{', '.join(sorted(judgements))} redundant", "redundant media")


def _used(storage: StorageFacts) -> Iterator[BlockDevice]:
    devices = storage.devices or ()
    if not storage.guest_disks:
        yield from (device for device in devices if device.kind == "disk")
        return
    by_number = {device.number: device for device in devices}
    for disk in storage.guest_disks:
        if disk.device in by_number:
            yield by_number[disk.device]


def _redundant(storage: StorageFacts, device: BlockDevice) -> bool | None:
    """Return whether a device is redundant all the way down, or None when it does not tell."""
    if device.kind in _REDUNDANT_KINDS or _RAID_VOLUME.search(device.model):
        return True
    by_name = {found.name: found for found in storage.devices or ()}
    below = [by_name[name] for name in device.parents if name in by_name]
    if below:
        answers = {_redundant(storage, lower) for lower in below}
        return False if False in answers else (None if None in answers else True)
    return False if device.transport in _PLAIN_TRANSPORTS else None
