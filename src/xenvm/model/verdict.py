"""What a requirement's check found, and what a whole run is worth."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class VerdictKind(StrEnum):
    """The verdict on one requirement."""

    PASS = "pass"  # noqa: S105 - a verdict, no password
    FAIL = "fail"
    WARN = "warn"
    NOT_APPLICABLE = "not-applicable"
    """The profile does not ask."""
    NOT_OBSERVABLE = "not-observable"
    """This host cannot show it; never a pass."""
    BLOCKED = "blocked"
    """A prerequisite is missing; the detail says which."""
    BROKEN = "broken"
    """Our side or the infrastructure failed; never counts against the host."""


class RunVerdict(StrEnum):
    """The verdict on a whole run."""

    QUALIFIED = "qualified"
    NOT_QUALIFIED = "not-qualified"
    UNDECIDED = "undecided"


class EvidenceClass(StrEnum):
    """What kind of host the evidence comes from, found by looking."""

    HARDWARE = "hardware"
    NESTED = "nested"
    """DMI or CPUID shows an emulator or a hypervisor underneath Xen."""
    SIMULATED = "simulated"
    """libvirt's test driver."""


class Tier(StrEnum):
    """How far the live tests go."""

    QUICK = "quick"
    """The same deeds with small numbers; a quick pass is labelled quick."""
    FULL = "full"
    """Up to the profile's limits."""


Observed = str | int | float | bool | None
"""A value as results.json carries it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One command or call, and its raw output."""

    command: str
    output: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The verdict on one requirement, with what it stands on.

    Attributes:
        requirement_id: Such as ``WP-3.4-12``.
        kind: The verdict.
        observed: What the host showed, in ``unit``; None when it showed nothing.
        expected: What was asked, in ``unit`` or in words.
        limit: The profile's own limit, in ``unit``, where a quick test asked less; else None.
        unit: The unit of both, such as ``guests`` or ``MiB``; empty when they are words.
        source: Where the limit is written.
        detail: One line that says why, and for blocked and broken what to do.
        evidence: Commands and their raw output.
        duration_s: Seconds that the check took.
        tier: For live tests, how far they went; None for static rules.
    """

    requirement_id: str
    kind: VerdictKind
    observed: Observed = None
    expected: Observed = None
    limit: Observed = None
    unit: str = ""
    source: str = ""
    detail: str = ""
    evidence: tuple[Evidence, ...] = ()
    duration_s: float = 0.0
    tier: Tier | None = None


_SEVERITY = (
    VerdictKind.FAIL,
    VerdictKind.BROKEN,
    VerdictKind.BLOCKED,
    VerdictKind.NOT_OBSERVABLE,
    VerdictKind.WARN,
    VerdictKind.PASS,
    VerdictKind.NOT_APPLICABLE,
)


def gravest(kinds: Iterable[VerdictKind]) -> VerdictKind:
    """Return the gravest of several verdicts on one requirement, such as its rule's and its test's.

    Raises:
        ValueError: There is none.
    """
    return min(kinds, key=_SEVERITY.index)
