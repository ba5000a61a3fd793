"""Memory bandwidth and CPU: short kernels of fio's own, in a guest and in Dom0."""

from __future__ import annotations

from xenvm.formats.fio_json import parse_speeds
from xenvm.host import Host
from xenvm.host.probe import ProbeGuest
from xenvm.model.benchmark import Leg, Metric, Sample

from .catalogue import under
from .environment import contract_for, watched
from .measuring import Setting
from .programs import Dom0Programs, GuestPrograms, Programs

DEADLINE_S = 300.0
_KERNELS = {
    "memory-bandwidth": (("fio", "--memcpytest=memcpy"), "524288 bytes"),
    "cpu": (("fio", "--crctest=sha256"), "sha256"),
}
"""By the end of a metric's name: the command, and which of its speeds counts. Copies are within 32
MiB each way: a last-level cache that holds 64 MiB is measured, and not the memory."""


class ComputeDriver:
    """Gives samples of the metrics ``compute.*``.

    Attributes:
        guest: A guest that has unpacked fio.
    """

    def __init__(self, host: Host, guest: ProbeGuest, setting: Setting):
        self.guest = guest
        self._host = host
        self._setting = setting

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """Return both."""
        return under("compute")

    def sample(self, metric: Metric, leg: Leg, *, number: int) -> Sample:
        """Return one leg's measurement of a metric; see :meth:`Driver.sample`."""
        del number
        programs: Programs = Dom0Programs(self._host.shell)
        if leg is Leg.GUEST:
            programs = GuestPrograms(self.guest)
        with watched(self._host, (self.guest,), contract_for(self._setting.evidence)) as watch:
            speed = speed_of(programs, metric)
        return Sample(leg=leg, value=speed, invalid="; ".join(watch.objections))


def speed_of(programs: Programs, metric: Metric) -> float:
    """Return what a kernel of fio's gives, in the metric's unit.

    Args:
        programs: Of whom is measured.
        metric: One of ``compute.*``.

    Raises:
        GuestError, CommandError: fio failed.
        ParseError: fio said what we do not understand.
    """
    argv, counted = _KERNELS[metric.name.rpartition(".")[2]]
    return parse_speeds(programs.run(argv, deadline_s=DEADLINE_S))[counted]
