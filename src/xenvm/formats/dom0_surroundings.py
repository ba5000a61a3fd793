"""What Dom0 tells of itself around a measurement, as facts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from xenvm.errors import ParseError
from xenvm.model.surroundings import Moved

DROP_CACHES = "sync; echo 3 >/proc/sys/vm/drop_caches"
"""Has Dom0 forget its caches. To be run by itself: what the next script needs in order to start is
then read again before its counts, and not between them."""

_COUNT = r"""
for device in $devices; do
  read -r counts <"/sys/dev/block/$device/stat" && echo "moved $device $counts"
done
"""

_TELL = r"""
LC_ALL=C PATH=$PATH:/usr/sbin:/sbin; export LC_ALL PATH
now=$(date +%s.%N)
read -r uptime _ </proc/uptime
echo "clock $now $uptime"
for count in /sys/devices/system/cpu/cpu*/thermal_throttle/*_throttle_count; do
  [ -r "$count" ] && read -r times <"$count" && echo "throttled $times"
done
xenpm get-cpufreq-para 2>/dev/null | sed -n 's/^ *current_governor *: */governor /p'
xl vcpu-list
"""
"""Starts few processes, as each costs time on an emulated host. The uptime is read after date has
ended: how long it took to start, from a disk whose cache was dropped, would look like a step."""

SECTOR_BYTES = 512
"""Of /sys/block/…/stat, whatever the device's own is."""

WHICH = "stat -L -c '%%F|%%t|%%T|%%d' -- %s"
"""Prints what :func:`parse_which` reads; takes a path."""

_VCPU = re.compile(r"^(\S+)\s+\d+\s+(\d+)\s+\S+\s+\S+\s+[\d.]+\s+(.+)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dom0Told:
    """What one of the scripts printed.

    Attributes:
        governors: The governors of the pCPUs' frequency.
        throttled: How often pCPUs were too hot.
        clock_s: Dom0's clock less its uptime, in seconds.
        affinities: By domain and vCPU, where it may run.
        moved: By number, what passed through block devices.
    """

    governors: frozenset[str]
    throttled: int
    clock_s: float
    affinities: Mapping[str, str]
    moved: Mapping[str, Moved]


def script_before(devices: Iterable[str], programs: Iterable[str] = ()) -> str:
    """Return what tells of Dom0 before a leg; its devices are counted last.

    Args:
        devices: The numbers, ``major:minor``, of the block devices that the leg drives.
        programs: Those of Dom0 that the leg runs: fio and its 84 MB must be read from a disk again
            once caches were dropped, which may be the one that is measured.
    """
    warm = "".join(f"{program} --version >/dev/null 2>&1 || :\n" for program in programs)
    return f"{_TELL}{warm}devices='{' '.join(devices)}'{_COUNT}"


def script_after(devices: Iterable[str]) -> str:
    """Return what tells of Dom0 after a leg; its devices are counted first, and it only reads."""
    return f"devices='{' '.join(devices)}'{_COUNT}{_TELL}"


def parse_told(text: str) -> Dom0Told:
    """Return what one of the scripts printed.

    Raises:
        ParseError: It is none such.
    """
    words = [line.split() for line in text.splitlines()]
    clocks = [row for row in words if row[:1] == ["clock"]]
    try:
        ((_, now_s, uptime_s),) = clocks
        clock_s = float(now_s) - float(uptime_s)
        throttled = sum(int(row[1]) for row in words if row[:1] == ["throttled"])
    except (ValueError, IndexError) as exc:
        raise ParseError("Dom0 does not tell the time as it should", text=text) from exc
    vcpus = filter(None, map(_VCPU.match, text.splitlines()))
    counted = [row for row in words if row[:1] == ["moved"]]
    return Dom0Told(
        governors=frozenset(row[1] for row in words if row[:1] == ["governor"] and row[1:]),
        throttled=throttled,
        clock_s=clock_s,
        affinities={f"{row[1]}/{row[2]}": " ".join(row[3].split()) for row in vcpus},
        moved={row[1]: _moved(row[2:]) for row in counted if row[1:]},
    )


def parse_which(text: str) -> str:
    """Return the number, ``major:minor``, of the block device whose counters tell of a path.

    That is the device itself, or the one on which a file's file system lies: below Dom0's page
    cache in both cases.

    Args:
        text: What :data:`WHICH` printed.

    Raises:
        ParseError: It is none such.
    """
    try:
        kind, major, minor, device = text.strip().split("|")
        if kind == "block special file":
            return f"{int(major, 16)}:{int(minor, 16)}"
        number = int(device)
    except ValueError as exc:
        raise ParseError("Dom0 does not tell which device that is", text=text) from exc
    # As glibc's gnu_dev_major and gnu_dev_minor take a number apart.
    major_number = (number >> 8 & 0xFFF) | (number >> 32 & ~0xFFF)
    return f"{major_number}:{(number & 0xFF) | (number >> 12 & ~0xFF & 0xFFFFFFFF)}"


def _moved(words: Sequence[str]) -> Moved:
    """Return what a device's ``stat`` file in sysfs counts.

    Raises:
        ParseError: It is none such.

    Source:
        Linux, Documentation/block/stat.rst.
    """
    try:
        return Moved(
            read_bytes=int(words[2]) * SECTOR_BYTES, written_bytes=int(words[6]) * SECTOR_BYTES
        )
    except (ValueError, IndexError) as exc:
        raise ParseError("these are no counters of a block device", text=" ".join(words)) from exc
