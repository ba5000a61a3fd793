"""The two ends of a paravirtual device, as xenstore tells of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum


class XenbusState(IntEnum):
    """How far one end of a device has come.

    Source:
        xen/include/public/io/xenbus.h, enum xenbus_state.
    """

    UNKNOWN = 0
    INITIALISING = 1
    INIT_WAIT = 2
    INITIALISED = 3
    CONNECTED = 4
    CLOSING = 5
    CLOSED = 6
    RECONFIGURING = 7
    RECONFIGURED = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class XenDevice:
    """A paravirtual device of a running guest.

    Attributes:
        kind: What the guest has, such as ``vbd``, ``vif``, ``vfb``, ``vkbd`` or ``pci``.
        number: Its number in the guest, such as 51712 for ``xvda``, or 0 for the first VNIF.
        served_by: What serves it in Dom0, such as ``vbd`` (Linux), ``qdisk`` (QEMU) or ``vif``.
        front_state: How far the guest's end has come; None when there is none.
        back_state: How far Dom0's end has come; None when there is none.
        front: What xenstore has of the guest's end, by key.
        back: What xenstore has of Dom0's end, by key.
    """

    kind: str
    number: int
    served_by: str
    front_state: XenbusState | None = None
    back_state: XenbusState | None = None
    front: Mapping[str, str] = field(default_factory=dict)
    back: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_connected(self) -> bool:
        """Return whether both ends are connected."""
        return self.front_state is self.back_state is XenbusState.CONNECTED
