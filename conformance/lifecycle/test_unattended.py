"""A program starts, changes and stops guests: sections 3.1 and 3.2."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from xenvm.host.probe import ProbeGuest
from xenvm.host.probe.guest import probe_config
from xenvm.model.kinds import DomainState
from xenvm.model.lifecycle import Ending
from xenvm.model.verdict import Evidence
from xenvm.qualify.checking import Check, held_against_host
from xenvm.qualify.workshop import Workshop
from xenvm.waiting import wait_until

OFF_DEADLINE_S = 120.0
SEEN_DEADLINE_S = 60.0
LESS_MIB = 88
RUNS = {DomainState.RUNNING, DomainState.BLOCKED}

Change = tuple[str, Callable[[], None], Callable[[], bool]]


def changes(guest: ProbeGuest) -> Iterator[Change]:
    """Yield what is changed, the one call that does it, and whether it was seen."""
    vcpus, memory = guest.domain.vcpus, guest.domain.memory
    yield "weight", lambda: vcpus.set_weight(512), lambda: vcpus.scheduling.weight == 512
    yield "cap", lambda: vcpus.set_cap(80), lambda: vcpus.scheduling.cap_percent == 80
    yield "vCPUs", lambda: vcpus.plug(2), lambda: guest.facts().vcpus == 2
    before_kib = guest.facts().memory_kib
    yield (
        "memory",
        lambda: memory.set(LESS_MIB * 1024),
        lambda: guest.facts().memory_kib < before_kib,
    )


@pytest.mark.timeout(600)
@pytest.mark.requirement("WP-3.1-03")
def test_a_change_is_one_call(check: Check, workshop: Workshop) -> None:
    """Change weight, cap, vCPUs and memory of a running guest with one call each; no reboot."""
    guest = workshop.guest("u", vcpus=1, max_vcpus=2)
    boot_id = guest.wait_until_up().boot_id
    seen = []
    with held_against_host():
        for name, change, is_seen in changes(guest):
            change()
            wait_until(f"{name} to be seen", is_seen, deadline_s=SEEN_DEADLINE_S, every_s=0.5)
            seen.append(name)
        rebooted = guest.facts().boot_id != boot_id
    check(
        observed=0 if rebooted else len(seen),
        expected=4,
        unit="changes",
        detail=f"{', '.join(seen)}: one call each; the guest "
        + ("rebooted" if rebooted else "did not reboot"),
        evidence=[
            Evidence(
                command="xl vcpu-list; xl list",
                output=workshop.host.shell.run("xl vcpu-list %s; xl list", guest.name).stdout,
            )
        ],
    )


class Life:
    """Steps through a domain's life, and the state that the host told after each."""

    def __init__(self, workshop: Workshop):
        config = probe_config(workshop.name("w"), workshop.image)
        self.domain = workshop.definition(config)
        self.told: list[tuple[str, str, str]] = []

    def step(self, name: str, do: Callable[[], object], *expected: DomainState | Ending) -> None:
        """Do it; the state, or where that is asked for the ending, must be one of these."""
        with held_against_host():
            do()
        ask = self.ending if isinstance(expected[0], Ending) else self.state
        found = ask()
        self.told.append((name, str(found), "" if found in expected else f"not {expected[0]}"))

    def state(self) -> DomainState:
        return self.domain.state

    def ending(self) -> Ending | None:
        return self.domain.ending

    def boot(self) -> None:
        """Start it, and wait until it can take part in its own saving and ending."""
        self.domain.start(paused=True)
        with self.domain.open_console(force=True) as console:
            self.domain.unpause()
            ProbeGuest(self.domain, console).wait_until_up()

    def reboot(self) -> None:
        before = self.domain.domid
        self.domain.reboot()
        wait_until(
            "the guest to reboot",
            lambda: self.domain.domid not in {before, None},
            deadline_s=OFF_DEADLINE_S,
            every_s=1.0,
        )

    def shut_down(self) -> None:
        self.domain.shutdown()
        self.domain.wait_until_off(deadline_s=OFF_DEADLINE_S)


@pytest.mark.timeout(900)
@pytest.mark.requirement("WP-3.2-01")
def test_a_program_starts_changes_and_stops_a_guest(check: Check, workshop: Workshop) -> None:
    """Take a guest through its whole life without a terminal; the host tells every state."""
    workshop.require_memory(1)
    life = Life(workshop)
    domain = life.domain
    life.step("boot", life.boot, *RUNS)
    life.step("pause", domain.pause, DomainState.PAUSED)
    life.step("unpause", domain.unpause, *RUNS)
    life.step("set weight", lambda: domain.vcpus.set_weight(512), *RUNS)
    life.step("managed save", domain.saving.managed, Ending.SAVED)
    life.step("start from it", domain.start, *RUNS)
    life.step("shut down", life.shut_down, Ending.SHUT_DOWN)
    life.step("boot again", life.boot, *RUNS)
    life.step("reboot", life.reboot, *RUNS)
    life.step("destroy", domain.destroy, Ending.DESTROYED)
    wrong = [step for step in life.told if step[2]]
    check(
        observed=len(life.told) - len(wrong),
        expected=len(life.told),
        unit="states",
        detail="each state was told as it is" if not wrong else f"told wrongly: {wrong}",
        evidence=[
            Evidence(
                command="virsh domstate --reason, after each step",
                output="\n".join(f"{name}: {told} {wrong}" for name, told, wrong in life.told),
            )
        ],
    )
