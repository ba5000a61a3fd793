"""Figures of benchmarks for people: three digits and a unit that suits."""

from __future__ import annotations

_STEPS = {
    "bytes/s": ((2**30, "GiB/s"), (2**20, "MiB/s"), (2**10, "KiB/s"), (1, "B/s")),
    "1/s": ((1e6, "M/s"), (1e3, "k/s"), (1, "/s")),
    "s": ((1, "s"), (1e-3, "ms"), (1e-6, "μs"), (1e-9, "ns")),
    "percent": ((1, "%"),),
    "ratio": ((1, ""),),
}


def quantity(value: float | None, unit: str) -> str:
    """Return a value of a metric for people, such as ``906 MiB/s``; a dash for None.

    >>> quantity(950_009_856.0, "bytes/s"), quantity(0.000_0421, "s"), quantity(1618.0, "1/s")
    ('906 MiB/s', '42.1 μs', '1.62 k/s')
    """
    if value is None:
        return "—"
    steps = _STEPS.get(unit, ((1, unit),))
    factor, name = next((step for step in steps if abs(value) >= step[0]), steps[-1])
    return f"{_digits(value / factor)} {name}".rstrip()


def _digits(value: float) -> str:
    """Return a number with three digits that count, and no exponent."""
    size = abs(value)
    places = 0 if size >= 100 else 1 if size >= 10 else 2  # noqa: PLR2004 - powers of ten
    return f"{value:.{places}f}"
