"""Whether a disk writes as fast as it will go on to: rounds of one load, until they are alike.

Source:
    SNIA, Solid State Storage Performance Test Specification 2.0.2: in a window of five rounds the
    largest and the smallest differ by a fifth of the mean at most, and the straight line through
    them rises or falls by a tenth of it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

WINDOW = 5
"""How many rounds are looked at: the last ones."""
ROUNDS_MOST = 25
"""A disk that is not steady after that many is given up."""
SPREAD_MOST, EXCURSION_MOST = 0.20, 0.10


def is_steady(rates: Sequence[float]) -> bool:
    """Return whether the last rounds were alike; False as long as there are too few.

    Args:
        rates: What each round gave, in any one unit.
    """
    if len(rates) < WINDOW:
        return False
    last = np.array(rates[-WINDOW:])
    slope, _ = np.polyfit(range(WINDOW), last, 1)
    excursion = abs(slope) * (WINDOW - 1)
    mean = last.mean()
    return bool(np.ptp(last) <= SPREAD_MOST * mean and excursion <= EXCURSION_MOST * mean)
