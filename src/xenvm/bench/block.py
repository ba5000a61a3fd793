"""Block: fio in a guest and in Dom0, on the same span of the same device."""

from __future__ import annotations

from dataclasses import dataclass, replace

from xenvm.errors import BlockedError
from xenvm.formats.dom0_surroundings import WHICH, parse_which
from xenvm.formats.fio_job import LOADS, FioLoad, check_version, fill_argv, load_argv
from xenvm.formats.fio_json import FioJob, parse_fio
from xenvm.host import Host, HostShell
from xenvm.host.probe import ProbeGuest
from xenvm.model.benchmark import Leg, Metric, Sample

from . import accounting
from .catalogue import BYTES_PER_S, SECONDS, under
from .environment import contract_for, watched
from .measuring import Setting, Timing
from .programs import Dom0Programs, GuestPrograms, Programs
from .steadiness import ROUNDS_MOST, is_steady

GRACE_S = 60.0
"""What fio may take beyond its load: to start, and to flush what it wrote."""
FILL_LEAST_BYTES_PER_S = 4 << 20
"""No device that is worth a benchmark is slower at being filled."""
FILL_PASSES = 2
"""How often a span is written before it is measured, which is enough where legs are paired."""
SETTLING = "randwrite-qd32"
"""The load that takes an SSD's spare room away."""
MEDIAN = 50.0
_WRITE_CACHE = (
    "cd -P /sys/dev/block/%s && cat queue/write_cache ../queue/write_cache 2>/dev/null | head -n 1"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """What both legs drive.

    Attributes:
        path: In Dom0: a block device, or an image file.
        target: Its name in the guest.
        size_bytes: How much of it, from its start.
        unsteady: Why what is written to it counts for nothing; empty where it counts.
    """

    path: str
    target: str
    size_bytes: int
    unsteady: str = ""


class BlockDriver:
    """Gives samples of the metrics of one backing.

    Attributes:
        backing: Which: ``lvm``, ``partition`` or ``file``.
        span: What is driven.
        guest: The guest that has it, and has unpacked fio.
    """

    def __init__(
        self, host: Host, guest: ProbeGuest, span: Span, setting: Setting, *, backing: str
    ):
        self.backing = backing
        self.span = span
        self.guest = guest
        self._host = host
        self._setting = setting
        self._device = device_of(host.shell, span.path)
        self._cache = write_cache_of(host.shell, self._device)

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """Return those of its backing."""
        return under(f"block.{self.backing}")

    def sample(self, metric: Metric, leg: Leg, *, number: int) -> Sample:
        """Return one leg's measurement of a metric; see :meth:`Driver.sample`."""
        load = LOADS[metric.name.rpartition(".")[2]]
        programs, device = self._where(leg)
        contract = contract_for(self._setting.evidence)
        ours, devices = ("fio",) if leg is Leg.DOM0 else (), (self._device,)
        with watched(self._host, (self.guest,), contract, devices, ours) as watch:
            jobs = driven(
                programs, load, self.span, self._setting.timing, seed=number, device=device
            )
        device_bytes = watch.moved_bytes(self._device, written=load.writes)
        said_bytes = sum(job.moved_bytes for job in jobs)
        unsteady = self.span.unsteady if load.writes else ""
        reasons = (unsteady, accounting.objection(device_bytes, said_bytes), *watch.objections)
        return Sample(
            leg=leg,
            value=value_of(jobs[-1], metric),
            invalid="; ".join(filter(None, reasons)),
            details={
                "device_ratio": accounting.ratio(device_bytes, said_bytes),
                **self._cache,
                **details_of(jobs[-1]),
            },
        )

    def _where(self, leg: Leg) -> tuple[Programs, str]:
        if leg is Leg.GUEST:
            return GuestPrograms(self.guest), f"/dev/{self.span.target}"
        return Dom0Programs(self._host.shell), self.span.path


def value_of(job: FioJob, metric: Metric) -> float:
    """Return what a job says of a metric, in its unit."""
    if metric.unit == SECONDS:
        return job.latency_s[MEDIAN]
    return job.bytes_per_s if metric.unit == BYTES_PER_S else job.requests_per_s


def details_of(job: FioJob) -> dict[str, float]:
    """Return the rest that a job says, by name with unit."""
    latency = {f"p{percentile:g}_s": s for percentile, s in job.latency_s.items()}
    return {"bytes_per_s": job.bytes_per_s, "requests_per_s": job.requests_per_s, **latency}


def require_fio(shell: HostShell, *, machine: str = "Dom0") -> None:
    """Refuse a machine without fio, or with one that is too old.

    Args:
        shell: The machine's.
        machine: Which it is, in words.

    Raises:
        BlockedError: It is.
    """
    told = shell.run("fio --version", check=False)
    if told.returncode != 0:
        raise BlockedError(f"{machine} has no fio: apt-get install fio there")
    check_version(told.stdout, machine=machine)


def fill(shell: HostShell, span: Span, *, passes: int = FILL_PASSES) -> None:
    """Write a span from end to end, with random bytes, past Dom0's page cache.

    Args:
        shell: The shell of Dom0, or of a machine without Xen.
        span: What is written.
        passes: How often.

    Raises:
        CommandError: fio failed.
        CommandTimeoutError: The device is too slow for any benchmark.
    """
    argv = fill_argv(device=span.path, span_bytes=span.size_bytes, passes=passes)
    deadline_s = GRACE_S + passes * span.size_bytes / FILL_LEAST_BYTES_PER_S
    Dom0Programs(shell).run(argv, deadline_s=deadline_s)


def settle(shell: HostShell, span: Span, timing: Timing) -> Span:
    """Write to a span at random until it writes as fast as it will go on to.

    Args:
        shell: The shell of Dom0, or of a machine without Xen.
        span: What is written.
        timing: How long a round is.

    Returns:
        The span; one that was not steady after :data:`ROUNDS_MOST` rounds says so.

    Raises:
        CommandError: fio failed.
    """
    rates: list[float] = []
    for number in range(1, ROUNDS_MOST + 1):
        jobs = driven(Dom0Programs(shell), LOADS[SETTLING], span, timing, seed=number)
        rates.append(jobs[-1].requests_per_s)
        if is_steady(rates):
            return span
    why = f"{span.path} did not write steadily in {ROUNDS_MOST} rounds of {timing.length_s} s"
    return replace(span, unsteady=why)


def driven(
    programs: Programs, load: FioLoad, span: Span, timing: Timing, *, seed: int, device: str = ""
) -> tuple[FioJob, ...]:
    """Return what a load on a span gave: the ramp first, then what counts.

    Args:
        programs: Of whoever drives it.
        load: The load.
        span: How much of the device.
        timing: How long.
        seed: Two runs with the same one see the same offsets.
        device: The device's name there; empty for Dom0's.

    Raises:
        GuestError, CommandError: fio failed.
        CommandTimeoutError: It did not end in time.
        ParseError: It said what we do not understand.
    """
    argv = argv_on(span, load, timing, seed=seed, device=device)
    return parse_fio(programs.run(argv, deadline_s=timing.length_s + GRACE_S))


def argv_on(
    span: Span, load: FioLoad, timing: Timing, *, seed: int, device: str = ""
) -> tuple[str, ...]:
    """Return the command that puts a load on a span; see :func:`driven`."""
    return load_argv(
        load,
        device=device or span.path,
        span_bytes=span.size_bytes,
        lengths_s=(timing.ramp_s, timing.runtime_s),
        seed=seed,
    )


def write_cache_of(shell: HostShell, device: str) -> dict[str, float]:
    """Return ``write_back``: whether a device keeps writes until it is told to flush, 1 for yes.

    Args:
        shell: Dom0's shell.
        device: Its number; a partition has the queue of its disk.

    Returns:
        Nothing where Dom0 cannot tell.

    Source:
        Linux, Documentation/ABI/stable/sysfs-block, ``queue/write_cache``.
    """
    said = shell.run(_WRITE_CACHE, device, check=False).stdout.strip()
    return {"write_back": float(said == "write back")} if said else {}


def device_of(shell: HostShell, path: str) -> str:
    """Return the number of the device below Dom0's page cache, for a device or a file.

    Raises:
        BlockedError: Its counters cannot be read: a file on a network, or on many devices.
    """
    number = parse_which(shell.run(WHICH, path).stdout)
    if shell.run("test -r %s", f"/sys/dev/block/{number}/stat", check=False).returncode != 0:
        raise BlockedError(
            f"{path} does not lie on one block device of Dom0's, so nobody can tell whether a cache"
            " answers: put it on a local file system"
        )
    return number
