"""Faults on purpose, on a real Xen: nothing is lost, nothing is left, and the truth is told."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import pytest

from xenvm.errors import (
    GuestFailedError,
    HostConnectionError,
    NotFoundError,
    OperationTimeoutError,
    OutOfSpaceError,
    ReallocationError,
    ToolstackError,
)
from xenvm.host import Domain, Host
from xenvm.host.probe import ProbeGuest, ProbeImage, deploy
from xenvm.host.probe.guest import probe_config, remove
from xenvm.host.probe.image import DIRECTORY
from xenvm.host.saving import MANAGED_FOLDER
from xenvm.host.storage import Storage
from xenvm.model.kinds import DiskBacking, DiskFormat, DomainState
from xenvm.model.quantities import MacAddress
from xenvm.model.vbd import Vbd
from xenvm.model.vnif import Vnif
from xenvm.qualify.dom0 import Dom0
from xenvm.qualify.snapshot import Thing
from xenvm.waiting import Deadline, wait_until

pytestmark = [pytest.mark.timeout(1800), pytest.mark.thorough]

FOLDER = "/var/lib/xenvm-live"
SAVED = f"{FOLDER}/saved"
MANAGED = f"{MANAGED_FOLDER}/xenvm-live-f0.save"
LESS_KIB = 88 * 1024
STRIKES = {
    "restarted": "systemctl --no-block restart libvirtd",
    "killed": "systemctl kill --signal=KILL libvirtd",
}
RETURN_DEADLINE_S = 90.0

# A hotplug script is run in the middle of what libxl does, which waits for it.
LET_SCRIPTS_STRIKE = """
cd /etc/xen; cp -a scripts scripts.kept; cd scripts
sed -i '2i [ ! -e /run/strike ] || . /run/strike' block vif-bridge
"""
GIVE_BACK_SCRIPTS = "cd /etc/xen; rm -r scripts; mv scripts.kept scripts; rm -f /run/strike"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What is changed.

    Attributes:
        host: The host.
        image: The probe's image.
        guest: One that runs, of 1 vCPU that may have 2; its domain is looked at only.
        boot_id: The boot that it must still be in.
        other: A domain that does not run, with a disk and a VNIF.
        vbd: A disk that nobody has.
        vnif: A VNIF that nobody has.
    """

    host: Host
    image: ProbeImage
    guest: ProbeGuest
    boot_id: str
    other: Domain
    vbd: Vbd
    vnif: Vnif

    @property
    def domain(self) -> Domain:
        return self.guest.domain

    @property
    def mac(self) -> MacAddress:
        assert self.vnif.mac
        return self.vnif.mac

    def define(self) -> Domain:
        return self.host.define(probe_config("xenvm-live-f2", self.image))


def file_vbd(host: Host, target: str, name: str) -> Vbd:
    path = f"{FOLDER}/{name}"
    host.shell.run("mkdir -p %s && truncate -s 16M %s", FOLDER, path)
    return Vbd(target=target, source=path, backing=DiskBacking.FILE)


@pytest.fixture(scope="module")
def stage(host: Host, image: ProbeImage) -> Iterator[Stage]:
    macs = host.devices.allocate_macs(2)
    with contextlib.ExitStack() as undo:
        host.shell.run(LET_SCRIPTS_STRIKE)
        undo.callback(host.shell.run, GIVE_BACK_SCRIPTS)
        undo.callback(host.shell.run, f"rm -rf {FOLDER}")
        config = probe_config("xenvm-live-f0", image, vcpus=1, max_vcpus=2)
        guest = ProbeGuest.start(host, config)
        undo.callback(guest.remove)
        boot_id = guest.wait_until_up().boot_id
        guest.close_console()
        other = host.define(
            probe_config(
                "xenvm-live-f1",
                image,
                vbds=[file_vbd(host, "xvda", "a.img")],
                vnifs=[Vnif(bridge="xenbr0", mac=macs[0])],
            )
        )
        undo.callback(remove, other)
        yield Stage(
            host=host,
            image=image,
            guest=guest,
            boot_id=boot_id,
            other=other,
            vbd=file_vbd(host, "xvdb", "b.img"),
            vnif=Vnif(bridge="xenbr0", mac=macs[1]),
        )


Running = dict[str, tuple[int | None, bool, int, frozenset[str]]]
"""By name: domid, whether it is paused, MiB of memory, its VBDs and the MACs of its VNIFs."""


def told(host: Host) -> tuple[set[str], Running]:
    """Return which domains are defined, and what runs, as xenvm tells it; Dom0 is left out."""
    domains = [d for d in host.list_domains() if d.domid != 0]
    return {d.name for d in domains if d.definition.exists}, {
        d.name: (
            d.domid,
            d.state is DomainState.PAUSED,
            d.memory.now_kib >> 10,
            frozenset({v.target for v in d.vbds} | {str(v.mac) for v in d.vnifs}),
        )
        for d in domains
        if d.is_active
    }


def real(host: Host) -> tuple[set[str], Running]:
    """Return the same, as files, Xen and xenstore tell it."""
    run = host.shell.run
    defined = run("cd /etc/libvirt/libxl; ls *.xml 2>/dev/null || :").stdout.split()
    store = run("xenstore-ls -f /local/domain/0/backend 2>/dev/null || :").stdout
    devices = re.findall(r'/v(?:bd|if)/(\d+)/\d+/(?:dev|mac) = "(.*?)"', store)
    rows = [line.rsplit(maxsplit=5) for line in run("xl list").stdout.splitlines()[2:]]
    return {name.removesuffix(".xml") for name in defined}, {
        name: (
            int(domid),
            "p" in state,
            int(mib),
            frozenset(device for owner, device in devices if owner == domid),
        )
        for name, domid, mib, _, state, _ in rows
    }


def answers(host: Host) -> bool:
    with contextlib.suppress(HostConnectionError, OperationTimeoutError):
        return bool(host.hostname)
    return False


def lives_on(stage: Stage) -> None:
    """Assert that the running guest is in the boot that it was in, and obeys."""
    with stage.domain.open_console(force=True) as console:
        again = ProbeGuest(stage.domain, console)
        assert again.facts(deadline_s=60).boot_id == stage.boot_id


@contextlib.contextmanager
def nothing_left(stage: Stage) -> Iterator[None]:
    before = look(stage)
    yield
    wait_until("the host to be as it was", lambda: look(stage) == before,
               deadline_s=30, every_s=1)  # fmt: skip


def look(stage: Stage) -> set[Thing]:
    """Return what is on the host, whatever the number of the running guest."""
    found = Dom0(stage.host, "lab").look().things
    number = re.compile(rf"\b{stage.domain.domid}\b")
    return {(kind, number.sub("N", name)) for kind, name in found}


def again_and_again(do: Callable[[], object], undo: Callable[[], object]) -> None:
    deadline = Deadline(12)
    while not deadline.passed:
        do()
        undo()


# By the change: when libvirtd is struck, the change, and what undoes it however far it came.
AT_ONCE = "(sleep 2; . /run/strike) </dev/null >/dev/null 2>&1 &"
BY_SCRIPT = ":"
WHEN_SAVING = "(until [ -s %s ]; do sleep 0.1; done; . /run/strike) </dev/null >/dev/null 2>&1 &"
Course = tuple[str, Callable[[Stage], None], Callable[[Stage], None]]


def no_disk(stage: Stage) -> None:
    if any(v.target == stage.vbd.target for v in stage.domain.vbds):
        stage.domain.vbds.detach(stage.vbd.target)


def no_vnif(stage: Stage) -> None:
    if any(v.mac == stage.mac for v in stage.domain.vnifs):
        stage.domain.vnifs.detach(stage.mac)


def forget_the_third(stage: Stage) -> None:
    with contextlib.suppress(NotFoundError):
        stage.host.domain("xenvm-live-f2").undefine()


def stop_the_other(stage: Stage) -> None:
    if stage.other.is_active:
        stage.other.destroy()


def one_vcpu(stage: Stage) -> None:
    stage.domain.vcpus.plug(1)


def all_memory(stage: Stage) -> None:
    stage.domain.memory.set(stage.domain.memory.most_kib)


def go_on(stage: Stage) -> None:
    if not stage.domain.is_active:
        stage.host.restore(SAVED)
    stage.host.shell.run(f"rm -f {SAVED}")


def start_again(stage: Stage) -> None:
    assert stage.domain.saving.has_managed is not stage.domain.is_active
    if not stage.domain.is_active:
        stage.domain.start()


COURSES: Mapping[str, Course] = {
    "define": (
        AT_ONCE,
        lambda s: again_and_again(s.define, lambda: forget_the_third(s)),
        forget_the_third,
    ),
    "start": (BY_SCRIPT, lambda s: s.other.start(), stop_the_other),
    "vbd-in": (BY_SCRIPT, lambda s: s.domain.vbds.attach(s.vbd), no_disk),
    "vbd-out": (BY_SCRIPT, lambda s: s.domain.vbds.detach(s.vbd.target), no_disk),
    "vnif-in": (BY_SCRIPT, lambda s: s.domain.vnifs.attach(s.vnif), no_vnif),
    "vnif-out": (BY_SCRIPT, lambda s: s.domain.vnifs.detach(s.mac), no_vnif),
    "vcpus": (
        AT_ONCE,
        lambda s: again_and_again(lambda: s.domain.vcpus.plug(2), lambda: one_vcpu(s)),
        one_vcpu,
    ),
    "memory": (
        AT_ONCE,
        lambda s: again_and_again(lambda: s.domain.memory.set(LESS_KIB), lambda: all_memory(s)),
        all_memory,
    ),
    "save": (WHEN_SAVING % SAVED, lambda s: s.domain.saving.to_file(SAVED), go_on),
    "managed-save": (WHEN_SAVING % MANAGED, lambda s: s.domain.saving.managed(), start_again),
}
BEFORE: Mapping[str, Callable[[Stage], None]] = {
    "vbd-out": lambda s: s.domain.vbds.attach(s.vbd),
    "vnif-out": lambda s: s.domain.vnifs.attach(s.vnif),
}


@pytest.mark.parametrize("strike", STRIKES)
@pytest.mark.parametrize("change", COURSES)
def test_libvirtd_is_struck_in_the_middle(stage: Stage, change: str, strike: str) -> None:
    when, do, undo = COURSES[change]
    host = stage.host
    wait_until("libvirtd", lambda: answers(host), deadline_s=RETURN_DEADLINE_S)
    with nothing_left(stage):
        if change in BEFORE:
            BEFORE[change](stage)
        script = f"rm /run/strike\n{STRIKES[strike]}\nsleep 3\n"
        host.shell.put_file("/run/strike", script.encode())
        host.shell.run(when)
        with contextlib.suppress(HostConnectionError, ReallocationError):
            do(stage)
        wait_until("libvirtd", lambda: answers(host), deadline_s=RETURN_DEADLINE_S)
        assert host.shell.run("test -e /run/strike", check=False).returncode == 1
        assert told(host) == real(host)
        undo(stage)
        assert told(host) == real(host)
    lives_on(stage)


def test_what_dom0_does_by_itself_needs_no_libvirtd(stage: Stage) -> None:
    host = stage.host
    group = host.devices.storage().list_groups()[0].name
    storage = host.devices.storage(allow=[group])
    with nothing_left(stage):
        host.shell.run("systemctl stop libvirtd libvirtd.socket libvirtd-ro.socket"
                       " libvirtd-admin.socket", deadline_s=60)  # fmt: skip
        try:
            bridge = host.create_bridge("xenvm-live-b", address="198.18.0.1/30")
            storage.create_volume(group, "xenvm-live-v", 16)
        finally:
            host.shell.run("systemctl start libvirtd.socket libvirtd", deadline_s=60)
        assert bridge.state.addresses == ("198.18.0.1/30",)
        assert "xenvm-live-v" in {v.name for v in storage.list_volumes()}
        wait_until("libvirtd", lambda: answers(host), deadline_s=RETURN_DEADLINE_S)
        storage.delete_volume(group, "xenvm-live-v")
        bridge.delete()
    lives_on(stage)


LEFT_MIB = 32


@contextlib.contextmanager
def full_disk(host: Host) -> Iterator[None]:
    """Leave some room on Dom0's root, and no more."""
    ballast = "/var/lib/xenvm-live-ballast"
    try:
        host.shell.run(
            "set -- $(stat -f -c '%%f %%S' /);"
            f" fallocate -l $(($1 * $2 - {LEFT_MIB << 20})) %s", ballast, deadline_s=60
        )  # fmt: skip
        yield
    finally:
        host.shell.run("rm -f %s", ballast)


def test_a_full_disk_takes_no_memory_and_no_guest(stage: Stage) -> None:
    domain, saving = stage.domain, stage.domain.saving
    with full_disk(stage.host), nothing_left(stage):
        deeds: list[Callable[[], None]] = [
            lambda: saving.to_file(SAVED),
            lambda: saving.dump_core(SAVED),
            saving.managed,
        ]
        for do in deeds:
            with pytest.raises(OutOfSpaceError, match=r"has \d+ MiB free"):
                do()
            assert told(stage.host) == real(stage.host)
            assert domain.is_active
        assert not saving.has_managed
        assert stage.host.shell.run(f"ls {SAVED}", check=False).returncode != 0
    lives_on(stage)


FILL_WHEN_SAVING = f"""
(until [ -s {SAVED} ]; do sleep 0.1; done
 set -- $(stat -f -c '%f %S' /); fallocate -l $((($1 - 64) * $2)) {FOLDER}/more
) </dev/null >/dev/null 2>&1 &
"""


def test_a_disk_that_fills_up_takes_no_guest(stage: Stage) -> None:
    with nothing_left(stage):
        stage.host.shell.run(FILL_WHEN_SAVING)
        with pytest.raises(ToolstackError):
            stage.domain.saving.to_file(SAVED)
        stage.host.shell.run(f"rm {FOLDER}/more")
        assert told(stage.host) == real(stage.host)
        assert stage.host.shell.run(f"ls {SAVED}", check=False).returncode != 0
    lives_on(stage)


def test_a_full_disk_takes_no_image_and_no_probe(stage: Stage) -> None:
    host = stage.host
    storage: Storage = host.devices.storage(allow=[FOLDER])
    images = storage.list_images(FOLDER)
    place = deploy(host.shell).initrd.rpartition("/")[0]
    kept = f"{FOLDER}/probe"
    host.shell.run("mv %s %s", place, kept)
    try:
        with full_disk(host):
            for layout in (DiskFormat.RAW, DiskFormat.QCOW2):
                with pytest.raises(OutOfSpaceError, match="no room"):
                    storage.create_image(f"{FOLDER}/c.img", 2 * LEFT_MIB, layout=layout)
            assert storage.list_images(FOLDER) == images
            # A kernel that lies unpacked in Dom0 takes no room again, and an initramfs little.
            host.shell.run(f"cat /dev/zero >{FOLDER}/more 2>/dev/null || :", deadline_s=60)
            with pytest.raises(OutOfSpaceError, match=DIRECTORY):
                deploy(host.shell)
            assert host.shell.run("ls %s", DIRECTORY).stdout == ""
    finally:
        host.shell.run(f"rm -f {FOLDER}/more; mv %s %s", kept, place)
    lives_on(stage)


@pytest.fixture
def group(host: Host) -> str:
    return host.devices.storage().list_groups()[0].name


@pytest.fixture
def volume(stage: Stage, host: Host, group: str) -> Iterator[Vbd]:
    storage = host.devices.storage(allow=[group])
    with nothing_left(stage):
        made = storage.create_volume(group, "xenvm-live-v", 16)
        yield Vbd(target="xvdc", source=made.path)
        host.shell.run("lvremove -qq -y %s 2>/dev/null || :", f"{group}/xenvm-live-v")


def test_a_volume_vanishes_from_under_a_definition(stage: Stage, group: str, volume: Vbd) -> None:
    host, other = stage.host, stage.other
    other.vbds.attach(volume)
    host.shell.run("lvremove -qq -y %s", f"{group}/xenvm-live-v")
    with pytest.raises(NotFoundError, match=rf"has no {volume.source}: make it first"):
        other.start()
    assert other.state is DomainState.SHUT_OFF
    assert told(host) == real(host)
    other.vbds.detach(volume.target)
    lives_on(stage)


def test_a_volume_vanishes_from_under_a_guest(stage: Stage, group: str, volume: Vbd) -> None:
    host, domain = stage.host, stage.domain
    domain.vbds.attach(volume)
    domain.vbds.wait_until_connected(volume.target)
    host.shell.run("dmsetup wipe_table --force $(readlink -f %s)", str(volume.source))
    with domain.open_console(force=True) as console:
        guest = ProbeGuest(domain, console)
        with pytest.raises(GuestFailedError, match="write did not work"):
            guest.ask("write", device=volume.target, seed="gone", kib=64)
    assert told(host) == real(host)
    domain.vbds.detach(volume.target)
    storage = host.devices.storage(allow=[group])
    storage.delete_volume(group, "xenvm-live-v")
    assert "xenvm-live-v" not in {v.name for v in storage.list_volumes()}
    lives_on(stage)
