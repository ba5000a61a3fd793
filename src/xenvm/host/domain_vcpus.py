"""The vCPUs of a domain: how many, on which pCPUs, and how much CPU time they may take."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar

from xenvm.errors import (
    InvalidStateError,
    LibvirtError,
    SpecError,
    ToolstackError,
    WaitTimeoutError,
    XenvmError,
)
from xenvm.formats.domain_xml import format_domain_xml, parse_domain_xml
from xenvm.model.allocation import (
    PCPU_PERCENT,
    WEIGHT_DEFAULT,
    WEIGHT_MAX,
    WEIGHT_MIN,
    Exclusivity,
    Scheduling,
    VcpuCounts,
    VcpuPlace,
)
from xenvm.model.cpu import VcpuPin
from xenvm.model.domain import DomainConfig
from xenvm.model.mapping import NAMESPACES
from xenvm.model.quantities import CpuSet
from xenvm.waiting import wait_until

from . import _libvirt
from ._reach import change, reach
from .exclusive_pcpu import claim, places, release, sharers
from .facet import Facet
from .libxl_log import libxl_log
from .shell import NoShell

T = TypeVar("T")

HOTPLUG_DEADLINE_S = 60.0

_VCPUS = 3
"""Where virDomainInfo has the vCPUs that it was asked to have online."""
_PCPUS = 2
_PREFIX = "xenvm"
"""Of our namespace in the metadata."""
_NS = 1_000_000_000


class DomainVcpus(Facet):
    """The vCPUs of a domain, Dom0's too.

    A change reaches the running guest at once, and its definition, where it has one, for its next
    start. Xen forgets a cap when a domain ends, and libvirt has no word for it: we keep it in the
    domain's metadata, and :meth:`Domain.start` gives it back. A domain that was started or rebooted
    without us runs uncapped until :meth:`put_back_cap`; :attr:`scheduling` shows it.
    """

    @property
    def counts(self) -> VcpuCounts:
        """Return how many it has now, and the most it may have.

        libvirt only says how many the guest was asked to have online, so Xen is asked.
        """

        def count(raw: _libvirt.RawDomain) -> VcpuCounts:
            return VcpuCounts(now=raw.info()[_VCPUS], most=raw.vcpusFlags(_libvirt.VCPU_MAXIMUM))

        asked = self._read("counting the vCPUs", count)
        domid = self._config().domid
        if domid is None or isinstance(self._shell, NoShell):
            return asked
        online = [row for row in self._rows_of(domid) if row.pcpu is not None]
        return replace(asked, now=len(online))

    @property
    def time_s(self) -> float:
        """Return the CPU time that Xen gave it since it started, all vCPUs together, in seconds.

        Raises:
            InvalidStateError: It does not run.
        """
        total = _libvirt.CPU_STATS_TOTAL
        (stats,) = self._read("asking for the CPU time", lambda raw: raw.getCPUStats(total))
        return stats["cpu_time"] / _NS

    def plug(self, count: int, *, deadline_s: float = HOTPLUG_DEADLINE_S) -> None:
        """Have so many vCPUs online, the first ones; the guest plugs and unplugs them itself.

        Args:
            count: 1 to the most it may have.
            deadline_s: Seconds for the guest to follow.

        Raises:
            SpecError: It may not have that many.
            WaitTimeoutError: The guest did not follow; it is asked for what it had again.
        """
        before = self.counts
        if not 1 <= count <= before.most:
            raise SpecError(f"{self._name} can have 1 to {before.most} vCPUs, not {count}")
        change(
            f"{count} vCPUs in the running {self._name}",
            self._reach(),
            live=lambda: self._plug_live(count, before.now, deadline_s),
            undo=lambda: self._set_count(before.now, _libvirt.AFFECT_LIVE),
            define=lambda: self._set_count(count, _libvirt.AFFECT_CONFIG),
        )

    def set_most(self, count: int) -> None:
        """Set the most that it may have, from its next start on.

        Raises:
            SpecError: It is no number of vCPUs.
            InvalidStateError: It has no definition.
        """
        if count < 1:
            raise SpecError(f"{self._name} can have 1 vCPU or more, not {count}")
        self._set_count(count, _libvirt.VCPU_MAXIMUM | _libvirt.AFFECT_CONFIG)

    @property
    def scheduling(self) -> Scheduling:
        """Return its weight and cap as Xen has them; off, as it is defined."""
        config = self._config()
        kept = config.cap_percent or 0
        if config.domid is None:
            return Scheduling(weight=config.weight, cap_percent=None, kept_cap_percent=kept)
        said = self._scheduler()
        return Scheduling(
            weight=said.get("weight"), cap_percent=said.get("cap"), kept_cap_percent=kept
        )

    def set_weight(self, weight: int) -> None:
        """Set its share of CPU time against others'.

        Args:
            weight: 1 to 65535; Xen's default is 256.

        Raises:
            SpecError: It is no weight.
            ToolstackError: Xen has another one afterwards.
        """
        if not WEIGHT_MIN <= weight <= WEIGHT_MAX:
            raise SpecError(f"a weight is {WEIGHT_MIN} to {WEIGHT_MAX}, not {weight}")
        places_ = self._reach()
        said = self._scheduler() if _libvirt.AFFECT_LIVE in places_ else {}
        change(
            f"weight {weight} of the running {self._name}",
            places_,
            live=lambda: self._schedule("weight", weight),
            undo=lambda: self._schedule("weight", said.get("weight", WEIGHT_DEFAULT)),
            define=lambda: self._redefine(lambda config: replace(config, weight=weight)),
        )

    def set_cap(self, cap_percent: int) -> None:
        """Bound its CPU time, and remember that.

        Args:
            cap_percent: In percent of one pCPU, up to 100 for each vCPU it may have; 0 for no cap.

        Raises:
            SpecError: It is no such cap.
            LibvirtError: It could not be set, or not be remembered: it is as before.
            ToolstackError: Xen has another one afterwards.
        """
        most = PCPU_PERCENT * self.counts.most
        if not 0 <= cap_percent <= most:
            raise SpecError(f"{self._name} can have a cap of 0 to {most} %, not {cap_percent}")
        places_ = self._reach()
        before = self._scheduler().get("cap", 0) if _libvirt.AFFECT_LIVE in places_ else 0
        if _libvirt.AFFECT_LIVE in places_:
            self._schedule("cap", cap_percent)
        try:
            self._remember_cap(cap_percent, sum(places_))
        except LibvirtError:
            if _libvirt.AFFECT_LIVE in places_:
                self._schedule("cap", before)
            raise

    def put_back_cap(self) -> int:
        """Give a running domain the cap that we remember for it, if any.

        For after a start, a restore or a migration: each makes a new domain in Xen.

        Returns:
            The cap, in percent of one pCPU; 0 for none.

        Raises:
            InvalidStateError: It does not run.
            ToolstackError: Xen has another one afterwards.
        """
        kept = self._config().cap_percent or 0
        if kept and self._scheduler().get("cap") != kept:
            self._schedule("cap", kept)
        return kept

    def places(self) -> tuple[VcpuPlace, ...]:
        """Return where each vCPU is and may be, as Xen says; offline ones too.

        Raises:
            InvalidStateError: It does not run.
            NotSupportedError: The host is simulated.
        """
        return self._rows_of(self._domid())

    def pin(self, vcpu: int, cpus: CpuSet) -> None:
        """Let a vCPU run on some pCPUs only: its hard affinity.

        libvirt does not know what a running vCPU is pinned to, so a restore or a migration loses
        it; the next start pins as the definition says.

        Args:
            vcpu: Its number, from 0.
            cpus: The pCPUs; all of the host's for no bounds.

        Raises:
            SpecError: The host has no such pCPU.
            CommandError: There is no such vCPU.
            NotSupportedError: It runs on a simulated host.
            ToolstackError: Xen has other ones afterwards.
        """
        pcpus = self._pcpus()
        if not cpus or max(cpus) >= pcpus:
            raise SpecError(f"the host has pCPUs 0 to {pcpus - 1}: pin to some of them, not {cpus}")
        places_ = self._reach()
        rows = self.places() if _libvirt.AFFECT_LIVE in places_ else ()
        before = {row.number: row.cpus for row in rows}
        change(
            f"vCPU {vcpu} of the running {self._name} on {cpus}",
            places_,
            live=lambda: self._pin_live(vcpu, cpus),
            undo=lambda: self._pin_live(vcpu, before[vcpu]),
            define=lambda: self._redefine(lambda config: _pinned(config, vcpu, cpus)),
        )

    def claim(self, vcpu: int, pcpu: int) -> Exclusivity:
        """Give a pCPU to one vCPU alone: pin it there, and everybody else, Dom0 too, elsewhere.

        Others are moved while they run; their definitions stay, so one that starts anew may run
        there again: ask :meth:`claimed`.

        Returns:
            Who was excluded, and who could not be because it may run nowhere else.

        Raises:
            SpecError: The host has no such pCPU.
            InvalidStateError: The domain does not run.
        """
        before = {row.number: row for row in self.places()}
        self.pin(vcpu, CpuSet.of([pcpu]))
        try:
            return claim(self._shell, self._pcpus(), before[vcpu], pcpu)
        except BaseException:
            with contextlib.suppress(XenvmError):
                self.pin(vcpu, before[vcpu].cpus)
            raise

    def claimed(self, exclusivity: Exclusivity) -> Exclusivity:
        """Return the same with who may run on the pCPU now."""
        rows = places(self._shell, self._pcpus())
        return replace(exclusivity, sharing=sharers(rows, exclusivity.owner, exclusivity.pcpu))

    def release(self, exclusivity: Exclusivity) -> None:
        """Let everybody run where they could before :meth:`claim`; who is gone is passed over."""
        release(self._shell, exclusivity)
        self.pin(exclusivity.owner.number, exclusivity.owner.cpus)

    def _read(self, asking: str, ask: Callable[[_libvirt.RawDomain], T]) -> T:
        what = f"{asking} of {self._name}"
        return self._connection.read(what, lambda _: ask(self._handle()))

    def _change(self, doing: str, do: Callable[[_libvirt.RawDomain], int]) -> None:
        raw = self._handle()
        self._connection.call(f"{doing} of {self._name}", lambda: do(raw))

    def _rows_of(self, domid: int) -> tuple[VcpuPlace, ...]:
        return tuple(row for row in places(self._shell, self._pcpus()) if row.domid == domid)

    def _reach(self) -> tuple[int, ...]:
        return reach(self._connection, self._name, self._handle)

    def _pcpus(self) -> int:
        return self._connection.read("counting pCPUs", lambda raw: raw.getInfo())[_PCPUS]

    def _domid(self) -> int:
        domid = self._config().domid
        if domid is None:
            raise InvalidStateError(f"{self._name} does not run: start it first")
        return domid

    def _config(self, flags: int = 0) -> DomainConfig:
        return parse_domain_xml(self._read("reading the XML", lambda raw: raw.XMLDesc(flags)))

    def _redefine(self, change: Callable[[DomainConfig], DomainConfig]) -> None:
        definition = self._config(_libvirt.XML_INACTIVE | _libvirt.XML_SECURE)
        raw, xml = self._connection.raw, format_domain_xml(change(definition))
        self._connection.call(f"redefining {self._name}", lambda: raw.defineXMLFlags(xml))

    def _set_count(self, count: int, flags: int) -> None:
        with libxl_log(self._shell, self._name):
            self._change("setting the vCPUs", lambda raw: raw.setVcpusFlags(count, flags))

    def _plug_live(self, count: int, before: int, deadline_s: float) -> None:
        self._set_count(count, _libvirt.AFFECT_LIVE)
        try:
            wait_until(
                f"{self._name} to have {count} vCPUs online, from {before}",
                lambda: self.counts.now == count,
                deadline_s=deadline_s,
            )
        except WaitTimeoutError:
            self._set_count(before, _libvirt.AFFECT_LIVE)
            raise

    def _pin_live(self, vcpu: int, cpus: CpuSet) -> None:
        # libvirt's binding asks for a map of pCPUs first, which the libxl driver has not.
        self._shell.run("xl vcpu-pin %s %s %s", str(self._domid()), str(vcpu), str(cpus))
        for place in self.places():
            if place.number == vcpu and place.cpus != cpus:
                raise ToolstackError(f"{place} was pinned to {cpus}, and Xen has {place.cpus}")

    def _scheduler(self) -> Mapping[str, int]:
        return self._read("asking for the scheduling", lambda raw: raw.schedulerParameters())

    def _schedule(self, name: str, value: int) -> None:
        with libxl_log(self._shell, self._name):
            self._change(
                f"setting the {name}", lambda raw: raw.setSchedulerParameters({name: value})
            )
        has = self._scheduler().get(name)
        if has != value:
            raise ToolstackError(f"{self._name} was given {name} {value}, and Xen has {has}")

    def _remember_cap(self, cap_percent: int, flags: int) -> None:
        """Keep a cap where :attr:`DomainConfig.cap_percent` is read from."""
        xml = f"<domain><cap>{cap_percent}</cap></domain>" if cap_percent else None
        self._change(
            "remembering the cap",
            lambda raw: raw.setMetadata(
                _libvirt.METADATA_ELEMENT, xml, _PREFIX, NAMESPACES[_PREFIX], flags
            ),
        )


def _pinned(config: DomainConfig, vcpu: int, cpus: CpuSet) -> DomainConfig:
    others = (pin for pin in config.pins if pin.vcpu != vcpu)
    pins = (*others, VcpuPin(vcpu=vcpu, cpus=cpus))
    return replace(config, pins=tuple(sorted(pins, key=lambda pin: pin.vcpu)))
