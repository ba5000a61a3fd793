"""The limits that a profile may set: their names, units and kinds of value."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from xenvm.errors import ProfileError
from xenvm.model.profile import Limit, Profile


class ValueKind(Enum):
    """What a limit's value looks like; the text completes «value must be …»."""

    NUMBER = "a whole number, 0 or more"
    WORDS = "a list of strings"
    WORD = "a string"


LIMITS: Mapping[str, tuple[str, ValueKind]] = {
    "sockets_min": ("sockets", ValueKind.NUMBER),
    "hardware_models": ("models", ValueKind.WORDS),
    "migration_downtime_max_ms": ("ms", ValueKind.NUMBER),
    "guests_per_core": ("guests", ValueKind.NUMBER),
    "memory_used_min_percent": ("percent", ValueKind.NUMBER),
    "dom0_memory_min_mib": ("MiB", ValueKind.NUMBER),
    "guest_types": ("guest types", ValueKind.WORDS),
    "vcpus_per_guest_max": ("vCPUs", ValueKind.NUMBER),
    "memory_per_guest_max_mib": ("MiB", ValueKind.NUMBER),
    "vbds_per_guest_max": ("VBDs", ValueKind.NUMBER),
    "vnifs_per_guest_max": ("VNIFs", ValueKind.NUMBER),
    "guest_os": ("operating systems", ValueKind.WORDS),
    "bridges_max": ("bridges", ValueKind.NUMBER),
    "vnifs_per_bridge_max": ("VNIFs", ValueKind.NUMBER),
    "disk_backings": ("disk backings", ValueKind.WORDS),
    "cluster_managers_forbidden": ("services", ValueKind.WORDS),
    "smt": ("policy", ValueKind.WORD),
    "counter_tolerance_percent": ("percent", ValueKind.NUMBER),
    "cap_tolerance_percent": ("percentage points", ValueKind.NUMBER),
    "weight_tolerance_percent": ("percent", ValueKind.NUMBER),
    "share_min_percent": ("percent", ValueKind.NUMBER),
    "change_seen_within_s": ("s", ValueKind.NUMBER),
    "schedulers": ("schedulers", ValueKind.WORDS),
    "gap_at_fault_max_s": ("s", ValueKind.NUMBER),
    "gap_at_reboot_max_s": ("s", ValueKind.NUMBER),
    "dom0_answer_max_s": ("s", ValueKind.NUMBER),
}
"""Unit and kind of value by name. The loader refuses all others, so rules need not look."""


def limit_of(profile: Profile, key: str) -> Limit:
    """Return a profile's limit.

    Raises:
        ProfileError: The profile does not set it.
    """
    limit = profile.limits.get(key)
    if limit is None:
        raise ProfileError(f"profile {profile.name} sets no [limits.{key}]: add it")
    return limit


def number_of(profile: Profile, key: str) -> int:
    """Return the number that a profile limits ``key`` to.

    Raises:
        ProfileError: The profile sets no such number.
    """
    value = limit_of(profile, key).value
    if not isinstance(value, int):
        raise ProfileError(f"profile {profile.name}: [limits.{key}] must be a whole number")
    return value


def words_of(profile: Profile, key: str) -> tuple[str, ...]:
    """Return the words that a profile lists for ``key``.

    Raises:
        ProfileError: The profile sets no such list.
    """
    value = limit_of(profile, key).value
    if not isinstance(value, tuple):
        raise ProfileError(f"profile {profile.name}: [limits.{key}] must be a list of strings")
    return value
