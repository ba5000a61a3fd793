"""Domains that xl.cfg can describe whole, for hypothesis."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar, cast

from hypothesis import strategies as st

from xenvm.formats.xl_config.config import LENSES
from xenvm.model.boot import AcpiTable, Loader
from xenvm.model.chardev import Chardev
from xenvm.model.clock import Timer
from xenvm.model.cpu import CpuFeature, NumaCell, NumaDistance, VcpuPin
from xenvm.model.devices import Controller, Input, Sound
from xenvm.model.domain import DomainConfig
from xenvm.model.graphics import Graphics, Video
from xenvm.model.hostdev import Hostdev, UsbAddress
from xenvm.model.hyperv import Hyperv
from xenvm.model.kinds import (
    BootDevice,
    ChardevKind,
    ClockOffset,
    ControllerKind,
    DiskBacking,
    DiskDevice,
    DiskDriver,
    DiskFormat,
    GraphicsKind,
    GuestType,
    HostdevKind,
    LifecycleAction,
    VnifKind,
)
from xenvm.model.quantities import CpuSet, MacAddress, PciAddress
from xenvm.model.vbd import DiskHost, Vbd
from xenvm.model.vnif import Bandwidth, Vnif, VnifAddress

T = TypeVar("T")
GIB = 1 << 20

SAYABLE = frozenset(name for lens in LENSES for name in lens.fields)
"""The fields that xl has keys for."""

words = st.text("abcXYZ019_-", min_size=1, max_size=8)
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20)
paths = words.map("/srv/{}".format)
device_paths = words.map("/dev/vg/{}".format)
mib = st.integers(1, 64).map(lambda size: size * 1024)
cpu_sets = st.sets(st.integers(0, 20), min_size=1).map(CpuSet.of)
flags = st.sampled_from([None, True, False])
ports = st.integers(5900, 5999)
macs = st.integers(0, 2**24 - 1).map(MacAddress.xen)


def changed(value: T, changes: Mapping[str, object]) -> T:
    """Return a value with some fields changed, whatever their types."""
    return cast("Callable[..., T]", replace)(value, **changes)


def maybe(strategy: st.SearchStrategy[T]) -> st.SearchStrategy[T | None]:
    return st.none() | strategy


def few(strategy: st.SearchStrategy[T], most: int = 2) -> st.SearchStrategy[tuple[T, ...]]:
    return st.lists(strategy, max_size=most).map(tuple)


@st.composite
def vbds(draw: st.DrawFn, guest_type: GuestType) -> Vbd:
    target = draw(st.sampled_from(["xvda", "xvdb1", "hda", "sdb"]))
    is_cdrom = draw(st.booleans())
    backing = draw(st.sampled_from([DiskBacking.BLOCK, DiskBacking.FILE, DiskBacking.NETWORK]))
    drivers: dict[DiskBacking, list[DiskDriver | None]] = {
        DiskBacking.BLOCK: [None, DiskDriver.PHY, DiskDriver.QEMU],
        DiskBacking.FILE: [None, DiskDriver.QEMU, DiskDriver.TAP],
        DiskBacking.NETWORK: [DiskDriver.QEMU],
    }
    host = st.builds(
        DiskHost,
        name=st.sampled_from(["mon1.example.org", "192.0.2.7", "2001:db8::7"]),
        port=maybe(st.integers(1, 65535)),
    )
    is_network = backing is DiskBacking.NETWORK
    sources = {
        DiskBacking.BLOCK: device_paths,
        DiskBacking.FILE: paths | words.map("/srv/a, b={}".format),
        DiskBacking.NETWORK: words.map("pool/{}".format),
    }
    return Vbd(
        target=target,
        source=draw(sources[backing]),
        backing=backing,
        device=DiskDevice.CDROM if is_cdrom else DiskDevice.DISK,
        driver=draw(st.sampled_from(drivers[backing])),
        format=draw(st.sampled_from([*DiskFormat, "qcow"])),
        protocol="rbd" if is_network else None,
        hosts=draw(few(host)) if is_network else (),
        backend_domain=draw(maybe(words)),
        readonly=is_cdrom or draw(st.booleans()),
        discard=draw(st.sampled_from([None, "unmap", "ignore"])),
        bus=None if guest_type is GuestType.HVM or target.startswith("xvd") else "xen",
    )


@st.composite
def vnifs(draw: st.DrawFn) -> Vnif:
    bridge = draw(maybe(words))
    is_ovs = bridge is not None and draw(st.booleans())
    vlans = draw(few(st.integers(0, 4095))) if is_ovs else ()
    address = st.sampled_from(["192.0.2.1", "2001:db8::1"])
    return Vnif(
        kind=VnifKind.BRIDGE if bridge else VnifKind.ETHERNET,
        mac=draw(maybe(macs)),
        bridge=bridge,
        vlans=vlans,
        vlan_trunk=True if len(vlans) > 1 else None,
        virtualport="openvswitch" if is_ovs else None,
        script="vif-openvswitch" if is_ovs else draw(maybe(st.just("/etc/xen/vif-mine"))),
        ips=draw(few(st.builds(VnifAddress, address=address))),
        outbound=draw(
            maybe(st.builds(Bandwidth, average_kib_per_s=st.integers(1, (2**32 - 1) // 1024)))
        ),
        backend_domain=draw(maybe(words)),
        device=draw(maybe(words)),
        model=draw(st.sampled_from([None, "netfront", "e1000"])),
        mtu_bytes=draw(maybe(st.integers(68, 65535))),
    )


def vnc_screens() -> st.SearchStrategy[Graphics]:
    def built(port: int | None, listen: str | None, password: str | None) -> Graphics:
        kind = GraphicsKind.VNC
        autoport = port is None
        return Graphics(kind=kind, port=port, autoport=autoport, listen=listen, password=password)

    addresses = st.sampled_from(["127.0.0.1", "::1", "0.0.0.0"])  # noqa: S104 - a text
    return st.builds(built, maybe(ports), maybe(addresses), maybe(words))


def sdl_screens() -> st.SearchStrategy[Graphics]:
    return st.builds(
        Graphics, kind=st.just(GraphicsKind.SDL), display=maybe(words), xauthority=maybe(paths)
    )


def spice_screens() -> st.SearchStrategy[Graphics]:
    def built(port: int | None, rest: Graphics) -> Graphics:
        return replace(rest, port=port, autoport=port is None)

    rest = st.builds(
        Graphics,
        kind=st.just(GraphicsKind.SPICE),
        password=maybe(words),
        mouse_mode=st.sampled_from([None, "client", "server"]),
        clipboard=flags,
    )
    return st.builds(built, maybe(ports), rest)


@st.composite
def chardevs(draw: st.DrawFn, number: int) -> Chardev:
    kind = draw(st.sampled_from(ChardevKind))
    is_net = kind in {ChardevKind.TCP, ChardevKind.UDP}
    modes = {ChardevKind.TCP: ["bind", "connect"], ChardevKind.UNIX: ["bind", "connect"]}
    silent = {ChardevKind.PTY, ChardevKind.STDIO, ChardevKind.VC, ChardevKind.NULL}
    mode = draw(st.sampled_from(modes.get(kind, [None])))
    path = draw(device_paths if kind is ChardevKind.DEVICE else paths)
    return Chardev(
        kind=kind,
        host="192.0.2.9" if is_net else None,
        service=str(draw(ports)) if is_net else None,
        mode="connect" if kind is ChardevKind.UDP else mode,
        protocol=draw(st.sampled_from(["raw", "telnet"])) if kind is ChardevKind.TCP else None,
        path=None if is_net or kind in silent else path,
        target_port=number,
    )


@st.composite
def channels(draw: st.DrawFn) -> Chardev:
    is_socket = draw(st.booleans())
    return Chardev(
        kind=ChardevKind.UNIX if is_socket else ChardevKind.PTY,
        path=draw(paths) if is_socket else None,
        mode="bind" if is_socket else None,
        target_kind="xen",
        target_name=draw(words),
    )


@st.composite
def numa_cells(draw: st.DrawFn) -> tuple[NumaCell, ...]:
    size = draw(st.integers(0, 3))
    distances = st.integers(11, 254)
    return tuple(
        NumaCell(
            number=number,
            cpus=CpuSet.of([number]),
            memory_kib=draw(mib),
            distances=tuple(
                NumaDistance(cell=n, distance=10 if n == number else draw(distances))
                for n in range(size)
            ),
        )
        for number in range(size)
    )


@st.composite
def hyperv(draw: st.DrawFn) -> Hyperv:
    stimer = draw(flags)
    return Hyperv(
        mode=draw(st.sampled_from(["custom", "passthrough"])),
        vapic=draw(flags),
        stimer=stimer,
        synic=True if stimer else draw(flags),
        frequencies=draw(flags),
        tlbflush=draw(flags),
        ipi=draw(flags),
    )


def hostdevs() -> st.SearchStrategy[tuple[Hostdev, ...]]:
    address = st.builds(
        PciAddress, bus=st.integers(0, 255), slot=st.integers(0, 31), function=st.integers(0, 7)
    )
    pci = st.builds(
        Hostdev,
        pci=address,
        write_filtering=flags,
        managed=st.sampled_from([None, True]),
    )
    usb = st.builds(UsbAddress, bus=st.integers(1, 20), device=st.integers(1, 127))
    usbs = st.builds(Hostdev, kind=st.just(HostdevKind.USB), usb=usb)
    return st.builds(lambda one, other: one + other, few(pci), few(usbs))


def controllers() -> st.SearchStrategy[tuple[Controller, ...]]:
    limits = st.builds(
        Controller,
        kind=st.just(ControllerKind.XENBUS),
        max_grant_frames=st.integers(1, 999),
        max_event_channels=maybe(st.integers(1, 999)),
    )
    usb = st.builds(
        Controller,
        kind=st.just(ControllerKind.USB),
        model=st.sampled_from(["qusb1", "qusb2"]),
        ports=st.integers(1, 31),
    )
    return st.builds(lambda one, other: one + other, few(limits, 1), few(usb))


def pins() -> st.SearchStrategy[tuple[VcpuPin, ...]]:
    found = st.dictionaries(st.integers(0, 5), cpu_sets, max_size=3)
    return found.map(lambda d: tuple(VcpuPin(vcpu=n, cpus=d[n]) for n in sorted(d)))


def hvm_fields() -> dict[str, st.SearchStrategy[object]]:
    """Return what only an HVM guest has."""
    features = st.lists(
        st.builds(
            CpuFeature,
            name=st.sampled_from(["tm", "pni", "pdpe1gb", "avx512f"]),
            policy=st.sampled_from(["force", "disable", "optional"]),
        ),
        unique_by=lambda feature: feature.name,
        max_size=3,
    ).map(tuple)
    loader = st.builds(
        Loader, path=paths, kind=st.just("pflash"), readonly=st.just(True)
    ) | st.builds(Loader, path=paths, kind=st.just("rom"))
    return {
        "acpi": st.booleans(),
        "apic": st.booleans(),
        "pae": st.booleans(),
        "hap": flags,
        "viridian": st.booleans(),
        "hyperv": maybe(hyperv()),
        "cpu_mode": st.just("host-passthrough"),
        "cpu_features": features,
        "loader": maybe(loader),
        "boot": few(st.sampled_from(BootDevice), 3),
        "acpi_tables": few(st.builds(AcpiTable, kind=st.just("slic"), path=paths), 1),
        "timers": few(st.builds(Timer, name=st.just("hpet"), present=st.booleans()), 1),
        "clock_offset": st.just(ClockOffset.VARIABLE),
        "clock_adjustment": st.integers(0, 9999).map(str),
        "clock_basis": st.sampled_from(["utc", "localtime"]),
        "graphics": st.tuples(
            few(vnc_screens(), 1), few(sdl_screens(), 1), few(spice_screens(), 1)
        ).map(lambda kinds: sum(kinds, ())),
        "videos": few(
            st.builds(Video, model=st.sampled_from(["vga", "cirrus", "qxl"]), vram_kib=mib), 1
        ),
        "sounds": few(st.builds(Sound, model=st.sampled_from(["ich6", "ac97"])), 1),
        "inputs": few(
            st.builds(Input, kind=st.sampled_from(["tablet", "mouse"]), bus=st.just("usb"))
        ),
        "serials": st.integers(0, 3).flatmap(lambda n: st.tuples(*map(chardevs, range(n)))),
        "parallels": few(chardevs(0), 1),
        "firmware": st.none(),
    }


def fields_of(guest_type: GuestType) -> dict[str, st.SearchStrategy[object]]:
    """Return a strategy for each field that xl can say of such a guest."""
    is_hvm, is_pv = guest_type is GuestType.HVM, guest_type is GuestType.PV
    tsc = st.builds(
        Timer,
        name=st.just("tsc"),
        present=st.just(True),
        mode=st.sampled_from(["auto", "native", "emulate", "paravirt"]),
    )
    everyone: dict[str, st.SearchStrategy[object]] = {
        "name": texts,
        "uuid": maybe(st.uuids()),
        "guest_type": st.just(guest_type),
        "memory_kib": mib,
        "max_memory_kib": mib,
        "vcpus": st.integers(1, 64),
        "max_vcpus": st.integers(1, 64),
        "weight": maybe(st.integers(1, 65535)),
        "cap_percent": maybe(st.integers(0, 800)),
        "pins": pins(),
        "numa_cells": numa_cells(),
        "kernel": maybe(texts.filter(lambda text: not text.endswith("hvmloader"))),
        "initrd": maybe(paths),
        "cmdline": maybe(texts),
        "bootloader": maybe(paths),
        "bootloader_args": maybe(st.lists(words, min_size=1).map(" ".join)),
        "passthrough": flags,
        "clock_offset": st.sampled_from([ClockOffset.UTC, ClockOffset.LOCALTIME]),
        "timers": few(tsc, 1),
        "on_poweroff": st.sampled_from([*LifecycleAction, "soft-reset"]),
        "on_reboot": st.sampled_from(LifecycleAction),
        "on_crash": st.sampled_from(LifecycleAction),
        "emulator": maybe(paths),
        "device_model_args": few(texts),
        "vbds": few(vbds(guest_type)),
        "vnifs": few(vnifs()),
        "channels": few(channels()),
        "hostdevs": hostdevs(),
        "controllers": controllers(),
        "graphics": few(vnc_screens() | sdl_screens()),
    }
    if is_pv:
        everyone["e820_host"] = flags
    if not is_hvm and not is_pv:
        everyone["hap"] = flags
    return everyone | (hvm_fields() if is_hvm else {})


guest_types = st.sampled_from(GuestType)


@st.composite
def configs(draw: st.DrawFn) -> DomainConfig:
    """Draw a domain that says no more than xl can."""
    chosen = draw(guest_types)
    values = {name: draw(strategy) for name, strategy in fields_of(chosen).items()}
    return cast("Callable[..., DomainConfig]", DomainConfig)(**values)
