"""Hands a host to tests, and makes their deeds verdicts.

The plugin of the live suite; ``xenvm qualify`` calls it, and so may you::

    pytest -p xenvm.pytest_plugin --xenvm-host lab --xenvm-tier quick conformance/

A test names the requirements it answers for, and gives each a verdict::

    @pytest.mark.requirement("WP-3.4-12")
    def test_bridges(host: Host, profile: Profile, tier: Tier, journal: Ledger,
                      run_id: str, check: Check) -> None:
        name = f"xenvm-{run_id}-b1"
        with journal.making("bridge", name):       # on the disk before the bridge is made
            bridge = host.create_bridge(name)
        …
        check(observed=128, expected=128, unit="bridges", evidence=[Evidence(…)])

=========== ======= ============================================================================
fixture     scope   what it is
=========== ======= ============================================================================
host        session :class:`xenvm.host.Host`, connected
inventory   session the host's :class:`xenvm.model.inventory.Inventory`, from before the suite
profile     session :class:`xenvm.model.profile.Profile`
tier        session :class:`xenvm.model.verdict.Tier`
run_id      session four characters; all that is made is named ``xenvm-<run_id>-…``
journal     session :class:`xenvm.qualify.journal.Ledger`: ``making(kind, name)`` and
                    ``removing(kind, name)`` (context managers), ``progress(fraction, text)``
                    (of the running test, 0 to 1), ``note(text)``
peer        session the second :class:`xenvm.host.Host`, to which guests may move
probe_image session the probe's :class:`xenvm.host.probe.ProbeImage`, on the host
workshop    test    :class:`xenvm.qualify.workshop.Workshop`: makes things on the host, and removes
                    them at the end. ``open_workshop`` (session) opens one for other scopes
allow_list  session identities of the volumes and NICs that the user lets the suite write to
attempt     test    :class:`xenvm.qualify.checking.Attempt`: ``give`` records any other verdict
check       test    :class:`xenvm.qualify.checking.Check`: ``check([ID,] observed=…, expected=…,
                    [passed=…, unit=…, source=…, detail=…, evidence=[Evidence(…)]])`` records
                    pass or fail and returns which; ``passed`` defaults to observed == expected;
                    ID is needed where a test answers for several requirements
=========== ======= ============================================================================

A failing ``check`` does not end the test. A failed ``assert`` is a ``fail`` of the first
requirement without a verdict; :class:`xenvm.errors.BlockedError` is ``blocked``; any other
exception, a time limit, a skip, a failed clean-up and an end without a verdict are ``broken``.
Removal belongs into fixtures' finalizers: they run on failure and on Ctrl-C too.

Benchmarks of PV I/O run under this plugin too; they name metrics, and no requirements.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from xenvm.errors import BlockedError
from xenvm.host import Host
from xenvm.host.probe import ProbeImage, deploy
from xenvm.model.inventory import Inventory
from xenvm.model.profile import Profile
from xenvm.model.verdict import Tier, VerdictKind
from xenvm.qualify.checking import Attempt, Check, announce, judged
from xenvm.qualify.documents import Json
from xenvm.qualify.facts import stored_or_gathered
from xenvm.qualify.journal import JOURNAL_FILE, Event, Journal, Ledger
from xenvm.qualify.names import new_run_id
from xenvm.qualify.suite import die_with_parent, hear_interrupts
from xenvm.qualify.workshop import Workshop
from xenvm.spec import load_profile
from xenvm.target import migration_uri, open_host

_JOURNAL = pytest.StashKey[Journal]()
_ATTEMPT = pytest.StashKey[Attempt]()
_STEP = pytest.StashKey[tuple[int, int]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options with which ``xenvm qualify`` calls the suite."""
    group = parser.getgroup("xenvm")
    group.addoption("--xenvm-host", default="lab", help="the host to test (HOST)")
    group.addoption("--xenvm-peer", default="", help="a second host, for guests to move to (HOST)")
    group.addoption("--xenvm-profile", default="fujitsu-2008", help="the profile's name or path")
    group.addoption("--xenvm-tier", default="quick", choices=[t.value for t in Tier])
    group.addoption("--xenvm-only", action="append", default=[], help="what to test")
    group.addoption("--xenvm-allow", action="append", default=[], help="a device to write to")
    group.addoption("--xenvm-run-dir", type=Path, help="where the journal is")
    group.addoption("--xenvm-run-id", default="", help="the run's four characters")
    group.addoption("--xenvm-parent", type=int, help="die when this process does")


def pytest_configure(config: pytest.Config) -> None:
    """Bind this process's life to its parent's, and open the journal."""
    config.addinivalue_line("markers", "requirement(*ids): what the test answers for")
    config.addinivalue_line("markers", "metric(*names): what the benchmark measures")
    if config.option.xenvm_parent:
        hear_interrupts()
        die_with_parent(config.option.xenvm_parent)
    folder = config.option.xenvm_run_dir or Path(tempfile.mkdtemp(prefix="xenvm-journal-"))
    config.stash[_JOURNAL] = Journal(folder / JOURNAL_FILE)
    config.option.xenvm_run_id = config.option.xenvm_run_id or new_run_id()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Close the journal."""
    config.stash[_JOURNAL].close()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the tests of the wanted requirements or metrics, in file order.

    Raises:
        UsageError: A test does not say which of them it answers for.
    """
    silent = [item.nodeid for item in items if not _requirement_ids(item)]
    if silent:
        raise pytest.UsageError(f"without a requirement: {', '.join(silent)}")
    wanted = set(config.option.xenvm_only)
    kept = [item for item in items if not wanted or wanted & set(_requirement_ids(item))]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


def pytest_collection_finish(session: pytest.Session) -> None:
    """Number the tests, and journal what will run, so that a resumed run knows what is whole."""
    for position, item in enumerate(session.items, start=1):
        item.stash[_STEP] = (position, len(session.items))
    tests: list[Json] = [
        {"test": item.nodeid, "requirements": [*_requirement_ids(item)]} for item in session.items
    ]
    session.config.stash[_JOURNAL].write(Event.SUITE_COLLECTED, tests=tests)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Return what the test's run returned; journal its start and, unless interrupted, its end."""
    journal = item.config.stash[_JOURNAL]
    tier = Tier(item.config.option.xenvm_tier)
    attempt = Attempt(item.nodeid, _requirement_ids(item), tier, journal)
    item.stash[_ATTEMPT] = attempt
    announce(journal, attempt, *item.stash[_STEP], _said(item))
    try:
        result = yield
    except BaseException as exc:
        journal.note(f"{item.nodeid} was interrupted: {type(exc).__name__}")
        raise
    attempt.close()
    journal.write(Event.ATTEMPT_ENDED, test=item.nodeid, requirements=[*attempt.requirement_ids])
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Return the report, after making a verdict of what ended the phase or failed in it."""
    report = yield
    attempt = item.stash[_ATTEMPT]
    if call.excinfo is not None:
        kind, detail = _judged(call.excinfo.value)
        if call.when == "teardown":
            kind, detail = VerdictKind.BROKEN, f"the clean-up failed: {detail}"
        attempt.ended_by(kind, detail, report.longreprtext)
    elif call.when == "call" and attempt.failed:
        report.outcome = "failed"
        report.longrepr = "; ".join(
            f"{v.requirement_id}: observed {v.observed}, expected {v.expected} {v.unit}".rstrip()
            for v in attempt.verdicts
            if v.kind is VerdictKind.FAIL
        )
    return report


@pytest.fixture(scope="session")
def host(request: pytest.FixtureRequest) -> Iterator[Host]:
    """Return the host under test, connected; closed at the end."""
    with open_host(request.config.option.xenvm_host) as opened:
        yield opened


@pytest.fixture(scope="session")
def peer(request: pytest.FixtureRequest) -> Iterator[Host]:
    """Return the second host, connected; closed at the end.

    Raises:
        BlockedError: The user named none.
    """
    target = request.config.option.xenvm_peer
    if not target:
        raise BlockedError("guests have nowhere to move to: name a second host, --xenvm-peer HOST")
    with open_host(target) as opened:
        yield opened


@pytest.fixture(scope="session")
def peer_uri(request: pytest.FixtureRequest) -> str | None:
    """Return where a guest's memory goes when it moves to the peer; None for the peer's name."""
    options = request.config.option
    return migration_uri(options.xenvm_host, options.xenvm_peer)


@pytest.fixture(scope="session")
def profile(request: pytest.FixtureRequest) -> Profile:
    """Return the profile, with its limits."""
    return load_profile(request.config.option.xenvm_profile)


@pytest.fixture(scope="session")
def tier(request: pytest.FixtureRequest) -> Tier:
    """Return how far the tests go."""
    return Tier(request.config.option.xenvm_tier)


@pytest.fixture(scope="session")
def inventory(request: pytest.FixtureRequest) -> Inventory:
    """Return the host's facts: those gathered before the suite, else gathered now."""
    folder: Path | None = request.config.option.xenvm_run_dir
    return stored_or_gathered(folder, lambda: request.getfixturevalue("host"))


@pytest.fixture(scope="session")
def run_id(request: pytest.FixtureRequest) -> str:
    """Return the run's four characters."""
    return str(request.config.option.xenvm_run_id)


@pytest.fixture(scope="session")
def journal(request: pytest.FixtureRequest, run_id: str) -> Ledger:
    """Return what a test tells the journal."""
    return Ledger(request.config.stash[_JOURNAL], run_id)


@pytest.fixture(scope="session")
def allow_list(request: pytest.FixtureRequest) -> frozenset[str]:
    """Return the devices that the user lets the suite write to; none unless named."""
    return frozenset(request.config.option.xenvm_allow)


@pytest.fixture(scope="session")
def probe_image(host: Host) -> ProbeImage:
    """Return the probe's kernel and initramfs; the first run uploads them, and they stay."""
    return deploy(host.shell)


OpenWorkshop = Callable[[], AbstractContextManager[Workshop]]


@pytest.fixture(scope="session")
def open_workshop(host: Host, journal: Ledger, probe_image: ProbeImage) -> OpenWorkshop:
    """Return what opens a workshop for as long as a ``with`` block."""
    return lambda: contextlib.closing(Workshop(host, journal, probe_image))


@pytest.fixture
def workshop(open_workshop: OpenWorkshop) -> Iterator[Workshop]:
    """Make what the test needs on the host; all of it is gone afterwards."""
    with open_workshop() as made:
        yield made


@pytest.fixture
def attempt(request: pytest.FixtureRequest) -> Attempt:
    """Return the test on its way, for verdicts other than pass and fail."""
    return request.node.stash[_ATTEMPT]  # type: ignore[no-any-return] # a node is any item


@pytest.fixture
def check(attempt: Attempt) -> Check:
    """Return the test's means to give a verdict."""
    return attempt.check


def _requirement_ids(item: pytest.Item) -> tuple[str, ...]:
    """Return what a test answers for: requirements, or a benchmark's metrics."""
    markers = reversed([*item.iter_markers("requirement"), *item.iter_markers("metric")])
    return tuple(dict.fromkeys(str(id_) for marker in markers for id_ in marker.args))


def _said(item: pytest.Item) -> str:
    docstring = getattr(getattr(item, "function", None), "__doc__", None) or item.name
    return str(docstring).strip().splitlines()[0].rstrip(".")


def _judged(exception: BaseException) -> tuple[VerdictKind, str]:
    said = str(exception).strip()
    if isinstance(exception, pytest.skip.Exception):
        return VerdictKind.BROKEN, f"skipped, which is no verdict: {said}"
    if isinstance(exception, pytest.fail.Exception) and said.startswith("Timeout"):
        return VerdictKind.BROKEN, f"took longer than its time limit: {said.splitlines()[0]}"
    if isinstance(exception, pytest.fail.Exception):
        return VerdictKind.FAIL, (said or "failed").splitlines()[0]
    return judged(exception)
