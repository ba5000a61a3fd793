"""How much CPU time domains get, as Xen counts it, over a window of real time."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from xenvm.host import Domain
from xenvm.model.verdict import Evidence
from xenvm.waiting import pause


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuUse:
    """What some domains took in a window.

    Attributes:
        percents: Of one pCPU, in the order of the domains.
        text: What was read, and when.
    """

    percents: tuple[float, ...]
    text: str

    @property
    def evidence(self) -> Evidence:
        """Return it as a check wants it."""
        return Evidence(command="virDomainGetCPUStats, total", output=self.text)


def cpu_use(domains: Sequence[Domain], *, window_s: float) -> CpuUse:
    """Return what each domain takes from now on; they run.

    Args:
        domains: The domains.
        window_s: Seconds to wait between the two looks. An answer takes a while on a slow host, so
            each look counts from the middle of its call.
    """
    first = [_look(domain) for domain in domains]
    pause(window_s)
    second = [_look(domain) for domain in domains]
    percents = []
    lines = []
    for domain, (start_s, had_s), (end_s, has_s) in zip(domains, first, second, strict=True):
        percents.append(100 * (has_s - had_s) / (end_s - start_s))
        lines.append(
            f"{domain.name}: {had_s:.3f} s, and {end_s - start_s:.3f} s later {has_s:.3f} s"
            f" = {percents[-1]:.1f} % of a pCPU"
        )
    return CpuUse(percents=tuple(percents), text="\n".join(lines))


def _look(domain: Domain) -> tuple[float, float]:
    before_s = time.monotonic()
    used_s = domain.vcpus.time_s
    return (before_s + time.monotonic()) / 2, used_s
