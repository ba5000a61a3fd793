"""A guest that goes wrong harms no other: section 5.1 of the white paper."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest

from xenvm.errors import BlockedError, GuestError
from xenvm.model.inventory import Inventory
from xenvm.model.kinds import DiskBacking
from xenvm.model.profile import Profile
from xenvm.model.vbd import Vbd
from xenvm.model.verdict import Evidence
from xenvm.qualify.checking import Check
from xenvm.qualify.dom0 import Dom0
from xenvm.qualify.journal import Ledger
from xenvm.qualify.neighbours import Neighbours, Sight, allowed_s, nic_of
from xenvm.qualify.snapshot import Snapshot, compare
from xenvm.qualify.workshop import Workshop
from xenvm.spec.limits import number_of
from xenvm.waiting import Deadline

FAULT_S = 10.0
STRIKE_DEADLINE_S = 60.0
"""On an emulated host libxl takes longer than ``FAULT_S`` to clear a guest away that crashed."""
FLOOD_S = 600
"""Longer than it is watched: it is the destruction of its guest that ends a flood."""
DISK_MIB = 64
SIGNS = """
xl list %s 2>/dev/null | awk 'NR == 2 {cpu_s = $NF} END {print cpu_s + 0}'
cat /sys/class/net/vif%s.0/statistics/rx_packets 2>/dev/null || echo 0
stat -c %%b %s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """What a guest does, as seen from outside.

    Attributes:
        runs: Whether it is more than a definition.
        beats: Heartbeats so far.
        cpu_s: CPU time that it took.
        packets: Packets that it sent.
        blocks: Blocks of 512 bytes that its sparse disk image takes in Dom0.
        kills: How often its OOM killer struck.
        at_s: When that was, by a clock of ours.
    """

    runs: bool
    beats: int
    cpu_s: float
    packets: int
    blocks: int
    kills: int
    at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What goes wrong in a guest.

    Attributes:
        verb: What the probe is told.
        took: Whether it went wrong indeed, by the signs before and after ``FAULT_S`` or more.
    """

    verb: str
    took: Callable[[Signs, Signs], bool]


def spins(before: Signs, after: Signs) -> bool:
    """Return whether it took CPU time, though less than a third of a CPU may be left for it."""
    return after.runs and after.cpu_s - before.cpu_s > FAULT_S / 4


def falls_silent(before: Signs, after: Signs) -> bool:
    """Return whether most beats of its heart, one a second, did not come."""
    return after.beats - before.beats < (after.at_s - before.at_s) / 3


FAULTS: Mapping[str, Fault] = {
    "packet flood": Fault(
        verb="packet_flood", took=lambda before, after: after.packets - before.packets > 1000
    ),
    "disk flood": Fault(
        verb="disk_flood", took=lambda before, after: after.blocks - before.blocks > 4096
    ),
    "memory hog": Fault(verb="hog_memory", took=lambda before, after: after.kills > before.kills),
    "fork bomb": Fault(verb="fork_bomb", took=spins),
    "crash": Fault(verb="crash", took=lambda _, after: not after.runs),
    "hang": Fault(
        verb="hang",
        took=lambda before, after: spins(before, after) and falls_silent(before, after),
    ),
}


class Victim:
    """A guest with a disk and a VNIF beside the neighbours, in which something goes wrong."""

    def __init__(self, workshop: Workshop, neighbours: Neighbours, image: str):
        self._workshop = workshop
        self._image = image
        vnif = neighbours.vnif()
        disk = Vbd(target="xvda", source=image, backing=DiskBacking.FILE)
        self.guest = workshop.guest("v0", vnifs=[vnif], vbds=[disk])
        self.guest.wait_until_up()
        self._values: dict[str, dict[str, str | int]] = {
            "packet_flood": {
                "nic": nic_of(self.guest, vnif.mac),
                "address": neighbours.address(3),
                "peer": neighbours.address(1).partition("/")[0],
                "seconds": FLOOD_S,
            },
            "disk_flood": {"device": "xvda", "seconds": FLOOD_S},
        }
        self._domid = str(self.guest.domain.domid)

    def signs(self) -> Signs:
        self.guest.listen()
        shell = self._workshop.host.shell
        said = shell.run(SIGNS, self.guest.name, self._domid, self._image).stdout.split()
        return Signs(
            runs=self.guest.domain.is_active,
            beats=len(self.guest.beats),
            cpu_s=float(said[0]),
            packets=int(said[1]),
            blocks=int(said[2]),
            kills=self.guest.transcript.count("Out of memory"),
            at_s=time.monotonic(),
        )

    def suffer(self, fault: Fault) -> None:
        self.guest.answer(self.guest.send(fault.verb, **self._values.get(fault.verb, {})))

    def remove(self) -> None:
        self._workshop.remove_guest(self.guest)


class Ward:
    """Neighbours, and one victim after the other beside them."""

    def __init__(self, workshop: Workshop):
        self._workshop = workshop
        self._dom0 = Dom0(workshop.host, str(workshop.host.uri))
        self._neighbours = Neighbours(workshop)
        self._image = workshop.image_file("v0.img", DISK_MIB)
        self._clean: Snapshot = self._dom0.look()

    def unharmed(self) -> Sight:
        """Return how the neighbours and Dom0 fare beside a guest that does nothing."""
        victim = Victim(self._workshop, self._neighbours, self._image)
        watch = self._neighbours.watch()
        deadline = Deadline(FAULT_S)
        while not deadline.passed:
            watch.look()
        victim.remove()
        return watch.end()

    def beside(self, name: str) -> tuple[Sight, str]:
        """Let a fault strike, and end its victim.

        Returns:
            How the neighbours and Dom0 fared from before it until after the victim's end, and what
            is left of the victim in Dom0.

        Raises:
            GuestError: The fault did not strike, so nothing was shown.
        """
        victim = Victim(self._workshop, self._neighbours, self._image)
        watch, before = self._neighbours.watch(), victim.signs()
        victim.suffer(FAULTS[name])
        deadline, at_last = Deadline(FAULT_S), Deadline(STRIKE_DEADLINE_S)
        while not deadline.passed:
            watch.look()
        after = victim.signs()
        while not (took := FAULTS[name].took(before, after)) and not at_last.passed:
            watch.look()
            after = victim.signs()
        victim.remove()
        sight = watch.end()
        if not took:
            raise GuestError(f"the {name} did not strike: {before}, then {after}")
        return sight, compare(self._clean, self._dom0.look()).text


@pytest.mark.timeout(1800)
@pytest.mark.requirement("WP-5.1-04")
def test_guests_that_go_wrong(
    inventory: Inventory, profile: Profile, journal: Ledger, check: Check, workshop: Workshop
) -> None:
    """Let guests crash, hang and run wild; their neighbours and Dom0 go on, and nothing is left."""
    workshop.require_memory(3)
    gap_limit_s = number_of(profile, "gap_at_fault_max_s")
    answer_limit_s = number_of(profile, "dom0_answer_max_s")
    journal.progress(0.0, "starting the neighbours")
    ward = Ward(workshop)
    journal.progress(0.1, "watching them beside a quiet guest")
    unharmed = ward.unharmed()
    if unharmed.lost or unharmed.gap_s > gap_limit_s or unharmed.answer_s > answer_limit_s:
        raise BlockedError(f"the host is too busy to tell: without any fault, {unharmed.text}")
    gap_s = allowed_s(gap_limit_s, unharmed.gap_s, inventory.evidence)
    answer_s = allowed_s(answer_limit_s, unharmed.answer_s, inventory.evidence)
    evidence = [Evidence(command="the neighbours beside a quiet guest", output=unharmed.text)]
    withstood, worst_s = [], 0.0
    for number, name in enumerate(FAULTS, 2):
        journal.progress(number / (len(FAULTS) + 2), name)
        sight, left = ward.beside(name)
        worst_s = max(worst_s, sight.gap_s)
        said = f"{sight.text}; left in Dom0: {left or 'nothing'}"
        evidence.append(Evidence(command=f"the neighbours beside a guest: {name}", output=said))
        unharmed_now = not sight.lost and sight.gap_s <= gap_s and sight.answer_s <= answer_s
        withstood += [name] if unharmed_now and not left else []
    check(
        observed=", ".join(withstood),
        expected=", ".join(FAULTS),
        unit="faults withstood",
        source=profile.limits["gap_at_fault_max_s"].source,
        detail=f"largest gap {worst_s:.2f} s, {unharmed.gap_s:.2f} s without a fault; allowed"
        f" {gap_s:.2f} s, and {answer_s:.2f} s for xl list ({inventory.evidence})",
        evidence=evidence,
    )
