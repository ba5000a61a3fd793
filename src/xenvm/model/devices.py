"""The small devices of a guest: controllers, keyboards, TPMs, sound cards."""

from __future__ import annotations

from dataclasses import dataclass, field

from .kinds import ControllerKind
from .mapping import at
from .residue import Modelled


@dataclass(frozen=True, slots=True, kw_only=True)
class Controller(Modelled):
    """What other devices are plugged into.

    Attributes:
        kind: What it is for.
        index: Its number among those of its kind, from 0; None lets libvirt choose.
        model: Such as ``qusb2`` for USB.
        ports: How many USB ports it has.
        max_grant_frames: ``xenbus``: the most grant frames that the guest may have.
        max_event_channels: ``xenbus``: the most event channels that it may have.

    Source:
        libvirt formatdomain, "Controllers"; xl.cfg(5) ``usbctrl``, ``max_grant_frames`` and
        ``max_event_channels``.
    """

    kind: ControllerKind | str = field(metadata=at("@type", xl="usbctrl.type"))
    index: int | None = field(default=None, metadata=at("@index"))
    model: str | None = field(default=None, metadata=at("@model", xl="usbctrl.version"))
    ports: int | None = field(default=None, metadata=at("@ports", xl="usbctrl.ports"))
    max_grant_frames: int | None = field(
        default=None, metadata=at("@maxGrantFrames", xl="max_grant_frames")
    )
    max_event_channels: int | None = field(
        default=None, metadata=at("@maxEventChannels", xl="max_event_channels")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Input(Modelled):
    """A keyboard, mouse or tablet.

    Attributes:
        kind: ``mouse``, ``keyboard`` or ``tablet``.
        bus: ``xen``, ``ps2`` or ``usb``; None lets libvirt choose.

    Source:
        libvirt formatdomain, "Input devices"; xl.cfg(5) ``usbdevice``.
    """

    kind: str = field(metadata=at("@type", xl="usbdevice"))
    bus: str | None = field(default=None, metadata=at("@bus"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tpm(Modelled):
    """A trusted platform module.

    Attributes:
        model: Such as ``tpm-tis``.
        backend: ``passthrough`` or ``emulator``.
        version: For an emulator: ``1.2`` or ``2.0``.
        device: For pass-through: its device in Dom0, an absolute path.

    Source:
        libvirt formatdomain, "TPM device". xl's ``vtpm`` is another thing, which libvirt lacks.
    """

    model: str | None = field(default=None, metadata=at("@model"))
    backend: str | None = field(default=None, metadata=at("backend/@type"))
    version: str | None = field(default=None, metadata=at("backend/@version"))
    device: str | None = field(default=None, metadata=at("backend/device/@path"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound(Modelled):
    """A sound card.

    Attributes:
        model: Such as ``ich6``.

    Source:
        libvirt formatdomain, "Sound devices"; xl.cfg(5) ``soundhw``.
    """

    model: str = field(metadata=at("@model", xl="soundhw"))
