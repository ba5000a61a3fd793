"""What fio is told: a load, on a device, as options of its command line.

Source:
    fio(1) 3.33. A job of the same load goes before the one that counts, as a ramp: with fio's own
    ``ramp_time`` nobody could tell how many bytes the ramp moved, and whether they reached the
    device.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from xenvm.errors import BlockedError, ParseError

OLDEST = (3, 0)
"""The first whose JSON tells latencies in nanoseconds (``clat_ns``)."""
RAMP, COUNTED = "ramp", "counted"
"""The names of the two jobs."""

_VERSION = re.compile(r"fio-(\d+)\.(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class FioLoad:
    """What is read or written, and how much of it at once.

    Attributes:
        rw: fio's word for it, such as ``randread``.
        block_kib: The size of each request, in KiB.
        iodepth: Requests at once, of each job.
        jobs: How many jobs.
    """

    rw: str
    block_kib: int
    iodepth: int
    jobs: int = 1

    @property
    def writes(self) -> bool:
        """Return whether it overwrites what is on the device."""
        return "write" in self.rw


LOADS = {
    "seqread": FioLoad(rw="read", block_kib=1024, iodepth=32),
    "seqwrite": FioLoad(rw="write", block_kib=1024, iodepth=32),
    "randread-qd32": FioLoad(rw="randread", block_kib=4, iodepth=32, jobs=4),
    "randwrite-qd32": FioLoad(rw="randwrite", block_kib=4, iodepth=32, jobs=4),
    "randread-qd1": FioLoad(rw="randread", block_kib=4, iodepth=1),
}
"""By the end of a metric's name."""


def load_argv(
    load: FioLoad, *, device: str, span_bytes: int, lengths_s: tuple[int, int], seed: int
) -> tuple[str, ...]:
    """Return the command that puts a load on a device.

    Args:
        load: The load.
        device: A block device or a file, never a file system.
        span_bytes: How much of it, from its start.
        lengths_s: Seconds of ramp, and seconds that count.
        seed: Two runs with the same one see the same offsets.
    """
    ramp_s, runtime_s = lengths_s
    return (
        *_ground(device, span_bytes),
        # Random once and then sent again would be what deduplication is made for.
        "--time_based", "--refill_buffers=1", "--randrepeat=1", f"--randseed={seed}",
        "--group_reporting", "--percentile_list=50:95:99:99.9", "--end_fsync=1",
        f"--rw={load.rw}", f"--bs={load.block_kib}k", f"--iodepth={load.iodepth}",
        f"--numjobs={load.jobs}", "--thread=1",
        f"--name={RAMP}", f"--runtime={ramp_s}",
        f"--name={COUNTED}", "--stonewall", f"--runtime={runtime_s}",
    )  # fmt: skip


def fill_argv(*, device: str, span_bytes: int, passes: int = 1) -> tuple[str, ...]:
    """Return the command that writes a device's span from end to end, with random bytes.

    What was never written is read from nowhere, and faster than any device; an SSD that was written
    over and over again is as slow as it will be.

    Args:
        device: A block device or a file.
        span_bytes: How much of it, from its start.
        passes: How often.
    """
    fill = (
        f"--loops={passes}",
        "--rw=write",
        "--bs=1024k",
        "--iodepth=8",
        "--refill_buffers=1",
        "--end_fsync=1",
    )
    return (*_ground(device, span_bytes), *fill, f"--name={COUNTED}")


def _ground(device: str, span_bytes: int) -> tuple[str, ...]:
    return (
        "fio", "--output-format=json", "--ioengine=libaio", "--direct=1", "--invalidate=1",
        # A colon would part two names.
        "--filename=" + device.replace(":", "\\:"), f"--size={span_bytes}",
    )  # fmt: skip


def check_version(text: str, *, machine: str = "Dom0") -> None:
    """Refuse a fio that is too old.

    Args:
        text: What ``fio --version`` printed.
        machine: Whose it is, in words.

    Raises:
        BlockedError: It is.
        ParseError: It is no version of fio.
    """
    found = _VERSION.match(text.strip())
    if not found:
        raise ParseError("this is no version of fio", text=text)
    if (int(found[1]), int(found[2])) < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise BlockedError(
            f"{machine} has {text.strip()}, and {oldest} or newer is needed: update it"
        )
