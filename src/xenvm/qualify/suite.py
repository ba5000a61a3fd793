"""The live suite as one subprocess: where its tests are, how pytest is called, how it is ended."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from xenvm.errors import UsageError
from xenvm.model.verdict import Tier

PR_SET_PDEATHSIG = 1
"""prctl(2): the signal that we get when our parent dies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteCall:
    """What one run of the live suite, or of the benchmarks, is told.

    Attributes:
        suite: The folder of its tests.
        host: HOST, as the user named it.
        run_folder: Where the journal is.
        run_id: The run's four characters.
        tier: How far the tests go.
        allowed: Devices of the host that the tests may write to.
        only: Requirements or metrics; a test runs when it answers for any of them.
        test_limit_s: Seconds that one test may take.
        options: What else pytest is told.
    """

    suite: Path
    host: str
    run_folder: Path
    run_id: str
    tier: Tier
    allowed: Sequence[str]
    only: Sequence[str]
    test_limit_s: int
    options: Sequence[str] = ()


def suite_path(name: str) -> Path:
    """Return the folder ``conformance`` or ``benchmarks``: the installed wheel's, or a checkout's.

    Raises:
        UsageError: There is neither.
    """
    package = Path(str(resources.files("xenvm")))
    for folder in (package / "suite" / name, package.parents[1] / name):
        if folder.is_dir():
            return folder
    raise UsageError(f"xenvm was installed without its {name}: install the wheel again")


def suite_argv(call: SuiteCall) -> list[str]:
    """Return the command that runs the suite, deaf to the configuration of where it is run."""
    ini = Path(str(resources.files("xenvm.qualify"))) / "suite.ini"
    argv = [sys.executable, "-m", "pytest", "-c", str(ini), "--rootdir", str(call.suite)]
    argv += ["--confcutdir", str(call.suite), "-p", "no:cacheprovider"]
    argv += ["-p", "pytest_timeout", "-p", "xenvm.pytest_plugin", str(call.suite)]
    argv += ["--timeout", str(call.test_limit_s), "--xenvm-parent", str(os.getpid())]
    argv += ["--xenvm-host", call.host, "--xenvm-run-dir", str(call.run_folder)]
    argv += ["--xenvm-run-id", call.run_id, "--xenvm-tier", call.tier.value, *call.options]
    for device in call.allowed:
        argv += ["--xenvm-allow", device]
    for id_ in call.only:
        argv += ["--xenvm-only", id_]
    return argv


SUITE_ENVIRONMENT = {
    "PYTEST_ADDOPTS": "",
    "PYTEST_PLUGINS": "",
    "PYTEST_XDIST_WORKER": "",
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONUNBUFFERED": "1",
}
"""What the suite's process gets beside our own environment: no plugin but ours and the timeout."""


def hear_interrupts() -> None:
    """Let SIGINT end this process' tests, by which its parent tells it to end and clean up.

    Whoever starts xenvm in the background of a script has it started with SIGINT ignored, and the
    suite would inherit that.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)


def die_with_parent(parent_pid: int) -> None:
    """Have the kernel kill this process when its parent dies, even by SIGKILL.

    A restore may then clean up at once, without racing against tests that still make things.
    """
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent_pid:
        os._exit(128 + signal.SIGKILL)
