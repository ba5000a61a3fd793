"""Optional dependencies, looked for before a command begins what it could not end."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec

from xenvm.errors import MissingExtraError

SUITE: Mapping[str, str] = {"pytest": "suite", "testinfra": "suite", "jinja2": "suite"}
NATIVE: Mapping[str, str] = {"testinfra": "suite", "numpy": "bench", "scipy": "bench"}
BENCHMARKS: Mapping[str, str] = {
    **SUITE,
    **NATIVE,
    "pygal": "bench",
    "pytest_benchmark": "bench",
}
"""What a run needs, at its end too, and which extra brings it."""


def require_extras(extras: Mapping[str, str]) -> None:
    """Refuse to begin without what a command needs.

    Raises:
        MissingExtraError: Something is not installed; names the extra.
    """
    for module, extra in extras.items():
        if find_spec(module) is None:
            raise MissingExtraError(module, extra)
