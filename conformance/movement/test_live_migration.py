"""A guest moves while it runs, and neither it nor its client notices: section 6.3."""

from __future__ import annotations

import secrets

import pytest

from xenvm.host.probe import ProbeGuest
from xenvm.host.probe.protocol import pattern_sha256
from xenvm.model.inventory import Inventory
from xenvm.model.kinds import GuestType
from xenvm.model.movement import Activity, Move, MoveOptions
from xenvm.model.profile import Profile
from xenvm.model.vbd import Vbd
from xenvm.model.verdict import Evidence, EvidenceClass
from xenvm.model.vnif import Vnif
from xenvm.qualify.checking import Check
from xenvm.qualify.crossing import Crossing, Watch
from xenvm.qualify.journal import Ledger
from xenvm.spec.limits import number_of
from xenvm.waiting import Deadline, pause

MEMORY_KIB = 1024
DISK_KIB = 128
PORT = 5001
MOVER, LISTENER = 11, 12
HEARD_DEADLINE_S = 60.0
"""For lines to come again: TCP waits as long again as the guest was away."""


class Journey:
    """A guest that carries marks in its memory and on its disk, and talks to another all along."""

    def __init__(self, crossing: Crossing, kind: GuestType, disk: str | None):
        self._crossing = crossing
        self._seed = secrets.token_hex(6)
        mac = crossing.here.next_mac()
        vbds = [Vbd(target="xvda", source=disk)] if disk else []
        self.guest = crossing.here.guest(
            "m", guest_type=kind, vnifs=[Vnif(mac=mac, bridge=crossing.bridge)], vbds=vbds
        )
        self.kind, self.disk = kind, disk
        self.listener = listening(crossing)
        hello = self.guest.wait_until_up()
        self.boot_id, self._nic = hello.boot_id, hello.nic(str(mac)).name

    def set_out(self) -> None:
        self.guest.ask("remember", seed=self._seed, kib=MEMORY_KIB)
        if self.disk:
            self.guest.ask("write", device="xvda", seed=self._seed, kib=DISK_KIB)
        self.guest.ask(
            "stream", nic=self._nic, address=self._crossing.address(MOVER), port=PORT,
            peer=self._crossing.address(LISTENER).partition("/")[0],
        )  # fmt: skip

    def go(self) -> Move:
        options = MoveOptions(uri=self._crossing.uri)
        self.guest, move = self._crossing.go(self.guest, options)
        return move

    def losses(self) -> list[str]:
        """Return what did not survive the move, in words; empty when all did."""
        kept = {
            "its boot id": self.guest.facts().boot_id == self.boot_id,
            "its memory": self.guest.ask("recall").fields["sha256"]
            == pattern_sha256(self._seed, MEMORY_KIB),
        }
        if self.disk:
            said = self.guest.ask("read", device="xvda", kib=DISK_KIB).fields["sha256"]
            kept["its disk"] = said == pattern_sha256(self._seed, DISK_KIB)
        kept["its voice on its TCP connection"] = self.is_heard()
        stream = self.guest.ask("stream_status").fields
        heard = self.listener.ask("heard").fields
        kept["its TCP connection"] = stream["connected"] is True and stream["errors"] == 0
        kept["what it said on it"] = heard["wrong"] == 0 and int(str(heard["lines"])) > 0
        self.evidence = Evidence(command="stream_status; heard", output=f"{stream}\n{heard}")
        return [what for what, whole in kept.items() if not whole]

    def is_heard(self) -> bool:
        """Return whether lines still come; those from before the move prove nothing."""
        before = self.listener.ask("heard").number("lines")
        deadline = Deadline(HEARD_DEADLINE_S)
        while not deadline.passed:
            if self.listener.ask("heard").number("lines") > before:
                return True
            pause(1.0)
        return False


@pytest.fixture
def journey(crossing: Crossing, movable: GuestType, allow_list: frozenset[str]) -> Journey:
    """A guest that is ready to move."""
    return Journey(crossing, movable, crossing.shared_disk(allow_list))


def listening(crossing: Crossing) -> ProbeGuest:
    mac = crossing.there.next_mac()
    guest = crossing.there.guest("l", vnifs=[Vnif(mac=mac, bridge=crossing.bridge)])
    nic = guest.wait_until_up().nic(str(mac)).name
    guest.ask("listen", nic=nic, address=crossing.address(LISTENER), port=PORT)
    return guest


def judge_downtime(watch: Watch, inventory: Inventory, profile: Profile) -> tuple[bool, str]:
    """Return whether the client's longest wait is short enough, where speed counts; and words."""
    limit_ms = number_of(profile, "migration_downtime_max_ms")
    said = f"its client waited {watch.gap_s * 1000:.0f} ms at most ({limit_ms} ms is recommended)"
    if inventory.evidence is not EvidenceClass.HARDWARE:
        return True, f"{said}; an emulated host's speed is not judged"
    return watch.gap_s * 1000 <= limit_ms, said


@pytest.mark.timeout(900)
@pytest.mark.requirement("WP-6.3-01")
def test_a_running_guest_moves_and_keeps_everything(
    crossing: Crossing,
    journey: Journey,
    inventory: Inventory,
    profile: Profile,
    journal: Ledger,
    check: Check,
) -> None:
    """Move a guest that runs: its boot, memory, disk and TCP connection survive; time the gap."""
    journey.set_out()
    watched = crossing.watch(MOVER)
    journal.progress(0.5, "moving it")
    move = journey.go()
    losses = journey.losses()
    watch = crossing.end_watch(watched)
    quick, said = judge_downtime(watch, inventory, profile)
    check(
        observed="nothing lost" if not losses else f"lost: {', '.join(losses)}",
        expected="nothing lost",
        passed=not losses
        and quick
        and watch.is_answered
        and move.source.activity is Activity.ABSENT,
        source=profile.limits["migration_downtime_max_ms"].source,
        detail=f"a {journey.kind.upper()} guest moved in {move.elapsed_s:.1f} s; {said}, and is"
        f" {'answered' if watch.is_answered else 'not answered'} now;"
        f" {move.source}; {move.destination};"
        f" {journey.disk or 'no disk that both hosts share was allowed'}",
        evidence=[
            journey.evidence,
            Evidence(command="ping -D -i 0.1, at the destination", output=watch.output),
        ],
    )
