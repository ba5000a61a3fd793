"""Whether what fio says it moved went through the device: caches are found by it.

Sectors that Dom0's device counted, over the bytes that fio reports: below the band a cache
answered, above it somebody else used the device.
"""

from __future__ import annotations

LEAST, MOST = 0.95, 1.10
"""The band; what is written may be more by metadata."""


def ratio(device_bytes: int, said_bytes: int) -> float:
    """Return what the device moved over what was said to be moved."""
    return device_bytes / said_bytes


def objection(device_bytes: int, said_bytes: int) -> str:
    """Return why a sample counts for nothing, or the empty string if it counts.

    Args:
        device_bytes: What Dom0's device counted.
        said_bytes: What the measuring program reports, ramp and all; more than 0.
    """
    moved = ratio(device_bytes, said_bytes)
    if moved < LEAST:
        return (
            f"a cache answered, not the device: Dom0's device moved {moved:.2f} of what fio says,"
            f" less than {LEAST:.2f}"
        )
    if moved > MOST:
        return (
            f"somebody else used the device: it moved {moved:.2f} of what fio says, more than"
            f" {MOST:.2f}"
        )
    return ""


def network_objection(vif_bytes: int, said_bytes: int) -> str:
    """Return why a sample counts for nothing, or the empty string if it counts.

    Args:
        vif_bytes: What the guest's VIF counted in Dom0, in the direction that was measured.
        said_bytes: What the measuring program says arrived; headers and the ramp come on top.
    """
    if vif_bytes >= LEAST * said_bytes:
        return ""
    return (
        f"the traffic went elsewhere: the guest's VIF moved {vif_bytes} bytes, and"
        f" {said_bytes} bytes arrived"
    )
