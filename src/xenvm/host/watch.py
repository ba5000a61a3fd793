"""All domains of a host at a glance: what they are, what happens to them, what they use."""

from __future__ import annotations

from xenvm.model.statistics import DomainOverview, HostSample

from .connection import Connection
from .events import Feed, Subscription
from .overview import take_overview, take_sample
from .shell import HostShell


class Watch:
    """All domains of a host at a glance; ``host.watch``."""

    def __init__(self, connection: Connection, shell: HostShell | None):
        """Begin.

        Args:
            connection: To the host's libvirt.
            shell: Its Dom0's; None on a simulated host, which has none.
        """
        self._connection = connection
        self._shell = shell
        self._feed = Feed(connection)

    def overview(self) -> list[DomainOverview]:
        """Return all domains with state and config, sorted by name, in few round trips."""
        return take_overview(self._connection)

    def sample(self) -> HostSample:
        """Return the counters of all running domains.

        Two samples give :func:`xenvm.model.statistics.rates`.
        """
        return take_sample(self._connection, self._shell)

    def subscribe(self) -> Subscription:
        """Return a subscription to what happens to the domains from now on."""
        return Subscription(self._feed)
