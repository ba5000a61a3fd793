"""A disposable real Xen host in QEMU: image, machine, snapshot. Hands back a URI."""

from .machine import Lab, LabState, down, find_lab, list_labs, running, state_of, up
from .shape import Release, Shape

__all__ = [
    "Lab",
    "LabState",
    "Release",
    "Shape",
    "down",
    "find_lab",
    "list_labs",
    "running",
    "state_of",
    "up",
]
