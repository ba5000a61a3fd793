"""Rules on what a profile's limits say of one domain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from xenvm.model.domain_fields import DomainFields
from xenvm.model.findings import Finding, Severity
from xenvm.model.kinds import DiskBacking
from xenvm.model.profile import Limit, LimitKind, Profile

from .rulebook import Found, listed, numbered, shown

MIB_KIB = 1024

_BLOCK_WORDS = frozenset({"disk", "partition", "lvm"})
"""A path alone does not tell these apart; one of them allowed allows a block device."""


def limit_findings(config: DomainFields, profile: Profile) -> Iterator[Finding]:
    """Yield where ``config`` passes a limit of ``profile``."""
    for key, find in LIMIT_RULES.items():
        limit = profile.limits.get(key)
        if limit is None:
            continue
        recommended = limit.kind is LimitKind.RECOMMENDED
        for path, message in find(config, limit):
            yield Finding(
                path=path,
                severity=Severity.WARNING if recommended else Severity.ERROR,
                message=f"{message} ({limit.kind})",
                source=f"profile {profile.name}, {key}: {limit.source}",
            )


def os_is_listed(os_id: str, supported: tuple[str, ...]) -> bool:
    """Return whether libosinfo's id, such as ``http://redhat.com/rhel/5.3``, is on the list."""
    named = os_id.partition("://")[2].partition("/")[2]
    return any(named == entry or named.startswith(f"{entry}.") for entry in supported)


def _guest_types(config: DomainFields, limit: Limit) -> Found:
    words = _words(limit)
    if config.guest_type not in words:
        yield "guest_type", f"{config.guest_type} is none of the profile's: use {listed(words)}"


def _guest_os(config: DomainFields, limit: Limit) -> Found:
    words = _words(limit)
    if config.os_id and not os_is_listed(config.os_id, words):
        yield "os_id", f"{shown(config.os_id)} is none of the profile's: use {listed(words)}"


def _disk_backings(config: DomainFields, limit: Limit) -> Found:
    words = frozenset(_words(limit))
    for path, vbd in numbered("vbds", config.vbds):
        block = vbd.backing == DiskBacking.BLOCK and words & _BLOCK_WORDS
        if not block and vbd.backing not in words:
            yield f"{path}.backing", f"{vbd.backing} is none of the profile's: use {_list(words)}"


def _vnifs_per_bridge(config: DomainFields, limit: Limit) -> Found:
    on = Counter(vnif.bridge for vnif in config.vnifs if vnif.bridge)
    for bridge, count in on.items():
        yield from _over("vnifs", count, limit, f"VNIFs on {bridge}")


def _vcpus(config: DomainFields, limit: Limit) -> Found:
    yield from _over("max_vcpus", config.max_vcpus, limit, "vCPUs")


def _memory(config: DomainFields, limit: Limit) -> Found:
    yield from _over("max_memory_kib", config.max_memory_kib // MIB_KIB, limit, "MiB")


def _vbds(config: DomainFields, limit: Limit) -> Found:
    yield from _over("vbds", len(config.vbds), limit, "VBDs")


def _vnifs(config: DomainFields, limit: Limit) -> Found:
    yield from _over("vnifs", len(config.vnifs), limit, "VNIFs")


LIMIT_RULES: Mapping[str, Callable[[DomainFields, Limit], Found]] = {
    "guest_types": _guest_types,
    "guest_os": _guest_os,
    "vcpus_per_guest_max": _vcpus,
    "memory_per_guest_max_mib": _memory,
    "disk_backings": _disk_backings,
    "vbds_per_guest_max": _vbds,
    "vnifs_per_guest_max": _vnifs,
    "vnifs_per_bridge_max": _vnifs_per_bridge,
}
"""By the limit's name; the other limits are a host's, not a domain's."""


def _over(path: str, count: int, limit: Limit, unit: str) -> Found:
    if isinstance(limit.value, int) and count > limit.value:
        yield path, f"{count} {unit} are more than the {limit.value} of the profile: use fewer"


def _words(limit: Limit) -> tuple[str, ...]:
    return limit.value if isinstance(limit.value, tuple) else (str(limit.value),)


def _list(words: frozenset[str]) -> str:
    return listed(sorted(words))
