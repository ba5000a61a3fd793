"""Several guests at once against one, and what Dom0 has to do with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from xenvm.formats.fio_job import LOADS, FioLoad
from xenvm.formats.fio_json import FioJob, parse_fio
from xenvm.host import Host
from xenvm.host.probe import ProbeGuest
from xenvm.host.probe.tools import finish_in, start_in
from xenvm.model.benchmark import Leg, Metric, Sample
from xenvm.model.statistics import rates
from xenvm.model.surroundings import DOM0
from xenvm.waiting import pause

from . import accounting
from .block import GRACE_S, Span, argv_on, device_of
from .catalogue import under
from .environment import contract_for, watched
from .measuring import Setting
from .network import NetworkDriver

DOM0_CAP_PERCENT = 20
"""Of one pCPU: little enough that guests' I/O must feel it."""
CAPPED_BESIDE_S = 120
"""What a sample with Dom0 capped may take beyond its loads, on the slowest host."""
FAIRNESS, DOM0_CPU, CAPPED = "fairness", "dom0-cpu", "dom0-capped"

_KINDS = {"read": "seqread", "write": "seqwrite"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One of the guests, and the volume that is its own.

    Attributes:
        guest: The guest; it has unpacked fio.
        span: What it drives.
    """

    guest: ProbeGuest
    span: Span


def jain(shares: Sequence[float]) -> float:
    """Return Jain's index of fairness: 1 when all have the same, 1/n when one has all.

    Source:
        Jain, Chiu, Hawe: A quantitative measure of fairness, DEC-TR-301, 1984.
    """
    return sum(shares) ** 2 / (len(shares) * sum(share * share for share in shares))


class AggregateDriver:
    """Gives samples of the metrics ``aggregate.*``.

    Attributes:
        members: All guests; the first is the one that is measured alone.
        network: From the first guest to the second.
    """

    def __init__(
        self, host: Host, members: Sequence[Member], network: NetworkDriver, setting: Setting
    ):
        self.members = tuple(members)
        self.network = network
        self._host = host
        self._setting = setting
        self._devices = [device_of(host.shell, member.span.path) for member in members]

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """Return those for which there are guests enough."""
        return tuple(each for each in under("aggregate") if _guests(each) <= len(self.members))

    def sample(self, metric: Metric, leg: Leg, *, number: int) -> Sample:
        """Return one measurement of a metric; see :meth:`Driver.sample`."""
        kind = metric.name.split(".")[2 if _guests(metric) else -1]
        if kind == CAPPED:
            return self._capped(leg, number)
        load = LOADS[_KINDS.get(kind, "seqread")]
        count = _guests(metric) or len(self.members)
        alone = self._load(load, 1, number) if _guests(metric) else None
        together = self._load(load, count, number)
        reasons = [*(alone.objections if alone else ()), *together.objections]
        return Sample(
            leg=leg,
            value=_value(kind, together, alone),
            invalid="; ".join(filter(None, reasons)),
            details={
                "guests": float(count),
                "sum_bytes_per_s": sum(together.shares),
                "least_bytes_per_s": min(together.shares),
                "most_bytes_per_s": max(together.shares),
                "fairness": jain(together.shares),
                "dom0_cpu_percent": together.dom0_percent,
            },
        )

    def _load(self, load: FioLoad, count: int, number: int) -> _Run:
        """Return how the first guests fared under a load that all began at once."""
        members, devices = self.members[:count], self._devices[:count]
        timing = self._setting.timing
        deadline_s = timing.length_s + GRACE_S
        guests = [member.guest for member in members]
        with watched(self._host, guests, contract_for(self._setting.evidence), devices) as watch:
            asked = [
                start_in(member.guest, self._argv(load, member, number), deadline_s=deadline_s)
                for member in members
            ]
            dom0_percent = self._dom0_percent()
            said = [
                parse_fio(finish_in(guest, request, deadline_s=deadline_s))
                for guest, request in zip(guests, asked, strict=True)
            ]
        # Each for itself: a guest that a cache answers does not hide among the others.
        cached = (
            accounting.objection(
                watch.moved_bytes(device, written=load.writes),
                sum(job.moved_bytes for job in jobs),
            )
            for device, jobs in zip(devices, said, strict=True)
        )
        return _Run(
            jobs=tuple(jobs[-1] for jobs in said),
            dom0_percent=dom0_percent,
            objections=(*filter(None, cached), *watch.objections),
        )

    def _dom0_percent(self) -> float:
        """Return what Dom0 takes in the middle of a load that begins now."""
        timing = self._setting.timing
        pause(timing.ramp_s)
        first = self._host.watch.sample()
        pause(timing.runtime_s / 2)
        return next(
            r for r in rates(first, self._host.watch.sample()) if r.name == DOM0
        ).cpu_percent

    def _argv(self, load: FioLoad, member: Member, number: int) -> Sequence[str]:
        device = f"/dev/{member.span.target}"
        return argv_on(member.span, load, self._setting.timing, seed=number, device=device)

    def _capped(self, leg: Leg, number: int) -> Sample:
        stream = next(each for each in self.network.metrics if each.name.endswith("tcp-tx-1"))
        sample = self.network.sample(stream, leg, number=number, during=self._dom0_capped())
        return Sample(
            leg=leg,
            value=sample.value,
            invalid=sample.invalid,
            details={**sample.details, "dom0_cap_percent": float(DOM0_CAP_PERCENT)},
        )

    @contextmanager
    def _dom0_capped(self) -> Iterator[None]:
        """Cap Dom0 while the block runs.

        Dom0 gives itself its cap back, after a good while, should we be gone by then.

        Yields:
            Nothing.
        """
        length_s = 4 * self._setting.timing.length_s + CAPPED_BESIDE_S
        scheduling = self._host.domain(DOM0).vcpus.scheduling
        cap = f"xl sched-$(xl info xen_scheduler) -d {DOM0} -c"
        back = f"{cap} {scheduling.cap_percent or 0}"
        keeper = self._host.shell.run(
            f"(trap : TERM; sleep {length_s} & wait $!; kill $! 2>/dev/null; {back})"
            f" </dev/null >/dev/null 2>&1 & echo $!; {cap} {DOM0_CAP_PERCENT}"
        ).stdout.split()[0]
        try:
            yield
        finally:
            self._host.shell.run(f"kill {int(keeper)} 2>/dev/null; {back}", deadline_s=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """How guests fared at once."""

    jobs: tuple[FioJob, ...]
    dom0_percent: float
    objections: tuple[str, ...]

    @property
    def shares(self) -> tuple[float, ...]:
        """Return the throughput of each, in bytes/s."""
        return tuple(job.bytes_per_s for job in self.jobs)


def _value(kind: str, together: _Run, alone: _Run | None) -> float:
    if kind == FAIRNESS:
        return jain(together.shares)
    if kind == DOM0_CPU or alone is None:
        return together.dom0_percent
    return sum(together.shares) / sum(alone.shares)


def _guests(metric: Metric) -> int:
    """Return how many guests a metric is about; 0 for as many as there are."""
    _, found, count = metric.name.rpartition(".guests-")
    return int(count) if found else 0
