"""What the lab is doing now, told to whoever shows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of bringing a lab up.

    Attributes:
        text: What is being done, for people.
        estimate_s: About how many seconds it takes on two cores.
    """

    text: str
    estimate_s: float


INSTALL = Step(text="installing Debian, Xen and libvirt into an image", estimate_s=150)
ASSEMBLE = Step(text="writing the image's disk", estimate_s=15)
BOOT = Step(text="booting Xen once, for the snapshot", estimate_s=90)
SNAPSHOT = Step(text="saving the snapshot", estimate_s=5)
START = Step(text="starting from the snapshot", estimate_s=5)

Report = Callable[[Step], None]
"""Called at the start of each step."""


def silent(step: Step) -> None:
    """Show nothing."""
    del step
