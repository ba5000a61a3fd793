"""How a live test's deeds become verdicts: what it checked, and how it ended."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from typing import Protocol, TypedDict, Unpack

from xenvm.errors import (
    BlockedError,
    GuestFailedError,
    InvalidStateError,
    ToolstackError,
    UsageError,
    WaitTimeoutError,
)
from xenvm.model.inventory import Inventory
from xenvm.model.profile import Profile
from xenvm.model.verdict import Evidence, Observed, Tier, Verdict, VerdictKind
from xenvm.spec import RULES

from .journal import Event, Journal


class Finding(TypedDict, total=False):
    """What ``check`` takes.

    Attributes:
        observed: What the host showed.
        expected: What was asked.
        limit: What the profile asks, where a quick test asked less.
        passed: Whether that is good; without it, whether observed equals expected.
        unit: The unit of both, such as ``guests``; empty when they are words.
        source: Where the limit is written.
        detail: One line that says why.
        evidence: Commands and their raw output.
    """

    observed: Observed
    expected: Observed
    limit: Observed
    passed: bool
    unit: str
    source: str
    detail: str
    evidence: Sequence[Evidence]


class Check(Protocol):
    """The type of the ``check`` fixture; :meth:`Attempt.check` says what it does."""

    def __call__(self, requirement_id: str = "", **finding: Unpack[Finding]) -> bool:
        """Record a verdict and return whether it is a pass."""


class Attempt:
    """One test on its way: the requirements it answers for, and the verdicts it has given.

    Attributes:
        name: The test, as ``test_bridges.py::test_128_bridges``.
        requirement_ids: The requirements that it answers for.
        verdicts: What it has given so far.
    """

    __slots__ = ("_journal", "_since_s", "_tier", "name", "requirement_ids", "verdicts")

    def __init__(self, name: str, requirement_ids: Sequence[str], tier: Tier, journal: Journal):
        self.name = name
        self.requirement_ids = tuple(requirement_ids)
        self.verdicts: list[Verdict] = []
        self._tier = tier
        self._journal = journal
        self._since_s = time.monotonic()

    @property
    def failed(self) -> bool:
        """Return whether any of its checks failed."""
        return any(verdict.kind is VerdictKind.FAIL for verdict in self.verdicts)

    @property
    def open_ids(self) -> tuple[str, ...]:
        """Return its requirements that have no verdict yet, in order."""
        given = {verdict.requirement_id for verdict in self.verdicts}
        return tuple(id_ for id_ in self.requirement_ids if id_ not in given)

    def check(self, requirement_id: str = "", **finding: Unpack[Finding]) -> bool:
        """Record a verdict; see :class:`Finding`.

        A failing check does not end the test: it goes on, and fails at its end.

        Args:
            requirement_id: May be left out when the test answers for one requirement only.
            **finding: What was found.

        Returns:
            Whether the verdict is a pass.

        Raises:
            UsageError: The requirement is none of the test's, or must be named.
        """
        id_ = requirement_id or self._only_id()
        if id_ not in self.requirement_ids:
            raise UsageError(f"{self.name} is not marked with requirement {id_}")
        observed, expected = finding.get("observed"), finding.get("expected")
        passed = finding.get("passed", observed == expected)
        self._record(
            Verdict(
                requirement_id=id_,
                kind=VerdictKind.PASS if passed else VerdictKind.FAIL,
                observed=observed,
                expected=expected,
                limit=finding.get("limit"),
                unit=finding.get("unit", ""),
                source=finding.get("source", ""),
                detail=finding.get("detail", ""),
                evidence=tuple(finding.get("evidence", ())),
                duration_s=self._lap_s(),
                tier=self._tier,
            )
        )
        return passed

    def ended_by(self, kind: VerdictKind, detail: str, trace: str = "") -> None:
        """Record how the test ended, when it ended by an exception or in silence.

        A failed assertion is held against the first requirement that has no verdict yet; those
        after it were not reached. What broke or blocked the test did so for all of them.
        """
        ids = self.open_ids or self.requirement_ids
        evidence = (Evidence(command=f"pytest {self.name}", output=trace),) if trace else ()
        duration_s = self._lap_s()
        for position, id_ in enumerate(ids):
            not_reached = kind is VerdictKind.FAIL and position > 0
            self._record(
                Verdict(
                    requirement_id=id_,
                    kind=VerdictKind.BLOCKED if not_reached else kind,
                    detail=f"not reached, as {ids[0]} failed first" if not_reached else detail,
                    evidence=evidence,
                    duration_s=0.0 if position else duration_s,
                    tier=self._tier,
                )
            )

    def close(self) -> None:
        """Make every requirement without a verdict ``broken``: silence is never a pass."""
        if self.open_ids:
            self.ended_by(VerdictKind.BROKEN, f"{self.name} ended without a verdict on it")

    def _record(self, verdict: Verdict) -> None:
        self.verdicts.append(verdict)
        self._journal.verdict(verdict)

    def _only_id(self) -> str:
        if len(self.requirement_ids) != 1:
            raise UsageError(f"{self.name} answers for several requirements: name one in check()")
        return self.requirement_ids[0]

    def _lap_s(self) -> float:
        since_s, self._since_s = self._since_s, time.monotonic()
        return self._since_s - since_s


def audited(requirement_id: str, inventory: Inventory, profile: Profile) -> Verdict:
    """Return what the static rule of a requirement says, for a live test that leans on it.

    Raises:
        BlockedError: The rule could not see what it judges.
    """
    verdict = RULES[requirement_id](inventory, profile)
    if verdict.kind is VerdictKind.NOT_OBSERVABLE:
        raise BlockedError(verdict.detail)
    return verdict


@contextlib.contextmanager
def held_against_host() -> Iterator[None]:
    """Make a fail of what the host, or its guest, did not do, not in time, or otherwise.

    Yields:
        Nothing.

    Raises:
        AssertionError: It did not.
    """
    try:
        yield
    except (WaitTimeoutError, ToolstackError, InvalidStateError, GuestFailedError) as exc:
        raise AssertionError(str(exc)) from exc


def judged(exception: BaseException) -> tuple[VerdictKind, str]:
    """Return what an exception that ended a test says about the host, and one line on it.

    Only a failed assertion is held against the host; whatever else was raised is our side's or
    the infrastructure's.
    """
    said = (str(exception).strip() or type(exception).__name__).splitlines()[0]
    if isinstance(exception, AssertionError):
        return VerdictKind.FAIL, said
    if isinstance(exception, BlockedError):
        return VerdictKind.BLOCKED, said
    return VerdictKind.BROKEN, f"{type(exception).__name__}: {said}"


def announce(journal: Journal, attempt: Attempt, step: int, steps: int, text: str) -> None:
    """Journal that an attempt starts: which requirements, what it does, and step n of m."""
    journal.write(
        Event.ATTEMPT_STARTED,
        test=attempt.name,
        requirements=list(attempt.requirement_ids),
        text=text,
        step=step,
        steps=steps,
    )
