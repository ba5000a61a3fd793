"""Block: fio in a guest and in Dom0, on the same device."""

from __future__ import annotations

from xenvm.model.benchmark import Leg, Metric, Sample


class BlockDriver:
    """Gives samples of the metrics of one backing."""

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
