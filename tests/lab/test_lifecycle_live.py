"""The life of a domain on a real Xen: the whole matrix of states and operations, and crashes."""

from __future__ import annotations

import contextlib
import logging
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import libvirt
import pytest

from tests.host.lifecycle_matrix import ERRORS, Deeds, deeds, seen
from xenvm.errors import (
    InvalidStateError,
    LibvirtError,
    NotFoundError,
    NotSupportedError,
    ToolstackError,
)
from xenvm.host import Domain, Host
from xenvm.host._libvirt import translated_errors
from xenvm.host.probe import ProbeGuest, ProbeImage
from xenvm.host.probe.guest import probe_config, remove
from xenvm.model.domain import DomainConfig
from xenvm.model.driver_features import LIBXL, Feature
from xenvm.model.kinds import DomainState, GuestType, LifecycleAction
from xenvm.model.lifecycle import (
    ABSENT,
    LIVES,
    Ending,
    Life,
    Operation,
    Phase,
    ShutdownVia,
)
from xenvm.waiting import Deadline, pause, wait_until

pytestmark = pytest.mark.timeout(1800)

FOLDER = "/var/lib/xenvm-live"
NAME = "xenvm-live-life"
DEADLINE_S = 120.0

log = logging.getLogger(__name__)


@pytest.fixture(scope="module")
def config(image: ProbeImage) -> DomainConfig:
    return probe_config(NAME, image)


@pytest.fixture
def doing(host: Host, config: DomainConfig) -> Iterator[Deeds]:
    host.shell.run("mkdir -p %s", FOLDER)
    yield deeds(host, config, FOLDER)
    with contextlib.suppress(InvalidStateError, NotFoundError):
        host.domain(NAME).saving.remove_managed()
    wait_until("the domain to be gone", lambda: gone(host), deadline_s=DEADLINE_S, every_s=1.0)
    host.shell.run("rm -rf %s", FOLDER)


def gone(host: Host) -> bool:
    """Remove the domain; one whose guest is still ending may need a second time."""
    with contextlib.suppress(NotFoundError):
        remove(host.domain(NAME))
        return seen(host, NAME) == ABSENT
    return True


def boot(domain: Domain, let_go: Callable[[], object]) -> None:
    """Let a paused domain run, until its heart beats."""
    with domain.open_console(force=True) as console:
        guest = ProbeGuest(domain, console)
        let_go()
        deadline = Deadline(DEADLINE_S)
        while not (guest.beats or deadline.passed):
            guest.listen(deadline_s=1.0)
    assert guest.beats, guest.transcript


class Walker:
    """Takes a domain along a road, and tries at each stop what is not allowed there."""

    def __init__(self, host: Host, doing: Deeds, config: DomainConfig):
        self.host = host
        self.doing = doing
        self.domain = host.define(config)
        self.life = Life(phase=Phase.SHUT_OFF)
        self.refused: list[tuple[Life, Operation]] = []

    def go(self, operation: Operation) -> None:
        expected = self.life.after(operation)
        assert expected is not None
        began_s = time.monotonic()
        if operation is Operation.UNPAUSE:
            boot(self.domain, lambda: self.doing[operation](self.domain))
        elif operation is Operation.REBOOT:
            self.reboot()
        else:
            self.doing[operation](self.domain)
        wait_until(
            f"{operation} to lead from {self.life} to {expected}",
            lambda: seen(self.host, NAME) == expected,
            deadline_s=DEADLINE_S,
            every_s=0.5,
        )
        took_s = time.monotonic() - began_s
        log.info("%s %s %.1f s", self.life.phase, operation, took_s)
        self.life = expected
        if self.life != ABSENT:
            self.domain = self.host.domain(NAME)

    def reboot(self) -> None:
        before = self.domain.domid
        self.domain.reboot()
        wait_until(
            "another domid",
            lambda: self.domain.domid not in {before, None},
            deadline_s=DEADLINE_S,
            every_s=0.5,
        )
        boot(self.domain, lambda: None)

    def try_what_is_illegal(self) -> None:
        domid = self.domain.domid if self.life != ABSENT else None
        for operation in Operation:
            refusal = self.life.refusal(operation)
            if refusal is None:
                continue
            with pytest.raises(ERRORS[refusal]):
                self.doing[operation](self.domain)
            assert seen(self.host, NAME) == self.life, operation
            if self.life != ABSENT:
                assert self.domain.domid == domid, operation
            self.refused.append((self.life, operation))


HALTS = [
    [Operation.START_PAUSED, Operation.UNPAUSE, Operation.SAVE],  # there is a file to restore
    [Operation.START_PAUSED],
    [Operation.DESTROY, Operation.RESTORE],
    [Operation.SAVE_MANAGED],
    [Operation.START_PAUSED, Operation.UNDEFINE],
    [Operation.UNPAUSE],
    [Operation.DESTROY],
]
"""A road past every state, and where to halt on it."""


def test_every_illegal_operation_is_refused_and_changes_nothing(
    host: Host, doing: Deeds, config: DomainConfig
) -> None:
    walker = Walker(host, doing, config)
    for operations in HALTS:
        for operation in operations:
            walker.go(operation)
        walker.try_what_is_illegal()
    wanted = {(life, op) for life in LIVES for op in Operation if life.refusal(op)}
    assert set(walker.refused) == wanted


TOURS = {  # a PV guest has no core before its first instruction
    "shut off": [
        Operation.SET_AUTOSTART, Operation.START, Operation.DESTROY, Operation.UNDEFINE,
    ],
    "paused": [
        Operation.START_PAUSED, Operation.PAUSE, Operation.SET_AUTOSTART, Operation.UNPAUSE,
        Operation.UNPAUSE, Operation.PAUSE, Operation.DUMP_CORE, Operation.DUMP_CORE_AND_END,
        Operation.START_PAUSED, Operation.DESTROY,
    ],
    "running": [
        Operation.START_PAUSED, Operation.UNPAUSE, Operation.REBOOT, Operation.SET_AUTOSTART,
        Operation.DUMP_CORE, Operation.DUMP_CORE_AND_END, Operation.START_PAUSED, Operation.UNPAUSE,
        Operation.SHUTDOWN,
    ],
    "saved": [
        Operation.START_PAUSED, Operation.UNPAUSE, Operation.SAVE_MANAGED, Operation.SET_AUTOSTART,
        Operation.START, Operation.SAVE_MANAGED, Operation.REMOVE_MANAGED, Operation.START_PAUSED,
        Operation.DESTROY,
    ],
    "transient": [
        Operation.START_PAUSED, Operation.UNDEFINE, Operation.PAUSE, Operation.UNPAUSE,
        Operation.PAUSE, Operation.UNPAUSE, Operation.SAVE, Operation.RESTORE, Operation.SHUTDOWN,
    ],
}  # fmt: skip


@pytest.mark.thorough
@pytest.mark.parametrize("tour", TOURS)
def test_what_is_legal_leads_where_the_model_says(
    host: Host, doing: Deeds, config: DomainConfig, tour: str
) -> None:
    walker = Walker(host, doing, config)
    for operation in TOURS[tour]:
        walker.go(operation)


@pytest.mark.thorough
def test_a_crash_is_told_apart_and_kept_for_a_look_where_the_domain_says_so(
    host: Host, doing: Deeds, config: DomainConfig
) -> None:
    domain = host.define(replace(config, on_crash=LifecycleAction.PRESERVE))
    domain.start(paused=True)
    with domain.open_console(force=True) as console:
        guest = ProbeGuest(domain, console)
        domain.unpause()
        guest.wait_until_up()
        guest.ask("crash")
    wait_until(
        "the crash to be told", lambda: domain.ending is Ending.CRASHED, deadline_s=DEADLINE_S
    )
    assert domain.state is DomainState.CRASHED
    assert re.search(r"-s?c-\s", host.shell.run("xl list %s", NAME).stdout)
    (told,) = [one for one in host.watch.overview() if one.name == NAME]
    assert told.state is DomainState.CRASHED
    for operation in (Operation.SHUTDOWN, Operation.REBOOT, Operation.SAVE, Operation.SAVE_MANAGED):
        with pytest.raises(InvalidStateError, match="has crashed"):
            doing[operation](domain)
    domain.saving.dump_core(f"{FOLDER}/core")
    size = int(host.shell.run("stat -c %%s %s", f"{FOLDER}/core").stdout)
    assert size > config.memory_kib * 1024 / 2
    domain.destroy()
    assert domain.ending is Ending.DESTROYED


@pytest.mark.usefixtures("doing")
def test_a_guest_that_does_not_answer_is_told_and_the_connection_stays(
    host: Host, doing: Deeds, config: DomainConfig
) -> None:
    domain = host.define(config)
    domain.start(paused=True)
    with domain.open_console(force=True) as console:
        guest = ProbeGuest(domain, console)
        domain.unpause()
        guest.wait_until_up()
        guest.ask("hang")
        deadline, beats = Deadline(DEADLINE_S), -1
        while beats != len(guest.beats):  # it hangs a moment after it has answered
            assert not deadline.passed
            beats = len(guest.beats)
            pause(5)
            guest.listen()
    with pytest.raises(ToolstackError) as caught:
        doing[Operation.SHUTDOWN](domain)
    log.info("a guest that hangs: %s", caught.value)
    assert host.is_usable
    domain.destroy()


@pytest.mark.usefixtures("doing")
def test_a_pv_guest_has_no_power_button_and_an_hvm_guest_has(
    host: Host, config: DomainConfig, image: ProbeImage
) -> None:
    domain = host.define(config)
    domain.start(paused=True)
    boot(domain, domain.unpause)
    with pytest.raises(ToolstackError) as caught:
        domain.shutdown(via=ShutdownVia.ACPI)
    log.info("a PV guest by ACPI: %s", caught.value)
    domain.shutdown(via=ShutdownVia.PARAVIRT)
    domain.wait_until_off(deadline_s=DEADLINE_S)
    remove(domain)
    hvm = host.define(probe_config(NAME, image, guest_type=GuestType.HVM))
    hvm.start(paused=True)
    hvm.unpause()
    hvm.shutdown(via=ShutdownVia.ACPI)
    assert hvm.is_active
    hvm.destroy()


RAW_CALLS: dict[Feature, Callable[[libvirt.virConnect, libvirt.virDomain], object]] = {
    Feature.JOB_PROGRESS: lambda _, d: d.jobInfo(),
    Feature.ABORT_JOB: lambda _, d: d.abortJob(),
    Feature.MIGRATE_MAX_SPEED: lambda _, d: d.migrateSetMaxSpeed(1),
    Feature.MIGRATE_MAX_DOWNTIME: lambda _, d: d.migrateSetMaxDowntime(1),
    Feature.MIGRATE_POST_COPY: lambda _, d: d.migrateStartPostCopy(),
    Feature.ALL_DOMAIN_STATS: lambda c, _: c.getAllDomainStats(),
    Feature.BLOCK_INFO: lambda _, d: d.blockInfo("xvda"),
    Feature.BLOCK_RESIZE: lambda _, d: d.blockResize("xvda", 1),
    Feature.BLOCK_PEEK: lambda _, d: d.blockPeek("xvda", 0, 1),
    Feature.BLOCK_COMMIT: lambda _, d: d.blockCommit("xvda", None, None),
    Feature.BLOCK_IO_TUNE: lambda _, d: d.blockIoTune("xvda"),
    Feature.BLKIO_PARAMETERS: lambda _, d: d.blkioParameters(),
    Feature.INTERFACE_PARAMETERS: lambda _, d: d.interfaceParameters("vif0.0"),
    Feature.MEMORY_PARAMETERS: lambda _, d: d.memoryParameters(),
    Feature.SINGLE_VCPU: lambda _, d: d.setVcpu("0", 1),
    Feature.PIN_EMULATOR: lambda _, d: d.pinEmulator((True,)),
    Feature.IO_THREADS: lambda _, d: d.ioThreadInfo(),
    Feature.DETACH_BY_ALIAS: lambda _, d: d.detachDeviceAlias("net0"),
    Feature.SNAPSHOT: lambda _, d: d.listAllSnapshots(),
    Feature.CHECKPOINT: lambda _, d: d.listAllCheckpoints(),
    Feature.BACKUP: lambda _, d: d.backupGetXMLDesc(),
    Feature.RENAME: lambda _, d: d.rename("xenvm-live-other"),
    Feature.RESET: lambda _, d: d.reset(),
    Feature.SEND_KEY: lambda _, d: d.sendKey(0, 0, [1], 1),
    Feature.SCREENSHOT: lambda c, d: d.screenshot(c.newStream(), 0),
    Feature.SAVE_IMAGE_XML: lambda c, _: c.saveImageGetXMLDesc(f"{FOLDER}/saved"),
    Feature.RESTORE_WITH_XML: lambda c, d: c.restoreFlags(f"{FOLDER}/saved", d.XMLDesc()),
    Feature.DUMP_FORMAT: lambda _, d: d.coreDumpWithFormat(f"{FOLDER}/core", 0, 0),
    Feature.GUEST_HOSTNAME: lambda _, d: d.hostname(),
    Feature.GUEST_INFO: lambda _, d: d.guestInfo(),
    Feature.GUEST_TIME: lambda _, d: d.getTime(),
    Feature.GUEST_PASSWORD: lambda _, d: d.setUserPassword("root", "x"),
    Feature.GUEST_FREEZE: lambda _, d: d.fsFreeze(),
    Feature.NODE_CPU_STATS: lambda c, _: c.getCPUStats(-1),
    Feature.NODE_MEMORY_STATS: lambda c, _: c.getMemoryStats(-1),
    Feature.NODE_CPU_MAP: lambda c, _: c.getCPUMap(),
    Feature.CONNECTION_SECURITY: lambda c, _: c.isSecure(),
}
"""The calls themselves; the features without one here have their own tests in this folder."""


def refuses(call: Callable[[], object]) -> bool:
    try:
        with translated_errors():
            call()
    except NotSupportedError as exc:
        log.info("%s %s", exc.code, exc)
        return True
    except LibvirtError as exc:
        log.info("not lacking: %s %s", exc.code, exc)
    return False


@pytest.mark.usefixtures("doing")
def test_the_table_of_the_driver_tells_the_truth(host: Host, config: DomainConfig) -> None:
    assert set(LIBXL.lacks) <= set(RAW_CALLS)
    domain = host.define(config)
    domain.start(paused=True)
    raw, handle = host._connection.raw, domain._raw
    wrong = [
        feature
        for feature, call in RAW_CALLS.items()
        if refuses(lambda call=call: call(raw, handle)) == LIBXL.has(feature)  # type: ignore[misc]
    ]
    assert wrong == []
