"""A running probe guest: its heart, and its hand."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Sequence
from typing import TypedDict, Unpack

from xenvm.errors import (
    GuestError,
    GuestFailedError,
    InvalidStateError,
    LibvirtError,
    NotFoundError,
    WaitTimeoutError,
)
from xenvm.host.console import Console
from xenvm.host.domain import Domain
from xenvm.host.host import Host
from xenvm.model.chardev import Chardev
from xenvm.model.domain import DomainConfig
from xenvm.model.kinds import ChardevKind, GuestType
from xenvm.model.vbd import Vbd
from xenvm.model.vnif import Vnif
from xenvm.waiting import Deadline, wait_until

from .image import ProbeImage
from .protocol import Beat, Hello, Reply, encode_request, last_words, parse_facts, parse_message

MEMORY_MIB = 96
"""The kernel, 2 MB of initramfs, and room for eight VNIFs' buffers; a PV guest's, unless told."""
MEMORY_MIB_OF = {GuestType.PV: MEMORY_MIB, GuestType.PVH: 128, GuestType.HVM: 160}
"""PVH unpacks its own kernel; HVM has firmware and a screen besides."""
COMMAND_LINE = "console=hvc0 quiet loglevel=4 rdinit=/init net.ifnames=0 panic=1"
DMA_WORDS = "iommu=soft swiotlb=2048"
"""Linux 6.5 and newer drives a PCI function in a PV guest only if it was told so at its start, and
then keeps 64 MiB for that, unless it is told how many pieces of 2 KiB it needs.

Source:
    Linux, arch/x86/kernel/pci-dma.c, xen_swiotlb_enabled; kernel-parameters.txt, swiotlb.
"""
CONSOLE = Chardev(kind=ChardevKind.PTY, target_kind="xen", target_port=0)
"""hvc0, on which the agent speaks."""
BOOT_DEADLINE_S = 240.0
"""Emulated hosts boot eight guests on two CPUs in 70 s."""
ANSWER_DEADLINE_S = 60.0
CALL_DEADLINE_S = 5.0
"""For a guest of which nobody knows whether it has booted yet: it is called again and again."""


class ProbeParts(TypedDict, total=False):
    """What a probe guest may be made of, where that is not the least.

    Attributes:
        guest_type: PV unless told.
        vcpus: At the start; 1 unless told.
        max_vcpus: The most it may have; ``vcpus`` unless told.
        memory_mib: At the start; ``MEMORY_MIB_OF`` its type unless told.
        max_memory_mib: The most it may have; ``memory_mib`` unless told.
        vnifs: Its VNIFs.
        vbds: Its VBDs.
        passthrough: Whether PCI functions may be plugged in while it runs.
    """

    guest_type: GuestType
    vcpus: int
    max_vcpus: int
    memory_mib: int
    max_memory_mib: int
    vnifs: Sequence[Vnif]
    vbds: Sequence[Vbd]
    passthrough: bool


def probe_config(name: str, image: ProbeImage, **parts: Unpack[ProbeParts]) -> DomainConfig:
    """Return what a probe guest is made of; see :class:`ProbeParts`."""
    guest_type = parts.get("guest_type", GuestType.PV)
    hvm = guest_type is GuestType.HVM
    return DomainConfig(
        name=name,
        guest_type=guest_type,
        vcpus=parts.get("vcpus", 1),
        max_vcpus=parts.get("max_vcpus", 0),
        memory_kib=parts.get("memory_mib", MEMORY_MIB_OF[guest_type]) * 1024,
        max_memory_kib=parts.get("max_memory_mib", 0) * 1024,
        kernel=image.packed_kernel if hvm else image.kernel,
        initrd=image.initrd,
        cmdline=f"{COMMAND_LINE} {DMA_WORDS}" if parts.get("passthrough") else COMMAND_LINE,
        acpi=hvm,
        apic=hvm,
        vnifs=tuple(parts.get("vnifs", ())),
        vbds=tuple(parts.get("vbds", ())),
        consoles=(CONSOLE,),
        passthrough=parts.get("passthrough"),
    )


class ProbeGuest:
    """A domain that runs the probe's agent.

    Attributes:
        domain: The domain on its host.
        beats: Every heartbeat heard so far.
        hello: What it said at boot, or None before.
    """

    def __init__(self, domain: Domain, console: Console):
        self.domain = domain
        self.beats: list[Beat] = []
        self.hello: Hello | None = None
        self._console = console
        self._replies: dict[int, Reply] = {}
        self._numbers = itertools.count(1)

    @classmethod
    def start(cls, host: Host, config: DomainConfig, *, paused: bool = False) -> ProbeGuest:
        """Return a started probe guest, whose console was open before its first word.

        Args:
            host: Where.
            config: What it is made of.
            paused: Whether its domain waits to be unpaused: guests that boot meanwhile make the
                next one's hotplug scripts slow.

        Raises:
            LibvirtError: It could not be made; what was made of it is gone.
        """
        domain = host.define(config)
        try:
            return cls.wake(domain, paused=paused)
        except BaseException:
            remove(domain)
            raise

    @classmethod
    def wake(cls, domain: Domain, *, paused: bool = False) -> ProbeGuest:
        """Return the guest of a domain that is defined as one, started like by :meth:`start`."""
        domain.start(paused=True)
        console = domain.open_console()
        if not paused:
            domain.unpause()
        return cls(domain, console)

    @property
    def name(self) -> str:
        """Return the domain's name."""
        return self.domain.name

    @property
    def transcript(self) -> str:
        """Return the end of what was seen on the console."""
        return self._console.transcript

    def listen(self, *, deadline_s: float = 0.0) -> None:
        """Take in what the guest has said; wait up to ``deadline_s`` for the first line."""
        for line in self._console.read_lines(deadline_s=deadline_s):
            message = parse_message(line)
            if isinstance(message, Beat):
                self.beats.append(message)
            elif isinstance(message, Reply):
                self._replies[message.id] = message
            elif isinstance(message, Hello):
                self.hello = message

    def wait_until_up(self, *, deadline_s: float = BOOT_DEADLINE_S) -> Hello:
        """Return the guest's hello, once it has said it.

        Raises:
            GuestError: It did not say hello, or it ended before; quotes the console's end.
        """

        def greeted() -> Hello | None:
            self.listen(deadline_s=0.5)
            if not self.hello:
                self._refuse_silence()
            return self.hello

        try:
            return wait_until(f"{self.name} to boot", greeted, deadline_s=deadline_s, every_s=0.0)
        except WaitTimeoutError as exc:
            raise GuestError(f"{exc}; its console ends with: {self._last_words}") from exc

    def wait_until_rebooted(self, *, deadline_s: float = BOOT_DEADLINE_S) -> Hello:
        """Return what the guest sees of itself, once it is another boot than that of its hello.

        Its console ended with its domain; a new one is opened, perhaps after its first words.

        Raises:
            GuestError: It did not boot again.
        """
        last = self.hello.boot_id if self.hello else ""

        def rebooted() -> Hello | None:
            try:
                if self._console.has_ended:
                    self._console.close()
                    self._console = self.domain.open_console()
                facts = self.facts(deadline_s=CALL_DEADLINE_S)
            except (LibvirtError, WaitTimeoutError):
                return None
            except GuestError:
                self._console.close()
                return None
            return facts if facts.boot_id != last else None

        try:
            self.hello = wait_until(f"{self.name} to boot again", rebooted, deadline_s=deadline_s)
        except WaitTimeoutError as exc:
            raise GuestError(str(exc)) from exc
        return self.hello

    def send(self, verb: str, **values: str | int) -> int:
        """Return the number of a request that was said; :meth:`answer` waits for the reply.

        Raises:
            GuestError: Nobody is there to hear it.
        """
        self._refuse_silence()
        number = next(self._numbers)
        self._console.send(encode_request(number, verb, values))
        return number

    def answer(self, number: int, *, deadline_s: float = ANSWER_DEADLINE_S) -> Reply:
        """Wait for the reply to a request.

        Returns:
            The reply; it was done.

        Raises:
            GuestFailedError: The guest said that it failed, or it ended.
            GuestError: It said nothing.
        """
        deadline = Deadline(deadline_s)
        while number not in self._replies:
            if deadline.passed:
                raise GuestError(f"{self.name} did not answer within {deadline_s:.0f} s")
            self._refuse_silence()
            self.listen(deadline_s=min(0.5, deadline.left_s))
        reply = self._replies.pop(number)
        if not reply.ok:
            raise GuestFailedError(f"{self.name}: {reply.fields.get('why', 'failed')}")
        return reply

    def ask(
        self, verb: str, *, deadline_s: float = ANSWER_DEADLINE_S, **values: str | int
    ) -> Reply:
        """Return the reply to a request, said now."""
        return self.answer(self.send(verb, **values), deadline_s=deadline_s)

    def facts(self, *, deadline_s: float = ANSWER_DEADLINE_S) -> Hello:
        """Return what the guest sees of itself now.

        Raises:
            GuestError: It did not answer as the protocol says.
        """
        reply = self.ask("facts", deadline_s=deadline_s)
        try:
            return parse_facts(reply.fields)
        except (KeyError, TypeError, ValueError) as exc:
            raise GuestError(f"{self.name} answered without {exc}") from exc

    def close_console(self) -> None:
        """Leave its console, which a domain takes with it when it moves to another host."""
        self._console.close()

    def _refuse_silence(self) -> None:
        if self._console.has_ended:
            cause = self._console.end_cause
            error = GuestError if cause else GuestFailedError
            raise error(
                f"the console of {self.name} has ended: {cause or 'the guest is gone'};"
                f" its last words: {self._last_words}"
            )

    @property
    def _last_words(self) -> str:
        return last_words(self.transcript)

    def remove(self) -> None:
        """End the guest and forget it; does no harm when it is gone already."""
        self._console.close()
        remove(self.domain)


def remove(domain: Domain) -> None:
    """Destroy and undefine a domain, managed save and all, whichever is still to be done."""
    with contextlib.suppress(InvalidStateError, NotFoundError):
        domain.destroy()
    with contextlib.suppress(InvalidStateError, NotFoundError):
        domain.saving.remove_managed()
    with contextlib.suppress(InvalidStateError, NotFoundError):
        domain.undefine()
