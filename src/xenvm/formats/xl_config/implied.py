"""A config as xl understands it: without what xl or libvirt give a domain unasked.

Two configs mean the same to xl when they are equal in this form, and what differs between a config
and what xl.cfg gives back of it, in this form, is lost.
"""

from __future__ import annotations

from dataclasses import replace

from xenvm.model.boot import Loader
from xenvm.model.chardev import Chardev
from xenvm.model.clock import Timer
from xenvm.model.cpu import CpuFeature, NumaDistance, VcpuPin
from xenvm.model.devices import Controller, Input
from xenvm.model.domain import DomainConfig
from xenvm.model.graphics import Video
from xenvm.model.hyperv import Hyperv
from xenvm.model.kinds import (
    ChardevKind,
    ClockOffset,
    ControllerKind,
    Firmware,
    GuestType,
    HostdevKind,
)

from .chardevs import RAW, XEN, numbered
from .clock import UTC, seconds_of
from .features import CUSTOM
from .firmware import PFLASH, ROM, is_hvmloader
from .general import KIB_PER_MIB, in_mib
from .hardware import USB, is_usb_input
from .hostdevs import plain_controller, plain_hostdev
from .processors import HOST_PASSTHROUGH
from .screens import plain_screen
from .vbds import plain_vbd
from .vnifs import plain_vnif
from .vnuma import distance_of, in_order

_POLICIES = {None: "force", "require": "force", "forbid": "disable"}
_TIMERS = ("tsc", "hpet")
_GIVEN_INPUTS = {"mouse", "keyboard"}
_GIVEN_BUSES = {None, "ps2", "xen"}
_GIVEN_CONTROLLERS = {"ide", "scsi", "usb"}


def plain(config: DomainConfig) -> DomainConfig:
    """Return a config as xl understands it."""
    return _machine(_processors(_boot(_devices(_ports(config)))))


def _whole_mib(size_kib: int) -> int:
    return in_mib(size_kib) * KIB_PER_MIB


def _machine(config: DomainConfig) -> DomainConfig:
    """Return it with sizes in whole MiB, and timers in order."""
    timers = [_timer(timer) for timer in config.timers]
    return replace(
        _clock(config),
        domid=None,
        arch=config.arch or "x86_64",
        memory_kib=_whole_mib(config.memory_kib),
        max_memory_kib=_whole_mib(config.max_memory_kib),
        timers=tuple(sorted(timers, key=_rank)),
        hyperv=_hyperv(config.hyperv),
        memballoon=None if config.memballoon == "xen" else config.memballoon,
    )


def _clock(config: DomainConfig) -> DomainConfig:
    """Return it with the clock of HVM as seconds ahead; a PV guest's cannot be adjusted."""
    adjustment, offset = config.clock_adjustment, config.clock_offset
    if config.guest_type != GuestType.HVM:
        return replace(config, clock_adjustment=None if adjustment == "reset" else adjustment)
    if offset in {ClockOffset.UTC, ClockOffset.LOCALTIME} and adjustment is None:
        return replace(
            config,
            clock_offset=ClockOffset.VARIABLE,
            clock_adjustment="0",
            clock_basis=str(offset),
        )
    if offset != ClockOffset.VARIABLE:
        return config
    ahead = seconds_of(adjustment)
    text = adjustment if ahead is None else str(ahead)
    return replace(config, clock_adjustment=text, clock_basis=config.clock_basis or UTC)


def _rank(timer: Timer) -> int:
    return _TIMERS.index(timer.name) if timer.name in _TIMERS else len(_TIMERS)


def _timer(timer: Timer) -> Timer:
    if timer.name == "tsc":
        return replace(timer, present=timer.present is not False, mode=timer.mode or "auto")
    return replace(timer, present=timer.present is not False)


def _hyperv(hyperv: Hyperv | None) -> Hyperv | None:
    """Return it without the two that are on in any case."""
    if hyperv is None:
        return None
    return replace(
        hyperv,
        mode=hyperv.mode or CUSTOM,
        relaxed=None if hyperv.relaxed else hyperv.relaxed,
        vpindex=None if hyperv.vpindex else hyperv.vpindex,
        synic=True if hyperv.stimer else hyperv.synic,
    )


def _processors(config: DomainConfig) -> DomainConfig:
    cells = in_order(config)
    shaped = [
        replace(
            cell,
            number=number,
            memory_kib=_whole_mib(cell.memory_kib),
            distances=tuple(
                NumaDistance(cell=other, distance=distance_of(cells, number, other))
                for other in range(len(cells))
            ),
        )
        for number, cell in enumerate(cells)
    ]
    features = tuple(
        sorted((_feature(f) for f in config.cpu_features), key=lambda feature: feature.name)
    )
    is_silent = config.guest_type != GuestType.HVM and not features
    is_host = config.cpu_mode == HOST_PASSTHROUGH
    return replace(
        config,
        cpus=None if config.pins else config.cpus,
        pins=_pins(config),
        cpu_mode=None if is_silent and is_host else config.cpu_mode,
        cpu_features=features,
        numa_cells=tuple(shaped),
    )


def _feature(feature: CpuFeature) -> CpuFeature:
    policy = _POLICIES.get(feature.policy, feature.policy)
    return replace(feature, policy=policy)


def _pins(config: DomainConfig) -> tuple[VcpuPin, ...]:
    """Return where each vCPU runs, if any has a place of its own."""
    if not config.pins:
        return ()
    pins = {pin.vcpu: pin.cpus for pin in config.pins}
    if config.cpus:
        pins = dict.fromkeys(range(config.max_vcpus), config.cpus) | pins
    return tuple(VcpuPin(vcpu=vcpu, cpus=cpus) for vcpu, cpus in sorted(pins.items()))


def _boot(config: DomainConfig) -> DomainConfig:
    args = " ".join((config.bootloader_args or "").split())
    is_hvm = config.guest_type == GuestType.HVM
    loader = _loader(config.loader, config.firmware) if is_hvm else config.loader
    kind = None if loader and loader.kind == PFLASH else config.firmware
    return replace(
        config,
        bootloader_args=args or None,
        loader=loader,
        firmware=kind if is_hvm else config.firmware,
        acpi_tables=tuple(replace(table, kind="slic") for table in config.acpi_tables),
    )


def _loader(loader: Loader | None, kind: object) -> Loader | None:
    """Return what runs first in an HVM guest, unless it is what always does."""
    if loader is None or loader.path is None:
        return None
    is_flash = loader.kind == PFLASH or kind == Firmware.EFI
    if not is_flash and is_hvmloader(loader.path) and loader.kind in {None, ROM}:
        return None
    return replace(
        loader,
        kind=PFLASH if is_flash else loader.kind or ROM,
        format=None if loader.format == "raw" else loader.format,
        readonly=loader.readonly is not False if is_flash else loader.readonly or None,
    )


def _devices(config: DomainConfig) -> DomainConfig:
    kept = [plain_controller(each) for each in config.controllers if not _is_given(each)]
    kinds = (ControllerKind.XENBUS, ControllerKind.USB)
    hostdevs = [plain_hostdev(device) for device in config.hostdevs]
    order = (HostdevKind.PCI, HostdevKind.USB)
    return replace(
        config,
        vbds=tuple(plain_vbd(vbd, config.guest_type) for vbd in config.vbds),
        vnifs=tuple(plain_vnif(vnif) for vnif in config.vnifs),
        graphics=tuple(plain_screen(screen) for screen in config.graphics),
        videos=_videos(config),
        controllers=tuple(sorted(kept, key=lambda c: c.kind not in kinds[:1])),
        hostdevs=tuple(sorted(hostdevs, key=lambda device: device.kind not in order[:1])),
        inputs=tuple(_input(each) for each in config.inputs if not _is_given_input(each)),
    )


def _is_given(controller: Controller) -> bool:
    """Return whether libvirt gives such a controller unasked."""
    bare = Controller(kind=controller.kind, index=controller.index)
    kinds = {*_GIVEN_CONTROLLERS, str(ControllerKind.XENBUS)}
    return controller == bare and str(controller.kind) in kinds


def _is_given_input(device: Input) -> bool:
    return device.kind in _GIVEN_INPUTS and device.bus in _GIVEN_BUSES


def _input(device: Input) -> Input:
    return replace(device, bus=USB) if is_usb_input(device) else device


def _videos(config: DomainConfig) -> tuple[Video, ...]:
    """Return the graphics cards; a PV guest's is its screen."""
    if config.guest_type != GuestType.HVM:
        return tuple(video for video in config.videos if video.model != "xen")
    return tuple(
        replace(
            video,
            heads=None if video.heads == 1 else video.heads,
            primary=None if video.primary else video.primary,
            vram_kib=None if video.vram_kib is None else _whole_mib(video.vram_kib),
        )
        for video in config.videos
    )


def _ports(config: DomainConfig) -> DomainConfig:
    return replace(
        config,
        serials=tuple(_port(port) for port in numbered(config.serials)),
        parallels=tuple(_port(port) for port in numbered(config.parallels)),
        consoles=tuple(each for each in config.consoles if not _is_given_console(each, config)),
        channels=tuple(_channel(each) for each in config.channels),
    )


def _port(port: Chardev) -> Chardev:
    is_tcp = port.kind == ChardevKind.TCP
    return replace(
        port,
        tty=None,
        path=None if port.kind == ChardevKind.PTY else port.path,
        protocol=port.protocol or (RAW if is_tcp else None),
        target_kind=None,
    )


def _channel(channel: Chardev) -> Chardev:
    return replace(channel, tty=None, target_port=None)


def _is_given_console(console: Chardev, config: DomainConfig) -> bool:
    """Return whether a guest has such a console unasked: PV its own, HVM its first serial port."""
    if config.guest_type != GuestType.HVM:
        is_first = not console.target_port
        return console.kind == ChardevKind.PTY and console.target_kind in {None, XEN} and is_first
    return any(console.kind == port.kind for port in config.serials[:1])
