"""How much of a machine a host is."""

from __future__ import annotations

from .connection import Connection

_PCPUS = 2
_NODES = 4
"""Places in libvirt's node info."""
_KIB_BYTES = 1024


class Capacity:
    """How many pCPUs a host has, and what is free on its NUMA nodes; ``host.capacity``."""

    def __init__(self, connection: Connection):
        self._connection = connection

    @property
    def pcpus(self) -> int:
        """Return how many pCPUs Xen uses."""
        return self._connection.read("counting pCPUs", lambda raw: raw.getInfo())[_PCPUS]

    @property
    def free_memory_by_node_kib(self) -> tuple[int, ...]:
        """Return the memory that Xen can give to guests on each NUMA node, in KiB."""
        free_bytes = self._connection.read(
            "asking for the nodes' free memory",
            lambda raw: raw.getCellsFreeMemory(0, raw.getInfo()[_NODES]),
        )
        return tuple(free // _KIB_BYTES for free in free_bytes)
