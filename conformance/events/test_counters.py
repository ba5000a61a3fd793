"""What is used is counted: section 3.2."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from xenvm.errors import BlockedError
from xenvm.host.probe import ProbeGuest
from xenvm.host.probe.protocol import Reply
from xenvm.model.kinds import DiskBacking, DiskDriver
from xenvm.model.profile import Profile
from xenvm.model.statistics import DomainCounters
from xenvm.model.vbd import Vbd
from xenvm.model.verdict import Evidence
from xenvm.model.vnif import Vnif
from xenvm.qualify.checking import Check
from xenvm.qualify.workshop import Workshop, link_addresses, targets
from xenvm.spec.limits import number_of
from xenvm.waiting import pause

SPIN_S = 12
DISK_DEADLINE_S = 180.0
WRITTEN_KIB = 8 * 1024
MEMORY_MIB, LESS_MIB = 128, 96
PINGS, PING_BYTES = 100, 1400
FRAME_BYTES = PING_BYTES + 8 + 20 + 14
"""With the headers of ICMP, IP and Ethernet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What moved: as the host counted it, and as the guest did."""

    what: str
    host: float
    guest: float

    @property
    def off_percent(self) -> float:
        return 100 * abs(self.host - self.guest) / self.guest if self.guest else 100.0

    def __str__(self) -> str:
        return f"{self.what}: host {self.host:g}, guest {self.guest:g}, {self.off_percent:.1f} %"


class Watched:
    """A guest whose counters are read."""

    def __init__(self, workshop: Workshop):
        self._host = workshop.host
        (bridge,) = workshop.bridges(["b"], [link_addresses(0)[0]])
        path = workshop.image_file("d.img", 64)
        self._mac = workshop.next_mac()
        self.guest: ProbeGuest = workshop.guest(
            "n",
            memory_mib=MEMORY_MIB,
            vnifs=[Vnif(bridge=bridge, mac=self._mac)],
            vbds=[
                Vbd(
                    backing=DiskBacking.BLOCK,
                    source=workshop.loop_device(path),
                    target="xvda",
                    driver=DiskDriver.PHY,
                )
            ],
        )
        self.guest.wait_until_up()
        self.guest.ask("ping", targets=targets(self.guest, {self._mac: 0}))

    def counters(self) -> DomainCounters:
        counted = self._host.watch.sample().of(self.guest.domain.uuid)
        if counted is None:
            raise BlockedError(f"{self.guest.name} ended: see its console")
        return counted

    def cpu(self) -> Moved:
        self.guest.ask("spin", cpus=1, seconds=SPIN_S + 60)
        pause(2)
        before, inside = self.counters(), self._busy_s()
        pause(SPIN_S)
        after, then = self.counters(), self._busy_s()
        self.guest.ask("rest")
        return Moved(
            what="CPU seconds", host=after.cpu.time_s - before.cpu.time_s, guest=then - inside
        )

    def _busy_s(self) -> float:
        return float(str(self.guest.ask("cpu_time").fields["busy_s"]))

    def memory(self) -> Moved:
        before, inside = self.counters(), self.guest.facts()
        self.guest.domain.memory.set(LESS_MIB * 1024)
        after, then = self.counters(), self.guest.facts()
        return Moved(
            what="KiB of memory given back",
            host=before.memory.now_kib - after.memory.now_kib,
            guest=inside.memory_kib - then.memory_kib,
        )

    def _disk(self, verb: str, **values: str) -> Reply:
        return self.guest.ask(
            verb, deadline_s=DISK_DEADLINE_S, device="xvda", kib=WRITTEN_KIB, at_kib=0, **values
        )

    def writes(self) -> Moved:
        before = self.counters().vbds[0]
        reply = self._disk("write", seed="counted")
        after = self.counters().vbds[0]
        return Moved(
            what="bytes written",
            host=after.write_bytes - before.write_bytes,
            guest=1024 * int(str(reply.fields["written_kib"])),
        )

    def reads(self) -> Moved:
        before = self.counters().vbds[0]
        self._disk("read")
        after = self.counters().vbds[0]
        return Moved(
            what="bytes read",
            host=after.read_bytes - before.read_bytes,
            guest=1024 * WRITTEN_KIB,
        )

    def network(self) -> list[Moved]:
        """Let Dom0 ping the guest: what it answers, it has received and sent."""
        address = link_addresses(0)[1].partition("/")[0]
        before = self.counters().vnifs[0]
        said = self._host.shell.run(
            f"ping -q -c {PINGS} -i 0.2 -s {PING_BYTES} %s", address, deadline_s=120
        ).stdout
        after = self.counters().vnifs[0]
        answered = int(said.split(" received")[0].split()[-1])
        return [
            Moved(
                what=f"bytes {way}",
                host=getattr(after, f"{way}_bytes") - getattr(before, f"{way}_bytes"),
                guest=answered * FRAME_BYTES,
            )
            for way in ("received", "sent")
        ]


@pytest.mark.timeout(900)
@pytest.mark.requirement("WP-3.2-03")
def test_counters_move_with_load_and_agree_with_the_guest(
    profile: Profile, check: Check, workshop: Workshop
) -> None:
    """Load CPU, memory, disk and network of a guest; the host counts what the guest does."""
    watched = Watched(workshop)
    moved = [watched.writes(), watched.reads(), *watched.network(), watched.cpu(), watched.memory()]
    limit = profile.limits["counter_tolerance_percent"]
    most = number_of(profile, "counter_tolerance_percent")
    worst = max(moved, key=lambda one: one.off_percent)
    check(
        observed=round(worst.off_percent, 1),
        expected=most,
        passed=worst.off_percent <= most,
        unit="percent",
        source=limit.source,
        detail=f"the worst is {worst}",
        evidence=[
            Evidence(
                command="xentop -b -i 2 -f, before and after each load",
                output="\n".join(map(str, moved)),
            )
        ],
    )
