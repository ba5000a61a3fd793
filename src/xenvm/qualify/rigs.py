"""What the benchmarks measure with, made on a host through a workshop and removed with it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from xenvm.bench.aggregate import AggregateDriver, Member
from xenvm.bench.block import FILL_PASSES, BlockDriver, Span, fill, require_fio, settle
from xenvm.bench.catalogue import GUESTS
from xenvm.bench.compute import ComputeDriver
from xenvm.bench.measuring import SPAN_MIB, Setting
from xenvm.bench.network import NetworkDriver, Peer, Server, require_peer, uplink_to
from xenvm.bench.programs import Dom0Programs
from xenvm.errors import BlockedError, NotAllowedError, OutOfSpaceError
from xenvm.host import Host
from xenvm.host.probe import ProbeGuest, deploy_tools
from xenvm.host.probe.tools import ToolsDisk
from xenvm.model.kinds import DiskBacking, DiskDriver
from xenvm.model.vbd import Vbd
from xenvm.model.verdict import EvidenceClass
from xenvm.model.vnif import Vnif

from .disks import BY_ID, unused
from .dom0 import Dom0
from .names import RUNS_FOLDER
from .neighbours import nic_of
from .workshop import TEST_NETWORK, XEN_MIB_PER_GUEST, Workshop

FIO_GUEST_MIB = 288
"""fio's libraries in memory, its buffers, and the kernel."""
NETWORK_GUEST_MIB = 160
TARGET = "xvdb"
UNPACK_DEADLINE_S = 180.0
_MARGIN_MIB = 64
"""What a file system keeps beside what we put there."""


def block_rig(
    workshop: Workshop,
    backing: str,
    setting: Setting,
    *,
    allowed: Collection[str] = (),
    span_mib: int = SPAN_MIB,
    direct: bool = True,
) -> BlockDriver:
    """Return a driver for the metrics ``block.BACKING.*``: a volume, filled, and a guest on it.

    Args:
        workshop: Makes them, and removes them.
        backing: ``lvm``, ``partition`` or ``file``.
        setting: How it is measured.
        allowed: What the user lets us write to; the partition is made on a disk of these.
        span_mib: How much of it both legs drive; twice what the array or controller caches.
        direct: Whether the guest's file is reached past Dom0's page cache. Xen's own block script
            does not do so, and such a guest's samples count for nothing.

    Raises:
        BlockedError: No volume group has room, no disk is allowed for a partition, or Dom0 has no
            fio, or one that is too old.
        NotAllowedError: The disk is not allowed by identity.
        OutOfSpaceError: The disk or the file system is too small.
    """
    host = workshop.host
    require_fio(host.shell)
    make = {"lvm": _volume, "partition": _partition, "file": _file}[backing]
    path = make(workshop, span_mib, allowed)
    span = Span(path=path, target=TARGET, size_bytes=span_mib << 20)
    fill(host.shell, span, passes=_passes(setting))
    if setting.settles:
        span = settle(host.shell, span, setting.timing)
    vbd = _vbd(workshop, backing, path, direct=direct)
    tools = deploy_tools(host.shell, ("fio",))
    guest = workshop.guest("g0", memory_mib=FIO_GUEST_MIB, vbds=[vbd, tools.vbd])
    _equip([guest], tools)
    return BlockDriver(host, guest, span, setting, backing=backing)


def network_rig(
    workshop: Workshop, path: str, setting: Setting, *, peer: Peer | None = None
) -> NetworkDriver:
    """Return a driver for the metrics ``network.PATH.*``.

    Args:
        workshop: Makes the bridge and guests, and removes them.
        path: ``dom0``, ``guest`` or ``peer``.
        setting: How it is measured.
        peer: The external peer; needed for its path, and for no other.

    Raises:
        BlockedError: Dom0 lacks a measuring program, or the peer does not answer.
    """
    tools = deploy_tools(workshop.host.shell, ("iperf3", "sockperf"))
    if path == "peer":
        return _peer_rig(workshop, tools, setting, peer)
    (bridge,) = workshop.bridges(["b0"], [_address(0)])
    guests = _networked(workshop, tools, bridge, 1 if path == "dom0" else 2)
    if path == "dom0":
        server = Server(address=_bare(0), programs=Dom0Programs(workshop.host.shell))
    else:
        server = Server.in_guest(guests[1], _bare(2))
    return NetworkDriver(workshop.host, guests[0], server, setting, path=path)


def aggregate_rig(
    workshop: Workshop, setting: Setting, *, guests: int = 0, span_mib: int = SPAN_MIB
) -> AggregateDriver:
    """Return a driver for the metrics ``aggregate.*``: guests on volumes of their own.

    Args:
        workshop: Makes them, and removes them.
        setting: How it is measured.
        guests: How many at once; 0 for as many of the catalogue's as the host's memory takes.
        span_mib: Of each guest's volume.

    Raises:
        BlockedError: There is no room for two guests or their volumes, or Dom0 lacks a program.
    """
    host = workshop.host
    require_fio(host.shell)
    count = guests or _most_guests(host)
    tools = deploy_tools(host.shell, ("fio", "iperf3", "sockperf"))
    group = _group(host, count * span_mib)
    spans = [
        Span(
            path=workshop.volume(group, f"lv{number}", span_mib),
            target=TARGET,
            size_bytes=span_mib << 20,
        )
        for number in range(count)
    ]
    for span in spans:
        fill(host.shell, span, passes=_passes(setting))
    (bridge,) = workshop.bridges(["b0"], [_address(0)])
    made = _networked(workshop, tools, bridge, count, spans)
    members = [Member(guest=guest, span=span) for guest, span in zip(made, spans, strict=True)]
    server = Server.in_guest(made[1], _bare(2))
    network = NetworkDriver(host, made[0], server, setting, path="guest")
    return AggregateDriver(host, members, network, setting)


def compute_rig(workshop: Workshop, setting: Setting) -> ComputeDriver:
    """Return a driver for the metrics ``compute.*``: a guest and fio.

    Raises:
        BlockedError: Dom0 has no fio, or one that is too old.
    """
    require_fio(workshop.host.shell)
    tools = deploy_tools(workshop.host.shell, ("fio",))
    guest = workshop.guest("g0", memory_mib=FIO_GUEST_MIB, vbds=[tools.vbd])
    _equip([guest], tools)
    return ComputeDriver(workshop.host, guest, setting)


def _equip(guests: Sequence[ProbeGuest], tools: ToolsDisk) -> None:
    """Let guests that boot come up, and unpack the tools disk."""
    for guest in guests:
        guest.wait_until_up()
    asked = [guest.send("tools", device=tools.vbd.target) for guest in guests]
    for guest, number in zip(guests, asked, strict=True):
        guest.answer(number, deadline_s=UNPACK_DEADLINE_S)


def _passes(setting: Setting) -> int:
    """Return how often a span is filled: nobody asks how fast an emulated disk is."""
    return FILL_PASSES if setting.evidence is EvidenceClass.HARDWARE else 1


def _group(host: Host, size_mib: int) -> str:
    for name in Dom0(host, str(host.uri)).volume_groups(size_mib) or ():
        return name
    raise BlockedError(f"no volume group of the host has {size_mib} MiB free: vgcreate one")


def _volume(workshop: Workshop, span_mib: int, _allowed: Collection[str]) -> str:
    return workshop.volume(_group(workshop.host, span_mib), "lv0", span_mib)


def _partition(workshop: Workshop, span_mib: int, allowed: Collection[str]) -> str:
    disks = [path for path in allowed if path.startswith("/dev/")]
    if not disks:
        raise BlockedError(
            f"a partition needs a disk that may be overwritten: --allow {BY_ID}… names one"
        )
    disk = disks[0]
    if not disk.startswith(BY_ID):
        raise NotAllowedError(f"{disk} may be another disk after the next boot: name it by {BY_ID}")
    shell = workshop.host.shell
    size_mib = int(shell.run("blockdev --getsize64 %s", unused(shell, disk)).stdout) >> 20
    if size_mib <= span_mib:
        raise OutOfSpaceError(f"{disk} has {size_mib} MiB, and more than {span_mib} are needed")
    return workshop.partition(disk, "p0", span_mib)


def _file(workshop: Workshop, span_mib: int, _allowed: Collection[str]) -> str:
    told = workshop.host.shell.run(
        f"mkdir -p {RUNS_FOLDER} && df -Pm {RUNS_FOLDER} | awk 'NR == 2 {{print $4}}'"
    )
    if int(told.stdout) < span_mib + _MARGIN_MIB:
        raise OutOfSpaceError(
            f"{RUNS_FOLDER} has {int(told.stdout)} MiB free, and {span_mib} are needed: make room"
        )
    return workshop.image_file("bench.img", span_mib)


def _vbd(workshop: Workshop, backing: str, path: str, *, direct: bool) -> Vbd:
    if backing != "file":
        return Vbd(target=TARGET, source=path)
    if direct:
        return Vbd(target=TARGET, source=workshop.loop_device(path, direct=True))
    return Vbd(target=TARGET, source=path, backing=DiskBacking.FILE, driver=DiskDriver.PHY)


def _address(number: int) -> str:
    """Return an address on the rig's bridge, with prefix: 0 is Dom0's, 1 is the first guest's."""
    return f"{TEST_NETWORK.network_address + 1 + number}/24"


def _bare(number: int) -> str:
    return _address(number).partition("/")[0]


def _networked(
    workshop: Workshop,
    tools: ToolsDisk,
    bridge: str,
    count: int,
    spans: Sequence[Span] = (),
) -> list[ProbeGuest]:
    """Return guests that are up, have unpacked the tools disk, and have an address each."""
    vnifs = [Vnif(bridge=bridge, mac=workshop.next_mac()) for _ in range(count)]
    guests = [
        workshop.guest(
            f"g{number}",
            paused=True,
            memory_mib=FIO_GUEST_MIB if spans else NETWORK_GUEST_MIB,
            vbds=[
                *(Vbd(target=span.target, source=span.path) for span in spans[number : number + 1]),
                tools.vbd,
            ],
            vnifs=[vnif],
        )
        for number, vnif in enumerate(vnifs)
    ]
    workshop.unpause_all(guests)
    _equip(guests, tools)
    for number, (guest, vnif) in enumerate(zip(guests, vnifs, strict=True), start=1):
        guest.ask("address", nic=nic_of(guest, vnif.mac), address=_address(number))
    return guests


def _peer_rig(
    workshop: Workshop, tools: ToolsDisk, setting: Setting, peer: Peer | None
) -> NetworkDriver:
    if peer is None:
        raise BlockedError("there is nobody outside to talk to: --peer ADDRESS names a machine")
    shell = workshop.host.shell
    require_peer(shell, peer)
    told = shell.run("ip route get %s", peer.address).stdout.split()
    device = told[told.index("dev") + 1]
    if shell.run("test -d %s", f"/sys/class/net/{device}/bridge", check=False).returncode != 0:
        raise BlockedError(
            f"Dom0 reaches {peer.address} over {device}, which is no bridge: put {device} under"
            " one, so that a guest reaches it too"
        )
    vnif = Vnif(bridge=device, mac=workshop.next_mac())
    guest = workshop.guest("g0", memory_mib=NETWORK_GUEST_MIB, vbds=[tools.vbd], vnifs=[vnif])
    _equip([guest], tools)
    guest.ask("address", nic=nic_of(guest, vnif.mac), address=peer.guest_address or "dhcp")
    server = Server.of_peer(peer, uplink=uplink_to(shell, peer, device))
    return NetworkDriver(workshop.host, guest, server, setting, path="peer")


def _most_guests(host: Host) -> int:
    each_mib = FIO_GUEST_MIB + XEN_MIB_PER_GUEST
    free_mib = host.free_memory_kib // 1024
    fitting = [count for count in GUESTS if count * each_mib <= free_mib]
    if not fitting:
        raise BlockedError(
            f"two guests need {2 * each_mib} MiB and Xen has {free_mib} MiB free: stop some guests,"
            " or give Dom0 less"
        )
    return fitting[-1]
