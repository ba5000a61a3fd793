"""A disposable real Xen host in QEMU: image, machine, snapshot. Hands back a URI."""

from .machine import down, running, up, up_pair
from .named import Lab, LabState, find_lab, list_labs, pair_of, state_of
from .shape import Release, Shape

__all__ = [
    "Lab",
    "LabState",
    "Release",
    "Shape",
    "down",
    "find_lab",
    "list_labs",
    "pair_of",
    "running",
    "state_of",
    "up",
    "up_pair",
]
