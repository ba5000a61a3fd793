"""A guest's timers."""

from __future__ import annotations

from dataclasses import dataclass, field

from .mapping import at
from .residue import Modelled


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer(Modelled):
    """A timer that a guest sees.

    Attributes:
        name: ``hpet``, ``tsc``, ``pit``, ``rtc`` …
        present: Whether it is there; None lets Xen choose.
        mode: For ``tsc``: ``auto``, ``native``, ``emulate``, ``paravirt`` or ``smpsafe``.
        frequency_hz: For ``tsc``: how fast it ticks, in Hz.
        tickpolicy: What happens to ticks that came too late: ``delay``, ``catchup``, ``merge`` or
            ``discard``.
        track: For ``rtc``: ``boot``, ``guest`` or ``wall``.

    Source:
        libvirt formatdomain, "Time keeping"; xl.cfg(5) ``hpet`` and ``tsc_mode``.
    """

    name: str = field(metadata=at("@name"))
    frequency_hz: int | None = field(default=None, metadata=at("@frequency"))
    mode: str | None = field(default=None, metadata=at("@mode", xl="tsc_mode"))
    tickpolicy: str | None = field(default=None, metadata=at("@tickpolicy"))
    track: str | None = field(default=None, metadata=at("@track"))
    present: bool | None = field(default=None, metadata=at("@present", xl="hpet"))
