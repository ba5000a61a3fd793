"""What a profile asks of a host: requirements and their limits, as data."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from .verdict import EvidenceClass, Observed, Tier


class LimitKind(StrEnum):
    """Who stands behind a limit."""

    ENFORCED = "enforced"
    SUPPORTED = "supported"
    SECURITY_SUPPORTED = "security-supported"
    RECOMMENDED = "recommended"


class CheckKind(StrEnum):
    """How a requirement is checked."""

    STATIC = "static"
    """A pure rule over the inventory."""
    LIVE = "live"
    """A test that does the thing on the host, and the rule where there is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One limit: a value, its unit, who stands behind it, and where it is written."""

    value: Observed | tuple[str, ...]
    unit: str
    kind: LimitKind
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One numbered, testable requirement.

    Attributes:
        id: Such as ``WP-3.4-12``.
        title: A short English title.
        statement: What must hold, testable.
        section: The section of the white paper.
        quote: The white paper's own short phrase (Japanese).
        check: How it is checked.
        observable_on: The evidence classes that can show it.
        by_hand: Commands with which a person redoes the check.
        hidden_because: Why the other evidence classes cannot show it.
        not_assessed: Why it is not checked; empty for all that are.
        assessed_with: The word in Xen's virt_caps with which it is checked nevertheless.
        tier: The least tier that asks for it; a run of tier quick leaves out what takes ``full``.
        hosts: How many hosts it takes; a run of one host leaves out what takes two.
    """

    id: str
    title: str
    statement: str
    section: str
    quote: str
    check: CheckKind
    observable_on: frozenset[EvidenceClass]
    by_hand: str
    hidden_because: str = ""
    not_assessed: str = ""
    assessed_with: str = ""
    tier: Tier = Tier.QUICK
    hosts: int = 1

    def is_assessed(self, virt_caps: Collection[str]) -> bool:
        """Return whether it is checked on a host with those of Xen's virt_caps."""
        return not self.not_assessed or self.assessed_with in virt_caps

    def asked_by(self, tier: Tier, *, hosts: int = 1) -> bool:
        """Return whether a run of that tier, with so many hosts, asks for it."""
        return (tier is Tier.FULL or self.tier is Tier.QUICK) and hosts >= self.hosts


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A named set of requirements with limits.

    Attributes:
        name: Such as ``fujitsu-2008``.
        title: For people.
        source: The document it comes from.
        requirement_ids: What the profile asks, in the order of the document.
        limits: By key, such as ``guests_per_core``.
    """

    name: str
    title: str
    source: str
    requirement_ids: tuple[str, ...]
    limits: Mapping[str, Limit] = field(default_factory=dict)
