"""The counters of Dom0's back-ends in sysfs, as facts.

Source:
    Linux' xen-blkback and xen-netback; the numbers of VBDs from Xen's xen-vbd-interface(7).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from xenvm.errors import SpecError
from xenvm.model.disk_target import DiskTarget
from xenvm.model.statistics import Source, VbdCounters, VnifCounters

T = TypeVar("T")

COMMAND = (
    "grep -Hs . /sys/class/net/vif[0-9]*/statistics/[rt]x_[bp]* "
    "/sys/bus/xen-backend/devices/vbd-*/statistics/[rw][dr]_* || :"
)
"""Prints ``FILE:NUMBER`` for every counter of every domain, in one process."""

SECTOR_BYTES = 512
"""blkback's unit, whatever the device's is."""

_VNIF = re.compile(r"/sys/class/net/vif(\d{1,9})\.(\d{1,9})/statistics/(\w+):(\d{1,20})")
_VBD = re.compile(
    r"/sys/bus/xen-backend/devices/vbd-(\d{1,9})-(\d{1,10})/statistics/(\w+):(\d{1,20})"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendCounters:
    """What Dom0 counted, by domid.

    Attributes:
        vbds: The VBDs that blkback serves.
        vnifs: The VNIFs.
    """

    vbds: Mapping[int, tuple[VbdCounters, ...]]
    vnifs: Mapping[int, tuple[VnifCounters, ...]]


def parse_counters(text: str) -> BackendCounters:
    """Return what :data:`COMMAND` printed; a device that lacks a counter is left out."""
    vbds = _grouped(_VBD, text)
    vnifs = _grouped(_VNIF, text)
    return BackendCounters(
        vbds=_by_domid(vbds, _vbd, {"rd_req", "rd_sect", "wr_req", "wr_sect"}),
        vnifs=_by_domid(vnifs, _vnif, {"rx_bytes", "rx_packets", "tx_bytes", "tx_packets"}),
    )


_Found = Mapping[tuple[int, int], dict[str, int]]


def _grouped(pattern: re.Pattern[str], text: str) -> _Found:
    found: dict[tuple[int, int], dict[str, int]] = defaultdict(dict)
    for domid, number, name, value in pattern.findall(text):
        found[int(domid), int(number)][name] = int(value)
    return found


def _vbd(number: int, counted: Mapping[str, int]) -> VbdCounters:
    return VbdCounters(
        target=_target(number),
        read_requests=counted["rd_req"],
        read_bytes=counted["rd_sect"] * SECTOR_BYTES,
        write_requests=counted["wr_req"],
        write_bytes=counted["wr_sect"] * SECTOR_BYTES,
        source=Source.SYSFS,
    )


def _vnif(number: int, counted: Mapping[str, int]) -> VnifCounters:
    # What Dom0's end of the wire sends, the guest receives.
    return VnifCounters(
        number=number,
        received_packets=counted["tx_packets"],
        received_bytes=counted["tx_bytes"],
        sent_packets=counted["rx_packets"],
        sent_bytes=counted["rx_bytes"],
        source=Source.SYSFS,
    )


def _by_domid(
    found: _Found, make: Callable[[int, Mapping[str, int]], T], needed: set[str]
) -> dict[int, tuple[T, ...]]:
    made: dict[int, list[T]] = defaultdict(list)
    for (domid, number), counted in sorted(found.items()):
        if needed <= counted.keys():
            made[domid].append(make(number, counted))
    return {domid: tuple(devices) for domid, devices in made.items()}


def _target(number: int) -> str:
    try:
        return str(DiskTarget.of_number(number))
    except SpecError:  # one that only its own tools have a name for
        return str(number)
