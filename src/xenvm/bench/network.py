"""Network: iperf3 and sockperf between a guest and somebody else."""

from __future__ import annotations

from dataclasses import dataclass

from xenvm.model.benchmark import Leg, Metric, Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A machine outside the host that runs ``iperf3 -s`` and ``sockperf server --tcp``.

    Attributes:
        address: Its address.
        port: Of its iperf3.
        sockperf_port: Of its sockperf.
        guest_address: The guest's in its network, with prefix; empty to ask DHCP.
    """

    address: str
    port: int = 5201
    sockperf_port: int = 11111
    guest_address: str = ""


class NetworkDriver:
    """Gives samples of the metrics of one path."""

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """Return those that it can give here."""
        raise NotImplementedError

    def sample(self, metric: Metric, leg: Leg, *, number: int) -> Sample:
        """Return one leg's measurement of a metric; see :meth:`Driver.sample`."""
        raise NotImplementedError

    def estimate_s(self, metric: Metric) -> float:
        """Return about how long one sample of a metric takes, in seconds."""
        raise NotImplementedError
