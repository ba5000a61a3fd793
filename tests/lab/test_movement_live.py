"""Two lab hosts: a guest moves between them, and whatever fails on the way, one copy is left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from xenvm import lab as xenvm_lab
from xenvm.errors import MoveError, MovePrerequisiteError
from xenvm.host import Host, connect
from xenvm.host.probe import ProbeGuest, deploy
from xenvm.host.probe.guest import probe_config, remove
from xenvm.host.probe.protocol import pattern_sha256
from xenvm.lab import Lab, Release
from xenvm.lab.link import BRIDGE, SHARED_DEVICE
from xenvm.model.kinds import GuestType
from xenvm.model.movement import Activity, Manner, Move, MoveOptions, MoveProgress
from xenvm.model.quantities import MacAddress
from xenvm.model.vbd import Vbd
from xenvm.model.vnif import Vnif
from xenvm.movement import migrate, moving
from xenvm.movement.course import silent

pytestmark = [pytest.mark.timeout(1200), pytest.mark.thorough]

NAME = "xenvm-test-mover"
SEED, KIB = "over-there", 1024
MOVING = "moving its memory"


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """One host of the pair."""

    lab: Lab
    host: Host

    def dom0(self, command: str) -> str:
        return self.lab.ssh.run(command, deadline_s=60, check=False).stdout

    def domains(self) -> tuple[str, str]:
        """Return our guest as ``xl`` and as ``virsh`` see it, asked apart from xenvm."""
        return (
            self.dom0(f"xl list | awk '$1 == \"{NAME}\" {{print $1}}'").strip(),
            self.dom0(f"virsh -c xen:///system -q list --all --name | grep {NAME}").strip(),
        )

    def leftovers(self) -> str:
        return self.dom0("pgrep -f '^[^ ]*libxl-save-helper'; ls /var/lib/xenvm/moves 2>/dev/null")


@pytest.fixture(scope="module")
def ends(release: Release) -> Iterator[tuple[End, End]]:
    labs = xenvm_lab.up_pair("pair", release=release)
    with connect(labs[0].uri) as one, connect(labs[1].uri) as other:
        deploy(other.shell)
        yield End(lab=labs[0], host=one), End(lab=labs[1], host=other)
    xenvm_lab.down("pair")


@pytest.fixture
def guest(ends: tuple[End, End]) -> Iterator[str]:
    """A guest on the first host, with marks in its memory and on the disk that both share."""
    here, there = ends
    config = probe_config(
        NAME, deploy(here.host.shell), guest_type=GuestType.PVH,
        vnifs=[Vnif(mac=MacAddress.xen(1), bridge=BRIDGE)],
        vbds=[Vbd(target="xvda", source=SHARED_DEVICE)],
    )  # fmt: skip
    probe = ProbeGuest.start(here.host, config)
    try:
        boot_id = probe.wait_until_up().boot_id
        probe.ask("remember", seed=SEED, kib=KIB)
        probe.ask("write", device="xvda", seed=SEED, kib=KIB)
        probe.close_console()
        yield boot_id
    finally:
        for end in (here, there):
            for domain in end.host.list_domains():
                if domain.name == NAME:
                    remove(domain)


def move(ends: tuple[End, End], report: Callable[[MoveProgress], None] | None = None,
         **options: object) -> Move:  # fmt: skip
    here, there = ends
    uri = f"tcp://{there.lab.link.address}" if there.lab.link else None
    wish = MoveOptions(uri=uri, **options)  # type: ignore[arg-type]
    return migrate(
        NAME, source=here.host, destination=there.host, options=wish, report=report or silent
    )


def at(elapsed_s: float, deed: Callable[[], object]) -> Callable[[MoveProgress], None]:
    """Return a report that does a deed once, when memory has been moving for a while."""
    first: list[float] = []
    done: list[object] = []

    def report(progress: MoveProgress) -> None:
        if progress.doing == MOVING:
            first.append(progress.elapsed_s)
            if not done and progress.elapsed_s - first[0] >= elapsed_s:
                done.append(deed())

    return report


def assert_whole(end: End, boot_id: str) -> None:
    domain = end.host.domain(NAME)
    probe = ProbeGuest(domain, domain.open_console(force=True))
    try:
        assert probe.facts().boot_id == boot_id
        assert probe.ask("recall").fields["sha256"] == pattern_sha256(SEED, KIB)
        said = probe.ask("read", device="xvda", kib=KIB).fields["sha256"]
        assert said == pattern_sha256(SEED, KIB)
    finally:
        probe.close_console()


def assert_only_at(end: End, other: End) -> None:
    assert end.domains() == (NAME, NAME)
    assert other.domains() == ("", "")
    assert [end.leftovers(), other.leftovers()] == ["", ""]


def test_a_guest_moves_live_and_back_as_a_file(ends: tuple[End, End], guest: str) -> None:
    here, there = ends
    done = move(ends)
    assert (done.source.activity, done.destination.activity) == (Activity.ABSENT, Activity.RUNNING)
    assert_only_at(there, here)
    assert_whole(there, guest)
    move((there, here), manner=Manner.SAVED)
    assert_only_at(here, there)
    assert_whole(here, guest)


def cut(there: End) -> Callable[[], object]:
    return lambda: there.dom0(f"ip link set dev eth{there.lab.shape.nics} down")


def restart(end: End) -> Callable[[], object]:
    return lambda: end.dom0("systemctl restart libvirtd")


def test_a_move_that_fails_leaves_the_guest_where_it_was(
    ends: tuple[End, End], guest: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = ends
    faults = {
        "its deadline passes": (at(600, lambda: None), 6.0),
        "the link is cut": (at(1.0, cut(there)), 20.0),
        "libvirtd restarts at the source": (at(1.0, restart(here)), 120.0),
        "libvirtd restarts at the destination": (at(1.0, restart(there)), 120.0),
    }
    for fault, (report, deadline_s) in faults.items():
        with pytest.raises(MoveError, match="did not move to") as caught:
            move(ends, report, deadline_s=deadline_s)
        there.dom0(f"ip link set dev eth{there.lab.shape.nics} up")
        assert len(caught.value.standing) == 2, fault
        assert_only_at(here, there)
        assert_whole(here, guest)
    with monkeypatch.context() as patch:
        # The memory that was free when it was looked at is gone when it is wanted.
        patch.setattr(moving, "lacks", lambda *_: [])
        free_mib = there.host.free_memory_kib // 1024
        kernel = deploy(there.host.shell).kernel
        config = f"name='big'\\ntype='pv'\\nkernel='{kernel}'\\nmemory={free_mib - 60}\\n"
        there.dom0(f'printf "{config}" >/run/big.cfg; xl create -q -p /run/big.cfg')
        try:
            with pytest.raises(MoveError, match="did not move to"):
                move(ends)
        finally:
            there.dom0("xl destroy big; rm /run/big.cfg")
    assert_only_at(here, there)
    assert_whole(here, guest)


@pytest.mark.usefixtures("guest")
def test_all_that_a_destination_lacks_is_told_and_nothing_changes(
    ends: tuple[End, End],
) -> None:
    here, there = ends
    there.dom0(f"ip link set dev {BRIDGE} down; ip link set dev {BRIDGE} name away")
    try:
        with pytest.raises(MovePrerequisiteError) as caught:
            migrate(NAME, source=here.host, destination=there.host, options=MoveOptions())
    finally:
        there.dom0(f"ip link set dev away name {BRIDGE}; ip link set dev {BRIDGE} up")
    assert [what for what, _ in caught.value.missing] == [f"lab-pair-2 has no bridge {BRIDGE}"]
    with pytest.raises(MovePrerequisiteError, match="both are the host"):
        migrate(NAME, source=here.host, destination=here.host)
    assert_only_at(here, there)


@pytest.mark.usefixtures("guest")
def test_a_guest_that_is_killed_on_its_way_runs_nowhere_and_leaves_nothing(
    ends: tuple[End, End],
) -> None:
    here, there = ends
    with pytest.raises(MoveError, match="runs nowhere"):
        move(ends, at(1.0, lambda: here.dom0(f"xl destroy {NAME}")))
    assert here.domains() == ("", NAME)
    assert there.domains() == ("", "")
    assert [here.leftovers(), there.leftovers()] == ["", ""]


def test_down_takes_both_labs_of_a_pair(release: Release) -> None:
    labs = xenvm_lab.up_pair("pair", release=release)
    assert xenvm_lab.down(labs[1].name)
    assert [name for name, _ in xenvm_lab.list_labs() if name.startswith("pair")] == []
